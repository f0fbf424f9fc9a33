import { CommandFailure, EXIT } from './exit-code.ts';
import { bytesText, utf8Of } from './text.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** null: it is not UTF-8. */
  readonly text: string | null;
  /** Where the next one begins, in bytes. */
  readonly end: number;
}

const LINE_FEED = 0x0a;
/** The largest value that a store takes, in base64, and its key. */
const LINE_BYTES_MAX = 24 * 1024 * 1024;

/** The lines of what arrives, those that are empty left out; the last needs no line feed. */
export async function* linesOf(
  input: AsyncIterable<Uint8Array>,
  start: { readonly number: number; readonly end: number } = { number: 0, end: 0 },
): AsyncGenerator<Line> {
  let { number, end } = start;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, from)) {
      const bytes = rest.byteLength === 0 ? piece.subarray(from, at) : Buffer.concat([rest, piece.subarray(from, at)]);
      rest = Buffer.alloc(0);
      from = at + 1;
      number += 1;
      end += bytes.byteLength + 1;
      const text = utf8Of(bytes);
      if (text?.trim() !== '') yield { number, text, end };
    }
    rest = Buffer.concat([rest, piece.subarray(from)]);
    if (rest.byteLength > LINE_BYTES_MAX) {
      throw new CommandFailure(
        EXIT.error,
        `Line ${number + 1} has more than ${bytesText(LINE_BYTES_MAX)}: is this a file of lines?`,
      );
    }
  }
  const text = utf8Of(rest);
  if (text?.trim() !== '') yield { number: number + 1, text, end: end + rest.byteLength };
}
