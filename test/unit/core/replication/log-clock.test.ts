import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Instant, monotonicMs, wallMs } from '../../../../src/core/base/numbers.ts';
import { LogClock } from '../../../../src/core/replication/log-clock.ts';

const HOUR_MS = 3_600_000;
const WALL_MS = 1_700_000_000_000;
/** `offMs`: how far the wall clock is off. */
const at = (passedMs: number, offMs = 0): Instant => ({
  monotonicMs: monotonicMs(5000 + passedMs),
  wallMs: wallMs(WALL_MS + passedMs + offMs),
});

describe('R15: the log’s time', () => {
  test('is at first what the wall clock says, and goes with it', () => {
    const clock = new LogClock();
    expect([clock.read(at(0)), clock.read(at(10_000)), clock.read(at(HOUR_MS))]).toEqual([
      WALL_MS,
      WALL_MS + 10_000,
      WALL_MS + HOUR_MS,
    ]);
  });

  test.each([HOUR_MS, -HOUR_MS])('does not jump with the wall clock, by %i ms, but comes nearer to it', (jumpMs) => {
    const clock = new LogClock();
    clock.read(at(0));
    expect(clock.read(at(0, jumpMs))).toBe(WALL_MS);
    expect(clock.read(at(1000, jumpMs))).toBe(WALL_MS + 1000 + Math.sign(jumpMs) * 50);
    // In 20 hours for one.
    expect(clock.read(at(21 * HOUR_MS, jumpMs))).toBe(WALL_MS + 21 * HOUR_MS + jumpMs);
  });

  test('of a leader goes on from the one before, whatever the new one’s wall clock says', () => {
    const clock = new LogClock();
    clock.hear(wallMs(WALL_MS), at(0, HOUR_MS));
    expect(clock.read(at(100, HOUR_MS))).toBe(WALL_MS + 105);
  });

  test('loses nothing where it is asked for a thousand times in a millisecond', () => {
    const clock = new LogClock();
    for (let times = 0; times <= 100_000; times += 1) clock.read(at(times / 1000, -HOUR_MS / 2));
    expect(clock.read(at(100, HOUR_MS))).toBeGreaterThanOrEqual(WALL_MS - HOUR_MS / 2 + 94);
    expect(clock.read(at(100, HOUR_MS))).toBeLessThanOrEqual(WALL_MS - HOUR_MS / 2 + 105);
  });

  test('is bound by monotonic clocks, whatever is heard and read in whatever order', () => {
    const step = fc.record({ passedMs: fc.nat(10_000), offMs: fc.integer({ min: -HOUR_MS, max: HOUR_MS }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), (steps) => {
        const clock = new LogClock();
        let nowMs = 0;
        let before = clock.read(at(0));
        for (const { passedMs, offMs } of steps) {
          nowMs += passedMs;
          const now = clock.read(at(nowMs, offMs));
          expect(now).toBeGreaterThanOrEqual(before);
          expect(now - before).toBeGreaterThan(0.95 * passedMs - 1);
          expect(now - before).toBeLessThan(1.05 * passedMs + 1);
          before = now;
        }
      }),
    );
  });
});
