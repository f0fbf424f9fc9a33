import { expect, test } from '@jest/globals';
import { withSection } from '../../endurance/page.ts';
import { chooserTable, questions, README_MARKERS } from '../../bench/suites/chooser.ts';
import { charts, drawCosts } from '../../bench/suites/costs.ts';
import { suiteReport, type Report } from '../../bench/suites/report.ts';
import type { Suite } from '../../bench/suites/suite.ts';
import { suites, type SuiteName } from '../../bench/suites/suites.ts';
import { page } from '../docs/pages.ts';
import { outcomeOf, REPORT } from './reports.ts';

const has = (suite: SuiteName) => (lane: string) => lane in suites[suite].lanes;

/** Of a suite that there is: these lanes took part, at so many operations per second in each round. */
function reportOf(name: SuiteName, rates: Readonly<Record<string, readonly number[]>>): Report {
  const seen = Object.entries(rates).map(
    ([lane, each]) => [lane, { contestant: lane, outcomes: each.map(outcomeOf) }] as const,
  );
  const suite: Suite = suites[name];
  return { ...REPORT, suites: [suiteReport(name, suite, new Map(seen))] };
}

test('what is drawn and what is asked are lanes that there are, and a chart draws all lanes of its suite', () => {
  for (const { suite, lines } of charts) {
    const drawn = lines.flatMap(({ lanes }) => Object.values(lanes));
    expect([suite, drawn.toSorted()]).toEqual([suite, Object.keys(suites[suite].lanes).toSorted()]);
  }
  for (const { suite, ours, peers } of questions) {
    expect([ours, ...Object.values(peers)].filter((lane) => !has(suite)(lane))).toEqual([]);
  }
});

test('a point is the time for an operation, µs, with the least and the most; who did not take part has none', () => {
  const svg = drawCosts(reportOf('replicas', { '1 replica': [20_000, 10_000, 40_000], '3 replicas': [10_000] }));
  expect([...svg.matchAll(/<circle[^>]*><title>([^<]*)</g)].map(([, text]) => text)).toEqual([
    'kvstore, 1: 50 µs (25–100)',
    'kvstore, 3: 100 µs (100–100)',
  ]);
  // The axis goes to 100 µs, which is its whole height of 130.
  expect([...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [x, y])).toEqual([
    ['46', '65'],
    ['138', '0'],
  ]);
  expect(svg).not.toContain('connections');
});

test('sizes of values are drawn by powers of ten', () => {
  const svg = drawCosts(reportOf('values', { 'kvstore, 64 B': [10_000], 'kvstore, 1 MiB': [100] }));
  expect([...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => y)).toEqual(['130', '0']);
  expect(svg).not.toContain('etcd');
});

test('a run without any of these suites draws nothing', () => {
  expect(drawCosts(REPORT)).not.toContain('<g');
});

test('the table tells ours, theirs and the ratio; who was not there has none', () => {
  const report = reportOf('put-leader', { kvstore: [10_000], 'etcd, JSON': [5000], 'Redis, SET + WAIT 2': [40_000] });
  expect(chooserTable(report).split('\n').slice(0, 4)).toEqual([
    '| | kvstore | Redis | etcd | NATS KV |',
    '|---|---|---|---|---|',
    '| replicated writes a second, at the leader | **10,000** | 40,000 (0.25) | 5,000 (2) | – |',
    '| the same through the proxy | – | – | – | – |',
  ]);
});

test('the README has a place for it', () => {
  const once = withSection(page('README.md'), README_MARKERS, 'figures');
  expect(withSection(once, README_MARKERS, 'figures')).toBe(once);
});
