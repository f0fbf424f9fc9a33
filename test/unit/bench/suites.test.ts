import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { contestants } from '../../bench/contestants/contestants.ts';
import { keysOf, type Suite } from '../../bench/suites/suite.ts';
import { suites } from '../../bench/suites/suites.ts';

const all = Object.entries(suites) as readonly (readonly [string, Suite])[];

describe.each(all)('%s', (_, { lanes, goals }) => {
  test('its goals are about lanes that it has', () => {
    const strangers = goals.flatMap(({ of, beside }) => [of, beside]).filter((lane) => !(lane in lanes));
    expect(strangers).toEqual([]);
  });

  test('its lanes are of contestants that there are', () => {
    expect(Object.values(lanes).filter(({ contestant }) => !(contestant in contestants))).toEqual([]);
  });

  test('what is compared has the same connections and values, but where these are what is compared', () => {
    const load = (lane: string) => [lanes[lane]?.getShare, lanes[lane]?.valueBytes, lanes[lane]?.pace];
    for (const { of, beside } of goals) expect(load(of)).toEqual(load(beside));
  });
});

test('no suite has the name of a benchmark', () => {
  const benchmarks = readdirSync(join(import.meta.dirname, '../../bench')).map((file) => file.replace(/\.ts$/, ''));
  expect(benchmarks.filter((name) => name in suites)).toEqual([]);
});

test('larger values have fewer keys, so that all of them together stay below 16 MiB', () => {
  const lane = { contestant: 'kvstore', at: 'leader', dialect: 'native', getShare: 0 } as const;
  expect([64, 1024, 16 * 1024, 1024 ** 2].map((valueBytes) => keysOf({ ...lane, valueBytes }))).toEqual([
    10_000, 10_000, 1024, 16,
  ]);
});
