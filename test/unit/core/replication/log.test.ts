import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import type { Entry } from '../../../../src/core/replication/entry.ts';
import { Log, type LogPosition } from '../../../../src/core/replication/log.ts';
import { EntryBytes } from '../../../../src/protocol/peer/entry-bytes.ts';
import { entry, present, putBody } from '../kit/builders.ts';

/** A log of one entry for each of these epochs; the first `dropped` of them forgotten. */
function logOf(epochs: readonly number[], dropped = 0): Log {
  const log = new Log(new EntryBytes());
  for (const [at, inEpoch] of epochs.entries()) log.append(entry(at + 1, inEpoch));
  log.dropThrough(logIndex(dropped));
  return log;
}

/** With the place of its end. */
const packedBytes = (one: Entry): number => Buffer.concat(new EntryBytes().encode(one) ?? []).length + 4;

const position = (index: number, inEpoch: number): LogPosition => ({ index: logIndex(index), epoch: epoch(inEpoch) });

describe('the log', () => {
  test('has no gaps, and epochs never fall within it', () => {
    const log = logOf([1, 3]);
    expect(() => log.append(entry(4, 3))).toThrow('R10: the log has no gaps');
    expect(() => log.append(entry(2, 3))).toThrow('R10: the log has no gaps');
    expect(() => log.append(entry(3, 2))).toThrow('R3: epochs never fall within a log');
  });

  test('of what was dropped only the last position is remembered, for matching', () => {
    const log = logOf([1, 1, 2, 3], 2);
    expect([log.at(logIndex(2)), log.epochAt(logIndex(1)), log.epochAt(logIndex(2))]).toEqual([
      undefined,
      undefined,
      1,
    ]);
    expect([
      log.holds(position(2, 1)),
      log.holds(position(1, 1)),
      log.holds(position(4, 3)),
      log.holds(position(4, 2)),
    ]).toEqual([true, false, true, false]);
    expect(log.last).toEqual({ index: 4, epoch: 3 });
  });

  test('what was dropped cannot be truncated', () => {
    expect(() => logOf([1, 1, 2], 2).truncateAfter(logIndex(1))).toThrow(
      'R10: what was applied and dropped is never truncated',
    );
  });

  test('nor what was packed: it is applied', () => {
    const log = logOf([1, 1, 2]);
    log.pack(logIndex(2));
    expect(() => log.truncateAfter(logIndex(1))).toThrow('R10: what was applied and dropped is never truncated');
  });

  test('a value that the store has in an array of its own is not copied', () => {
    const log = new Log(new EntryBytes());
    const putting = (index: number, bytes: number): Entry =>
      entry(index, 1, putBody('k', { version: index, created: 1, value: 'v'.repeat(bytes) }));
    const [small, large] = [putting(1, 4096), putting(2, 4097)];
    log.append(small);
    log.append(large);
    log.pack(logIndex(2));
    expect([log.at(logIndex(1)) === small, log.at(logIndex(2)) === large]).toEqual([false, true]);
    expect(log.bytes).toBe(packedBytes(small) + large.bytes);
  });

  test('R11: it goes on after the position of a snapshot', () => {
    const log = logOf([1, 1]);
    log.restartAfter(position(20, 5));
    expect([log.last, log.length, log.bytes]).toEqual([{ index: 20, epoch: 5 }, 0, 0]);
    log.append(entry(21, 5));
    expect(log.lastIndex).toBe(21);
  });

  test('keeps what was appended and neither truncated nor dropped, and counts its bytes', () => {
    type Step = { kind: 'append' | 'truncate' | 'drop' | 'pack'; share: number };
    const kinds = ['append', 'append', 'append', 'truncate', 'drop', 'pack'] as const;
    const steps = fc.array(fc.record<Step>({ kind: fc.constantFrom(...kinds), share: fc.nat(100) }), {
      maxLength: 100,
    });
    fc.assert(
      fc.property(steps, (taken) => {
        const log = new Log(new EntryBytes());
        let kept: Entry[] = [];
        let [dropped, packed] = [0, 0];
        for (const { kind, share } of taken) {
          const at = dropped + Math.floor((kept.length * share) / 100);
          if (kind === 'append') {
            const one = entry(dropped + kept.length + 1, 1 + Math.floor((dropped + kept.length) / 7));
            log.append(one);
            kept.push(one);
          } else if (kind === 'pack') {
            log.pack(logIndex(at));
            packed = Math.max(packed, at);
          } else if (kind === 'truncate') {
            const through = Math.max(at, packed);
            log.truncateAfter(logIndex(through));
            kept = kept.filter(({ index }) => index <= through);
          } else {
            log.dropThrough(logIndex(at));
            kept = kept.filter(({ index }) => index > at);
            dropped = at;
          }
          expect([log.dropped.index, log.length, log.lastIndex]).toEqual([dropped, kept.length, dropped + kept.length]);
          expect(log.bytes).toBe(
            kept.reduce((sum, one) => sum + (one.index <= packed ? packedBytes(one) : one.bytes), 0),
          );
          expect(log.lastEpoch).toBe(kept.at(-1)?.epoch ?? log.dropped.epoch);
        }
        for (const one of kept) {
          expect(log.epochAt(one.index)).toBe(one.epoch);
          if (one.index <= packed) expect(log.at(one.index)).toEqual(one);
          else expect(log.at(one.index)).toBe(one);
        }
      }),
    );
  });
});

describe('R10: finding where two logs last agree', () => {
  test('steps over whole epochs that the other cannot have', () => {
    const log = logOf([1, 1, 2, 2, 2, 5]);
    expect(log.newestNotBeyond(position(9, 4))).toEqual({ index: 5, epoch: 2 });
    expect(log.newestNotBeyond(position(4, 9))).toEqual({ index: 4, epoch: 2 });
    expect(log.newestNotBeyond(position(9, 0))).toEqual({ index: 0, epoch: 0 });
  });

  test('says so where the place was dropped', () => {
    expect(logOf([1, 2, 3, 4], 3).newestNotBeyond(position(2, 2))).toBeNull();
    expect(logOf([1, 2, 3, 4], 3).newestNotBeyond(position(3, 3))).toEqual({ index: 3, epoch: 3 });
  });

  /** Two logs as R4 lets them come about: alike up to a point, then each with epochs that the other has not. */
  const pairs = fc
    .tuple(
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 2, max: 8 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 2, max: 8 }), { maxLength: 8 }),
    )
    .map(([shared, one, other]) => {
      const common = shared.sort((a, b) => a - b);
      const after = common.at(-1) ?? 0;
      const odd = one.map((drawn) => after + 2 * drawn + 1).sort((a, b) => a - b);
      const even = other.map((drawn) => after + 2 * drawn).sort((a, b) => a - b);
      return { common, one: [...common, ...odd], other: [...common, ...even] };
    });

  test('answering each other in turn, two logs come to the last entry that both hold', () => {
    fc.assert(
      fc.property(pairs, ({ common, one, other }) => {
        const [leader, follower] = [logOf(one), logOf(other)];
        let at = follower.last;
        let steps = 0;
        for (;;) {
          at = present(leader.newestNotBeyond(at));
          if (follower.holds(at)) break;
          at = present(follower.newestNotBeyond(at));
          steps += 1;
        }
        expect(at).toEqual({ index: common.length, epoch: common.at(-1) ?? 0 });
        // Epoch by epoch, not entry by entry.
        expect(steps).toBeLessThanOrEqual(new Set(one).size + new Set(other).size);
      }),
    );
  });
});
