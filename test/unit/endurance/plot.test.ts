import { describe, expect, test } from '@jest/globals';
import { MEASURES } from '../../endurance/measures.ts';
import { drawPlot, ticksUpTo } from '../../endurance/plot.ts';
import { recordingOf } from './recordings.ts';

const values = Object.fromEntries(MEASURES.map(({ id }, place) => [id, 10 * (place + 1)]));
const whole = recordingOf(
  60,
  (place) => ({ group: values, processes: { 'kvstore-0': values, 'kvstore-1': place === 30 ? null : values } }),
  { faults: [{ atS: 20, what: 'SIGKILL of kvstore-1' }] },
);
const svg = drawPlot(whole);

/** Elements as a browser would see them; throws where they are not closed in order. */
function elementsOf(text: string): readonly string[] {
  const open: string[] = [];
  const names: string[] = [];
  for (const [, slash, name = '', rest = ''] of text.matchAll(/<(\/?)([a-z]+)((?:"[^"]*"|[^">])*)>/g)) {
    if (slash === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes something else`);
      continue;
    }
    names.push(name);
    if (!rest.endsWith('/')) open.push(name);
  }
  if (open.length > 0) throw new Error(`<${open.join('><')}> is not closed`);
  return names;
}

test('it is one SVG, in order, that needs nothing from elsewhere', () => {
  const names = elementsOf(svg);
  expect(names[0]).toBe('svg');
  expect(svg).not.toMatch(/NaN|undefined|Infinity|null/);
  expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\(|<script|<image/);
});

test('each measure has a panel with its name and its unit', () => {
  for (const { title, unit } of MEASURES) {
    expect(svg).toContain(`>${title}</text>`);
    expect(svg).toContain(`>${unit}</text>`);
  }
});

test('a measure that was not recorded has none', () => {
  const few = drawPlot(recordingOf(60, () => ({ processes: { 'kvstore-0': { rssMiB: 100 } } })));
  expect(few).toContain('>Resident memory</text>');
  expect(few).not.toContain('>Sessions</text>');
  expect(few.match(/<g /g)).toHaveLength(1);
});

test('every process is named, and its line is thick if it runs throughout', () => {
  expect(svg).toMatch(/<line class="line kept" [^>]*><text [^>]*>kvstore-0<\/text>/);
  expect(svg).toMatch(/<line class="line" [^>]*><text [^>]*>kvstore-1<\/text>/);
});

test('what is drawn lies where it belongs: time from left to right, values from 0 up', () => {
  const ramp = drawPlot(recordingOf(60, (place) => ({ processes: { 'kvstore-0': { rssMiB: (place + 1) * 10 } } })));
  const path = /class="line kept" d="([^"]+)"/.exec(ramp)?.[1] ?? '';
  const points = [...path.matchAll(/[ML](\S+?) (\S+?)(?=[ML]|$)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
  expect(points).toHaveLength(60);
  // The last sample is at the right edge and on the tick of 600.
  expect(points.at(-1)).toEqual([250, 0]);
  expect(points[29]?.[0]).toBeCloseTo(125, 0);
  expect(points[29]?.[1]).toBeCloseTo(55, 0);
  expect(path.match(/M/g)).toHaveLength(1);
});

test('where a process did not run its line has a gap', () => {
  const gaps = [...svg.matchAll(/class="line" d="([^"]+)"/g)].map(([, path = '']) => path.match(/M/g)?.length);
  expect(gaps.length).toBeGreaterThan(10);
  expect(gaps.every((count) => count === 2)).toBe(true);
});

test('names cannot break out of it', () => {
  const hostile = drawPlot(recordingOf(60, () => ({ processes: { '<b>&"': { rssMiB: 1 } } })));
  expect(() => elementsOf(hostile)).not.toThrow();
  expect(hostile).not.toContain('<b>');
});

describe('ticks', () => {
  test.each([
    [1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [7, [0, 2, 4, 6, 8]],
    [30, [0, 10, 20, 30]],
    [118, [0, 50, 100, 150]],
    [10_000, [0, 2000, 4000, 6000, 8000, 10_000]],
    [0, [0, 1]],
  ])('up to %d', (most, ticks) => {
    expect(ticksUpTo(most)).toEqual(ticks);
  });

  test('cover what is drawn, with three to six steps, whatever it is', () => {
    for (let most = 0.013; most < 1e6; most *= 1.37) {
      const ticks = ticksUpTo(most);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(most * 0.999);
      expect(ticks.length).toBeGreaterThanOrEqual(3);
      expect(ticks.length).toBeLessThanOrEqual(7);
    }
  });
});
