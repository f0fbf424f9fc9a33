import { createReadStream } from 'node:fs';
import { CommandFailure, EXIT } from './exit-code.ts';
import { reasonOf } from './failures.ts';
import { bytesText } from './text.ts';
import type { Terminal } from './terminal.ts';

/** What `KV_VALUE_BYTES_MAX` can be at most: more no store takes. */
const VALUE_BYTES_MAX = 16 * 1024 * 1024;

/** `-`: standard input; `@file`: what is in the file; else the text itself. */
export async function valueOf(
  argument: string,
  terminal: Pick<Terminal, 'input'>,
  bytesMax = VALUE_BYTES_MAX,
): Promise<string | Uint8Array> {
  if (argument === '-') return await allOf(terminal.input, { from: 'standard input', bytesMax });
  if (!argument.startsWith('@')) return argument;
  const path = argument.slice(1);
  return await allOf(bytesOfFile(path, 'For a value that begins with @ add --literal.'), { from: path, bytesMax });
}

/** A file, or standard input if none is named. */
export const fileOrInput = (
  path: string | undefined,
  terminal: Pick<Terminal, 'input'>,
  start = 0,
): AsyncIterable<Uint8Array> => (path === undefined || path === '-' ? terminal.input : bytesOfFile(path, '', start));

async function* bytesOfFile(path: string, advice: string, start = 0): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { start, highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new CommandFailure(EXIT.error, `${path} cannot be read: ${reasonOf(error)}. ${advice}`.trimEnd());
  }
}

const READ_BYTES = 256 * 1024;

async function allOf(
  input: AsyncIterable<Uint8Array>,
  { from, bytesMax }: { readonly from: string; readonly bytesMax: number },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of input) {
    bytes += piece.byteLength;
    if (bytes > bytesMax)
      throw new CommandFailure(EXIT.error, `${from} has more than ${bytesText(bytesMax)}: split it.`);
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}
