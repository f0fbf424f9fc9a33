import { expect, test } from '@jest/globals';
import { takenTogether } from '../../bench/command/taken.ts';
import type { DisturbanceName } from '../../bench/gaps/disturbances.ts';
import { gapMarkdownOf } from '../../bench/gaps/gap-markdown.ts';
import {
  checkNothingLost,
  joined,
  percentileOf,
  verdictsOf,
  type GapReport,
  type GapsSeen,
} from '../../bench/gaps/gap-report.ts';
import { SteadyWrites, type Way } from '../../bench/gaps/steady-writes.ts';
import { Pauses } from '../../measure/load/pauses.ts';
import { until } from '../../measure/until.ts';
import { REPORT } from './reports.ts';

const gapsOf = (disturbance: DisturbanceName, gapsMs: readonly number[], contestant = 'kvstore'): GapReport => ({
  contestant,
  title: `${contestant}; 1`,
  disturbance,
  rounds: gapsMs.map((gapMs) => ({
    gapMs,
    gapFromMs: 5,
    lastedMs: 2500,
    stallMs: 7,
    acknowledged: 900,
    failed: contestant === 'kvstore' ? 0 : 3,
    lost: 0,
  })),
});

const seenOf = (...gaps: readonly GapReport[]): GapsSeen => ({ ratePerS: 300, gaps });

test('a percentile is a value that was seen; of few, the p99 is the largest', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
  expect([0.5, 0.99, 1].map((share) => percentileOf(hundred, share))).toEqual([50, 99, 100]);
  expect(percentileOf([3, 1, 2], 0.99)).toBe(3);
  expect(percentileOf([], 0.5)).toBeNaN();
});

test('a pause is one that touches the time, also one that lasts', () => {
  const pauses = new Pauses(0);
  for (const atMs of [1, 101, 102, 152]) pauses.acknowledge(atMs);
  expect([pauses.acknowledged, pauses.lastAckMs]).toEqual([4, 152]);
  expect(pauses.worst({ fromMs: 0, toMs: 160 })).toEqual({ fromMs: 1, toMs: 101 });
  expect(pauses.worst({ fromMs: 102, toMs: 160 })).toEqual({ fromMs: 102, toMs: 152 });
  expect(pauses.worst({ fromMs: 120, toMs: 300 })).toEqual({ fromMs: 152, toMs: 300 });
});

test('goals are of our p99; the loss of the API is to cost no more than nothing', () => {
  const verdicts = (...gaps: readonly GapReport[]) =>
    verdictsOf(seenOf(...gaps)).flatMap(({ disturbance, p99Ms, isReached }) =>
      p99Ms === null ? [] : [[disturbance, p99Ms, isReached]],
    );
  const undisturbed = gapsOf('undisturbed', [10, 30]);
  expect(verdicts(undisturbed, gapsOf('leader-killed', [500]), gapsOf('leader-stopped', [10, 201]))).toEqual([
    ['leader-killed', 500, true],
    ['leader-stopped', 201, false],
  ]);
  expect(verdicts(undisturbed, gapsOf('api-away', [130]))).toEqual([['api-away', 130, true]]);
  expect(verdicts(undisturbed, gapsOf('api-away', [131]))).toEqual([['api-away', 131, false]]);
  expect(verdicts(gapsOf('api-away', [1]))).toEqual([['api-away', 1, null]]);
  expect(verdicts(gapsOf('leader-killed', [1], 'etcd'))).toEqual([]);
});

test('runs are put together by contestant and disturbance, and the busiest machine counts', () => {
  const { startedAt, release, machine } = REPORT;
  const busy = { startedAt: 'later', release, machine: { ...machine, busyShare: 0.2 } };
  expect(takenTogether([REPORT, busy])).toEqual({ ...busy, startedAt });

  const later = seenOf(gapsOf('leader-killed', [3]), gapsOf('leader-killed', [9], 'etcd'));
  const { gaps } = joined([seenOf(gapsOf('leader-killed', [1, 2]), gapsOf('undisturbed', [4])), later]);
  expect(
    gaps.map(({ contestant, disturbance, rounds }) => [disturbance, contestant, rounds.map((r) => r.gapMs)]),
  ).toEqual([
    ['undisturbed', 'kvstore', [4]],
    ['leader-killed', 'kvstore', [1, 2, 3]],
    ['leader-killed', 'etcd', [9]],
  ]);
  expect(() => joined([later, { ...later, ratePerS: 400 }])).toThrow('runs of 2 rates are not one');
});

test('a write that was lost is said', () => {
  const kept = gapsOf('leader-killed', [1, 2]);
  const lost = { ...kept, contestant: 'nats', rounds: kept.rounds.map((round) => ({ ...round, lost: 2 })) };
  expect(() => checkNothingLost(seenOf(kept))).not.toThrow();
  expect(() => checkNothingLost(seenOf(kept, lost))).toThrow('lost: nats, leader-killed: 4');
});

test('the page tells goals, and everybody beside us', () => {
  const seen = seenOf(
    gapsOf('undisturbed', [10, 20]),
    gapsOf('leader-killed', [100, 300]),
    gapsOf('leader-killed', [900, 1500], 'etcd'),
    gapsOf('leader-silent', [2500]),
  );
  const text = gapMarkdownOf({ ...REPORT, ...seen });
  for (const line of [
    '300 writes/s. What others used of the processors while none of the servers ran: 4 %.',
    '| leader-killed | ≤ 500 | 300 | yes |',
    '| leader-silent | ≤ 2,000 | 2,500 | **no** |',
    '| api-away | as undisturbed (20), within 100 | | not measured |',
    '| leader-killed | etcd; 1 | 2 | 900 | 1,500 | 1,500 | 2.5 | 7 | 6 | 0 |',
  ])
    expect(text).toContain(line);
});

test('a write that fails on one way is repeated on the next, and is looked for in the end', async () => {
  const held = new Map<string, string>();
  const tried: string[] = [];
  const way = (name: string, fails: boolean): Way => ({
    put(key, value) {
      tried.push(name);
      if (fails) return Promise.reject(new Error('away'));
      held.set(key, value);
      return Promise.resolve();
    },
    close: () => undefined,
  });
  const writes = new SteadyWrites({
    ways: [way('broken', true), way('sound', false)],
    ratePerS: 500,
    name: 'a try',
    held: () => Promise.resolve(held),
  });
  await until('some are acknowledged', () => writes.acknowledged >= 20);
  await writes.stop();
  expect(held.size).toBe(writes.acknowledged);
  expect(writes.failed).toBe(tried.filter((name) => name === 'broken').length);
  expect(writes.failed).toBeGreaterThan(0);
  expect(await writes.lost()).toBe(0);
  const [key = ''] = held.keys();
  held.set(key, 'of an earlier round');
  expect(await writes.lost()).toBe(1);
  held.delete(key);
  expect(await writes.lost()).toBe(1);
  writes.close();
});
