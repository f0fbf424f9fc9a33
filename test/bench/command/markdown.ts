export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function table({ head, rows }: Table): readonly string[] {
  return [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)];
}

function row(cells: readonly string[]): string {
  const texts = cells.map((cell) => (cell === '' ? ' ' : ` ${cell.replaceAll('|', '\\|')} `));
  return `|${texts.join('|')}|`;
}

/** Three digits, or all before the point. */
export function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** What is asked of a figure. */
export type Bound = { readonly atLeast: number } | { readonly atMost: number };

export function isWithin(bound: Bound, value: number): boolean {
  return 'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost;
}

export const boundText = (bound: Bound): string =>
  'atLeast' in bound ? `≥ ${number(bound.atLeast)}` : `≤ ${number(bound.atMost)}`;

export const reachedText = (isReached: boolean): string => (isReached ? 'yes' : '**no**');

/** A figure, and what is asked of it. */
export interface Goal {
  readonly what: string;
  readonly bound: Bound;
  readonly value: number;
  readonly unit: string;
}

export function goalsTable(goals: readonly Goal[]): readonly string[] {
  return table({
    head: ['goal', 'asked', 'seen', 'reached'],
    rows: goals.map(({ what, bound, value, unit }) => {
      const of = unit === '' ? '' : ` ${unit}`;
      return [what, `${boundText(bound)}${of}`, `${number(value)}${of}`, reachedText(isWithin(bound, value))];
    }),
  });
}
