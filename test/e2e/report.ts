import type { Row } from './rows.ts';
import type { Round } from './under-load.ts';

/** What became of a row. */
export type RowResult =
  | { readonly kind: 'skipped'; readonly row: string; readonly reason: string }
  | {
      readonly kind: 'played';
      readonly row: string;
      readonly rounds: readonly Round[];
      /** What must be seen and was not; empty: all of it was. */
      readonly shortcomings: readonly string[];
    };

/** A table in Markdown, for people. */
export function tableOf(rows: readonly Row[], results: readonly RowResult[]): string {
  const lines = [
    '| what | rounds | pause of writes | of reads | failed | operations | seen |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const result of results) {
    const row = rows.find(({ name }) => name === result.row);
    if (row === undefined) continue;
    const cells = result.kind === 'skipped' ? ['–', '–', '–', '–', '–', `skipped: ${result.reason}`] : cellsOf(result);
    lines.push(`| ${[`${row.name}: ${row.what}`, ...cells].map(inCell).join(' | ')} |`);
  }
  return lines.join('\n');
}

const inCell = (text: string): string => text.replaceAll(/[|\n]/g, ' ');

function cellsOf({ rounds, shortcomings }: Extract<RowResult, { kind: 'played' }>): readonly string[] {
  const figures = rounds.map((round) => round.figures);
  const worst = (values: readonly number[]): string =>
    values.length === 0 ? '–' : `${Math.max(...values).toFixed(0)} ms`;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const notes = [...new Set(rounds.map(({ note }) => note).filter((note) => note !== ''))];
  const seen = shortcomings.length === 0 ? 'yes' : `**no**: ${shortcomings.join('; ')}`;
  return [
    String(rounds.length),
    worst(figures.map(({ writePauseMs }) => writePauseMs)),
    worst(figures.map(({ readPauseMs }) => readPauseMs)),
    String(sum(figures.map(({ failed }) => failed))),
    String(sum(figures.map(({ operations }) => operations))),
    [seen, ...notes].join('; '),
  ];
}
