import type { Counts } from './search.ts';
import type { Searched } from './run-searches.ts';

export function describeProgress(counts: Counts): string {
  const { configuration, states, depth, open, takeovers, seconds } = counts;
  const rate = (states / seconds).toFixed(0);
  return `${configuration}: ${states} states, ${rate}/s, depth ${depth}, ${open} open, ${takeovers} takeovers`;
}

export function describeSearch({ options, found, cpuSeconds }: Searched): string {
  const { counts, isComplete, violation } = found;
  const { states, transitions, depth, takeovers, takeoversInFlight, atRest, progressChecked, seconds, sizes } = counts;
  const name = options.mutant === null ? options.configuration : `${options.mutant} in ${options.configuration}`;
  const rate = (states / Math.max(0.001, cpuSeconds)).toFixed(0);
  const end =
    violation !== null ? `${violation.invariant} violated` : isComplete ? 'complete' : 'stopped at its bound of states';
  return [
    `${name}: ${end}; ${states} distinct states, ${transitions} transitions, depth ${depth}`,
    `  ${takeovers} takeovers, ${takeoversInFlight} with a write in flight; ${atRest} states at rest, order made from ${progressChecked}`,
    `  ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of one processor: ${rate} states/s`,
    `  ${Object.entries(sizes)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ')}`,
  ].join('\n');
}

export function describeViolation({ options, found }: Searched): string {
  if (found.violation === null) return `${options.configuration}: no violation`;
  const { invariant, message, way } = found.violation;
  return [
    `${options.configuration}: ${invariant} violated: ${message}`,
    ...way.map((line) => `  ${line}`),
    `repeat it: npm run sim:exhaustive -- --config ${options.configuration}${options.mutant === null ? '' : ` --mutant ${options.mutant}`}`,
  ].join('\n');
}
