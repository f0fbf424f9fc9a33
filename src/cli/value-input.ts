import { open } from 'node:fs/promises';
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
  try {
    const file = await open(path);
    return await allOf(file.createReadStream(), { from: path, bytesMax });
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(
      EXIT.error,
      `${path} cannot be read: ${reasonOf(error)}. For a value that begins with @ add --literal.`,
    );
  }
}

async function allOf(
  input: AsyncIterable<Uint8Array | string>,
  { from, bytesMax }: { readonly from: string; readonly bytesMax: number },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const piece = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    bytes += piece.byteLength;
    if (bytes > bytesMax)
      throw new CommandFailure(EXIT.error, `${from} has more than ${bytesText(bytesMax)}: split it.`);
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}
