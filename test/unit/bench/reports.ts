import type { Outcome } from '../../bench/load/plan.ts';
import { suiteReport, type Report, type Seen } from '../../bench/suites/report.ts';
import type { Suite } from '../../bench/suites/suite.ts';

export const outcomeOf = (perS: number): Outcome => ({
  requests: 2 * perS,
  refusals: {},
  operations: 2 * perS,
  seconds: 2,
  p50Ms: 1,
  p99Ms: 1000 / perS,
  p999Ms: 30,
  maxMs: 40,
  generatorUs: 12.34,
});

const lane = { contestant: 'a', at: 'leader', dialect: 'native', getShare: 0 } as const;

export const SUITE: Suite = {
  what: 'one beside <another>',
  figure: 'operations',
  lanes: { ours: lane, theirs: { ...lane, contestant: 'b' }, absent: { ...lane, contestant: 'c' } },
  goals: [
    { of: 'ours', beside: 'theirs', bound: { atLeast: 2 } },
    { of: 'ours', beside: 'theirs', bound: { atLeast: 5 } },
    { of: 'theirs', beside: 'ours', bound: { atMost: 0.5 } },
    { of: 'ours', beside: 'theirs', bound: null },
    { of: 'ours', beside: 'absent', bound: { atLeast: 1 } },
  ],
};

export const SEEN: ReadonlyMap<string, Seen> = new Map([
  ['ours', { contestant: 'kvstore, 3 replicas; 0.1.0', outcomes: [40_000, 30_000, 50_000].map(outcomeOf) }],
  ['theirs', { contestant: 'other; 1.0', outcomes: [10_000, 9000, 11_000].map(outcomeOf) }],
  ['absent', { contestant: 'third is not installed', outcomes: [] }],
]);

export const REPORT: Report = {
  startedAt: '2026-11-29T12:00:00.000Z',
  release: '0.1.0',
  machine: { processors: 2, model: 'fast', memoryGiB: 8, system: 'Linux 6', node: 'v24', busyShare: 0.04 },
  rounds: 3,
  seconds: 2,
  suites: [suiteReport('beside', SUITE, SEEN)],
};
