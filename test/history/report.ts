import type { Verdict } from './check-history.ts';

/** How many violations are shown in full: one cause has many. */
const SHOWN_MAX = 5;

/** The verdict in words, for a terminal or the message of an assertion. */
export function describeVerdict({ kind, violations, undecided, counts }: Verdict): string {
  const { operations, keys, clients, lineages, byOutcome, readsByMode, steps } = counts;
  const lines = [
    `${kind}: ${violations.length} violations; ${operations} operations of ${clients} clients on ${keys} keys, ${lineages} lineages, ${steps} steps`,
    `  outcomes: ${listOf(byOutcome)}`,
    `  reads answered: ${listOf(readsByMode)}`,
  ];
  for (const { broken, key, lines: words } of violations.slice(0, SHOWN_MAX)) {
    lines.push('', `${broken}${key === null ? '' : `, key ${key}`}`, ...words.map((line) => `  ${line}`));
  }
  if (violations.length > SHOWN_MAX) {
    const numbers = Map.groupBy(violations, ({ broken }) => broken);
    lines.push('', `in all: ${listOf(Object.fromEntries([...numbers].map(([name, all]) => [name, all.length])))}`);
  }
  if (undecided.length > 0) {
    lines.push('', `undecided, for the search took more steps than allowed: ${undecided.join(', ')}`);
  }
  return lines.join('\n');
}

const listOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none';
