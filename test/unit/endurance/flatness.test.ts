import { describe, expect, test } from '@jest/globals';
import { judge, medianOf, trendOf } from '../../endurance/flatness.ts';
import { Prng } from '../../simulation/prng.ts';
import { recordingOf } from './recordings.ts';

const line = (count: number, value: (place: number) => number) =>
  Array.from({ length: count }, (_, place) => ({ atS: 5 * place, value: value(place) }));

describe('the trend by Theil and Sen', () => {
  test('of a straight line is its slope, of a level one nothing', () => {
    expect(trendOf(line(50, (place) => 100 + 10 * place))).toBeCloseTo(2);
    expect(trendOf(line(50, () => 7))).toBe(0);
    expect(trendOf(line(50, (place) => -place))).toBeCloseTo(-0.2);
  });

  test('is not moved by a quarter of points that are anything at all', () => {
    const points = line(100, (place) => 50 + place).map((point, place) =>
      place % 4 === 0 ? { ...point, value: 10_000 } : point,
    );
    expect(trendOf(points)).toBeGreaterThan(0.15);
    expect(trendOf(points)).toBeLessThan(0.3);
  });

  test('is seen through noise that is larger than what grew', () => {
    const random = new Prng(1);
    const noisy = (slope: number) => line(300, (place) => 100 + slope * 5 * place + random.within(-30, 30));
    expect(trendOf(noisy(0)) * 1500).toBeLessThan(10);
    expect(trendOf(noisy(0.02)) * 1500).toBeGreaterThan(20);
  });

  test('of a saw tooth, which a heap is, is level', () => {
    const points = line(200, (place) => 30 + (place % 9));
    expect(Math.abs(trendOf(points) * 1000)).toBeLessThan(1);
  });

  test('of nothing, or one point, is none', () => {
    expect([trendOf([]), trendOf(line(1, () => 5))]).toEqual([0, 0]);
  });
});

test('the median is the middle one, or between the two in the middle', () => {
  expect([medianOf([3, 1, 2]), medianOf([4, 1, 3, 2])]).toEqual([2, 2.5]);
});

describe('a run is judged', () => {
  const grows = (mib: number) =>
    recordingOf(100, (place) => ({ processes: { 'kvstore-0': { rssMiB: 100 + (mib * place) / 100 } } }));
  const flat = (recording: Parameters<typeof judge>[0]) => judge(recording).map(({ isFlat }) => isFlat);

  test('as flat where it grows by no more than the share that is allowed', () => {
    expect(judge(grows(5))).toMatchObject([
      { process: 'kvstore-0', measure: { id: 'rssMiB' }, isFlat: true, growth: expect.closeTo(3.75) },
    ]);
    expect(flat(grows(0))).toEqual([true]);
  });

  test('as not flat where it grows by more', () => {
    expect(judge(grows(30))).toMatchObject([{ isFlat: false, growthMax: expect.closeTo(11.9, 0) }]);
  });

  test('of a heap by what is left after collections, however much garbage waits for one', () => {
    const heap = (leak: number) =>
      recordingOf(200, (place) => ({
        // Ever more garbage is allowed to gather: the teeth grow, and what is left does not.
        processes: { 'kvstore-0': { heapMiB: 24 + leak * place + ((place % 20) * place) / 20 } },
      }));
    expect([flat(heap(0)), flat(heap(0.05))]).toEqual([[true], [false]]);
  });

  test('as flat where it falls', () => {
    expect(flat(grows(-50))).toEqual([true]);
  });

  test('not by how it warmed up', () => {
    const recording = recordingOf(100, (place) => ({
      processes: { 'kvstore-0': { rssMiB: place < 25 ? 4 * place : 100 } },
    }));
    expect(flat(recording)).toEqual([true]);
  });

  test('by small numbers with their own allowance', () => {
    const files = (more: number) =>
      recordingOf(100, (place) => ({
        processes: { 'kvstore-0': { openFiles: 10 + Math.floor((more * place) / 100) } },
      }));
    expect([flat(files(2)), flat(files(8))]).toEqual([[true], [false]]);
  });

  test('only by what ran all the time, and by the installation as a whole', () => {
    const recording = recordingOf(100, (place) => ({
      group: { leaseWritesPerS: 3 + place / 20 },
      processes: { 'kvstore-0': { rssMiB: 100 }, 'kvstore-1': { rssMiB: 100 + place } },
    }));
    expect(judge(recording).map(({ process, measure, isFlat }) => [process, measure.id, isFlat])).toEqual([
      ['kvstore-0', 'rssMiB', true],
      [null, 'leaseWritesPerS', false],
    ]);
  });

  test('not at all by a handful of samples', () => {
    expect(judge(recordingOf(8, (place) => ({ processes: { 'kvstore-0': { rssMiB: place } } })))).toEqual([]);
  });

  test('by the samples that there are', () => {
    const recording = recordingOf(100, (place) => ({
      processes: { 'kvstore-0': place % 3 === 0 ? null : { rssMiB: 100 + place } },
    }));
    expect(flat(recording)).toEqual([false]);
  });
});
