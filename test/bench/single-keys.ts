/**
 * Plain writes and reads of single keys, as fast as 64 connections get their answers: a local cluster of real processes, `PUT` at the leader, then
 * `GET` at a replica, each for so many seconds (5, or the first argument). To compare two builds: `npm run bench -- --compare BASE`.
 */
import { contestants } from './contestants/contestants.ts';
import { exitCodeOf, interruption } from './command/interruption.ts';
import { runSuite } from './suites/run-suites.ts';

const seconds = Number(process.argv[2] ?? 5);
const lane = { contestant: 'kvstore', dialect: 'native' } as const;

try {
  const { lanes } = await runSuite(
    'single-keys',
    {
      what: 'single keys',
      figure: 'operations',
      lanes: {
        'PUT at the leader': { ...lane, at: 'leader', getShare: 0 },
        'GET at a replica': { ...lane, at: 'replica', getShare: 1 },
      },
      goals: [],
    },
    { contestants, rounds: 1, seconds, company: 'together', signal: interruption(), say: () => undefined },
  );
  for (const { name, figure, outcomes } of lanes) {
    const { p50Ms = NaN, p99Ms = NaN } = outcomes[0] ?? {};
    const rate = Math.round(figure?.median ?? NaN);
    console.log(`${name}: ${rate}/s, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`);
  }
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
