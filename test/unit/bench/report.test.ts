import { expect, test } from '@jest/globals';
import { withSection } from '../../endurance/page.ts';
import { markersOf } from '../../bench/command/page.ts';
import { drawBars } from '../../bench/suites/bars.ts';
import { markdownOf } from '../../bench/suites/markdown.ts';
import { spreadOf, suiteReport } from '../../bench/suites/report.ts';
import { page } from '../docs/pages.ts';
import { outcomeOf, REPORT, SUITE } from './reports.ts';

const [suite] = REPORT.suites;

test('a figure is the median of the rounds, with the least and the most', () => {
  expect(suite?.lanes.map(({ name, figure }) => [name, figure])).toEqual([
    ['ours', { median: 40_000, min: 30_000, max: 50_000 }],
    ['theirs', { median: 10_000, min: 9000, max: 11_000 }],
    ['absent', null],
  ]);
  expect(spreadOf([])).toBeNull();
});

test('a goal is a ratio of medians; who did not take part has none', () => {
  expect(suite?.goals.map(({ ratio, isReached }) => [ratio, isReached])).toEqual([
    [4, true],
    [4, false],
    [0.25, true],
    [4, null],
    [null, null],
  ]);
});

test('bytes count as many as the value has, and a lower p99 is asked for by atMost', () => {
  const seen = new Map([['ours', { contestant: 'a', outcomes: [outcomeOf(10_000)] }]]);
  expect(suiteReport('bytes', { ...SUITE, figure: 'bytes' }, seen).lanes[0]?.figure?.median).toBe(0.64);
  expect(suiteReport('p99', { ...SUITE, figure: 'p99' }, seen).lanes[0]?.figure?.median).toBe(0.1);
});

test('the page tells machine, goals and lanes, and who was skipped', () => {
  expect(markdownOf(REPORT)).toBe(`2026-11-29, release 0.1.0, Node v24, Linux 6, 2 × fast, 8 GiB.
3 rounds of 2 s each. What others used of the processors while none of the servers ran: 4 %.

### Goals

| suite | of | beside | asked | ratio | reached |
|---|---|---|---|---|---|
| beside | ours | theirs | ≥ 2 | 4 | yes |
| beside | ours | theirs | ≥ 5 | 4 | **no** |
| beside | theirs | ours | ≤ 0.5 | 0.25 | yes |
| beside | ours | theirs | | 4 | |
| beside | ours | absent | ≥ 1 | | not measured |

### beside

One beside <another>. In keys/s.

| | median | min–max | requests/s | p50 ms | p99 ms | p99.9 ms | generator µs | |
|---|---|---|---|---|---|---|---|---|
| ours | 40,000 | 30,000–50,000 | 40,000 | 1 | 0.025 | 30 | 12.3 | kvstore, 3 replicas; 0.1.0 |
| theirs | 10,000 | 9,000–11,000 | 10,000 | 1 | 0.1 | 30 | 12.3 | other; 1.0 |
| absent | | | | | | | | skipped: third is not installed |`);
});

test('figures of a machine that was busy are said to be worth nothing', () => {
  const busy = { ...REPORT, machine: { ...REPORT.machine, busyShare: 0.11 } };
  expect(markdownOf(busy)).toContain('none of the servers ran: 11 %. **That is too much');
});

test('who took part has a bar, of its median, and a line from the least to the most', () => {
  const svg = drawBars(REPORT);
  expect([...svg.matchAll(/<rect x="250" y="\d+" width="(\d+)"/g)].map(([, width]) => width)).toEqual(['288', '72']);
  expect([...svg.matchAll(/class="spread" x1="(\d+)" x2="(\d+)"/g)].map(([, from, to]) => [from, to])).toEqual([
    ['466', '610'],
    ['315', '329'],
  ]);
  expect(svg).toContain('one beside &#60;another&#62;');
  expect(svg).not.toContain('absent');
});

test('the page of the docs has a place of its own for each', () => {
  const benchmarks = 'goals overload start pauses data-file memory write-gap restart snapshot'.split(' ');
  const put = (text: string, name: string) => withSection(text, markersOf(name), `figures of ${name}`);
  const once = benchmarks.reduce(put, page('docs/performance.md'));
  for (const name of benchmarks) expect(once).toContain(`figures of ${name}\n`);
  expect(benchmarks.reduce(put, once)).toBe(once);
});
