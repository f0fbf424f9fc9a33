import { setTimeout as wait } from 'node:timers/promises';
import type { Invocation } from './invocation.ts';
import { isKvError } from '../client/index.ts';
import type { Terminal } from './terminal.ts';
import { visibleLine } from './text.ts';

const TO_OTHER_SCREEN = '\u001b[?1049h\u001b[?25l';
const BACK = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';

/** Whether what is shown may be drawn again and again. */
export const isLive = ({ terminal, output }: Invocation): boolean =>
  terminal.isTerminal.out && output.format === 'text' && terminal.env['TERM'] !== 'dumb';

/** Draws the lines anew at every turn, on a screen of their own, until Ctrl-C. A store that does not answer is no end: that is shown. */
export async function live(
  terminal: Terminal,
  { everyMs, linesOf }: { readonly everyMs: number; readonly linesOf: () => Promise<readonly string[]> },
): Promise<void> {
  const { signal } = terminal;
  await terminal.write(TO_OTHER_SCREEN);
  try {
    while (!signal.aborted) {
      await terminal.write(screenOf(await linesOrReason(linesOf), terminal.size()));
      await wait(everyMs, undefined, { signal });
    }
  } finally {
    await terminal.write(BACK);
  }
}

async function linesOrReason(linesOf: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await linesOf();
  } catch (error) {
    if (!isKvError(error) || error.code === 'aborted') throw error;
    return [`${new Date().toLocaleTimeString()}  no answer`, '', visibleLine(error.detail)];
  }
}

function screenOf(
  lines: readonly string[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string {
  const shown = lines.slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, columns));
  return `${HOME}${shown.map((line) => `${line}${REST_OF_LINE}`).join('\r\n')}${REST_OF_SCREEN}`;
}
