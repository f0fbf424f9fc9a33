import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Key } from '../../../../src/core/base/key.ts';
import { logIndex, version, wallMs, type LogIndex } from '../../../../src/core/base/numbers.ts';
import {
  faultOfPacked,
  PACKED_FROM,
  wordsOfPacked,
  type PackedValues,
} from '../../../../src/core/store/packed-values.ts';
import type { StoredValue } from '../../../../src/core/store/reads.ts';
import { OLDER, PACKED_BYTES_MAX } from '../../../../src/core/store/record-layout.ts';
import { Store } from '../../../../src/core/store/store.ts';
import { key } from '../kit/builders.ts';
import { olderPieces, packed, unpacked } from '../kit/packed.ts';

const STORED: StoredValue = {
  value: Uint8Array.of(1, 2, 3),
  contentType: null,
  revision: logIndex(7),
  version: version(2),
  createRevision: logIndex(5),
  modifiedMs: wallMs(1_790_000_000_000),
  expiresAtMs: null,
  idleMs: null,
};

const keys = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 20 })
  .map((bytes) => String.fromCharCode(...bytes) as Key);
const values: fc.Arbitrary<StoredValue> = fc.record({
  value: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(PACKED_BYTES_MAX, PACKED_BYTES_MAX + 1).map((length) => new Uint8Array(length).fill(9)),
  ),
  contentType: fc.constantFrom(null, 'text/plain', 'application/json'),
  revision: fc.maxSafeNat().map(logIndex),
  version: fc.integer({ min: 1 }).map(version),
  createRevision: fc.nat().map(logIndex),
  modifiedMs: fc.double({ noNaN: true, noDefaultInfinity: true }).map(wallMs),
  expiresAtMs: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map(wallMs)),
  idleMs: fc.option(fc.integer({ min: 1 })),
});

const unexpected = (): never => {
  throw new Error('nothing has changed');
};

test('what was packed comes out as it was: all values, in pieces of any size, large ones as they are', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, values)), fc.integer({ min: 1, max: 500 }), (drawn, bytes) => {
      const source = new Store(0);
      for (const [name, stored] of new Map(drawn)) source.restoreValue(name, stored);
      const copy = new Store(0, 'none', 1);
      for (let from: string | null = ''; from !== null;) {
        const piece = source.pieceFrom(from, { through: Infinity as LogIndex, bytes, onChanged: unexpected });
        for (const each of piece.packed) {
          expect(faultOfPacked(each.bytes, 'values')).toBeNull();
          copy.restoreValues(each);
        }
        for (const [name, stored] of piece.large) {
          expect(stored.value.length).toBeGreaterThan(PACKED_BYTES_MAX);
          copy.restoreValue(name, stored);
        }
        from = piece.next;
      }
      expect([...copy.values()]).toEqual([...source.values()]);
      for (const [name, stored] of source.values()) expect(copy.get(name)).toEqual(stored);
      expect([copy.size, copy.bytes, copy.earliestExpiryMs]).toEqual([
        source.size,
        source.bytes,
        source.earliestExpiryMs,
      ]);
    }),
  );
});

test('a piece is about as large as was asked for, and says with which key the next begins', () => {
  const store = new Store(0);
  for (const name of ['a', 'b', 'c']) store.restoreValue(key(name), STORED);
  const first = store.pieceFrom('', { through: logIndex(7), bytes: 1, onChanged: unexpected });
  expect([first.packed.flatMap(unpacked).map(([name]) => name), first.next]).toEqual([['a'], 'b']);
  const rest = store.pieceFrom('b', { through: logIndex(7), bytes: 1000, onChanged: unexpected });
  expect([rest.packed.flatMap(unpacked).map(([name]) => name), rest.next]).toEqual([['b', 'c'], null]);
});

test('types count as well: a piece of values that have one each is no larger than another', () => {
  const store = new Store(0);
  for (let at = 100; at < 200; at += 1)
    store.restoreValue(key(`k${at}`), { ...STORED, contentType: `text/plain; at=${'x'.repeat(150)}${at}` });
  const { packed: runs } = store.pieceFrom('', { through: logIndex(7), bytes: 2000, onChanged: unexpected });
  const all = runs.map(({ bytes, contentType }) => bytes.length + (contentType?.length ?? 0));
  const sum = all.reduce((total, each) => total + each, 0);
  expect([runs.length > 1, sum >= 2000, sum - (all.at(-1) ?? 0) < 2000]).toEqual([true, true, true]);
});

test('of what has changed since it is only told, and counts what it hears', () => {
  const store = new Store(0);
  for (const [at, name] of ['a', 'b', 'c', 'd'].entries())
    store.restoreValue(key(name), { ...STORED, revision: logIndex(at + 6) });
  const changed: Key[] = [];
  const onChanged = (name: Key): number => changed.push(name) * 600;
  const piece = store.pieceFrom('', { through: logIndex(6), bytes: 1000, onChanged });
  expect([piece.packed.flatMap(unpacked).map(([name]) => name), changed, piece.next]).toEqual([['a'], ['b', 'c'], 'd']);
});

test('a value that is there already breaks an invariant', () => {
  const [values] = packed([[key('a'), STORED]]);
  const store = new Store(0);
  store.restoreValue(key('a'), { ...STORED, version: version(1) });
  expect(() => {
    store.restoreValues(values as never);
  }).toThrow('R11: a snapshot brings each value once');
});

test('values that fall due, and those that end when they are idle, do so where they came', () => {
  const ending = { ...STORED, expiresAtMs: wallMs(50), idleMs: 20 };
  const store = new Store(0);
  for (const each of packed([
    [key('a'), ending],
    [key('b'), STORED],
  ]))
    store.restoreValues(each);
  expect([store.earliestExpiryMs, store.due(wallMs(50), 10), store.uses.size]).toEqual([50, ['a'], 1]);
});

describe('R20: older versions', () => {
  const versions = fc.array(fc.record({ key: keys, stored: values, gap: fc.nat(3) })).map((drawn) => {
    let supersededAt = 7;
    // A revision of 0 is that of one that is still to come.
    return drawn.map(({ key: of, stored, gap }) => ({
      key: of,
      stored: { ...stored, revision: logIndex(1) },
      supersededAt: logIndex((supersededAt += gap)),
    }));
  });

  test('come out as they were, in the order in which they were superseded, in pieces of any size, large ones as they are', () => {
    fc.assert(
      fc.property(versions, fc.integer({ min: 1, max: 500 }), (drawn, bytes) => {
        const { history } = new Store(0);
        for (const piece of olderPieces(drawn, bytes)) {
          if ('bytes' in piece) {
            expect(faultOfPacked(piece.bytes, 'older versions')).toBeNull();
            history.restoreAll(piece, Infinity as LogIndex);
          } else {
            expect(piece.stored.value.length).toBeGreaterThan(PACKED_BYTES_MAX);
            history.restore(piece, Infinity as LogIndex);
          }
        }
        expect([...history.superseded()]).toEqual(drawn);
        const source = new Store(0).history;
        for (const each of drawn) source.restore(each, Infinity as LogIndex);
        expect(history.bytes).toBe(source.bytes);
      }),
    );
  });

  const [older] = olderPieces([{ key: key('a'), stored: STORED, supersededAt: logIndex(9) }]) as [PackedValues];
  /** The double behind the first two words, its own two, and its key; its numbers, and its place in two lists. */
  const [NUMBERS, SUPERSEDED_AT] = [3, 4 + 2];
  const broken = (which: number, to: number): Uint8Array => {
    const bytes = older.bytes.slice();
    new Float64Array(bytes.buffer)[NUMBERS + which] = to;
    return bytes;
  };

  test.each([
    ['as it is', broken(0, STORED.version), null],
    [
      'one that stands',
      (packed([[key('a'), STORED]])[0] as PackedValues).bytes,
      'a packed record in older versions that is none of them',
    ],
    ['no revision', broken(1, 0), 'a packed value with wrong numbers'],
    ['no end', broken(SUPERSEDED_AT, NaN), 'a packed value with wrong numbers'],
  ])('%s is looked at', (_, bytes, fault) => {
    expect(faultOfPacked(bytes, 'older versions')).toBe(fault);
  });

  test('one that an entry since the start has superseded breaks an invariant', () => {
    const { history } = new Store(0);
    expect(() => {
      history.restoreAll(older, logIndex(8));
    }).toThrow('R11: what an entry since the start has superseded comes by itself');
  });
});

describe('bytes that are no packed values are refused', () => {
  const ENDING = { ...STORED, expiresAtMs: wallMs(1), idleMs: 1 };
  /** Of two values, the words or the doubles changed. */
  const broken = (change: (words: Uint32Array, numbers: Float64Array) => void, stored = STORED): Uint8Array => {
    const [{ bytes }] = packed([
      [key('a'), stored],
      [key('b'), stored],
    ]) as readonly [PackedValues];
    change(wordsOfPacked(bytes), new Float64Array(bytes.buffer));
    return bytes;
  };
  /** The double with which the numbers of the first begin: behind the first two words, its own two, and its key. */
  const NUMBERS = 3;
  const setNumber = (which: number, to: number) => (_: Uint32Array, numbers: Float64Array) => {
    numbers[NUMBERS + which] = to;
  };
  const setHead = (to: (head: number) => number) => (words: Uint32Array) => {
    words[PACKED_FROM] = to(words[PACKED_FROM] as number);
  };

  test('as they are they are some', () => {
    const both = [STORED, ENDING].map((stored) => broken(() => undefined, stored));
    expect(both.map((bytes) => faultOfPacked(bytes, 'values'))).toEqual([null, null]);
  });

  test.each([
    ['none', new Uint8Array(8), 'packed values of 8 bytes'],
    ['part of a double', new Uint8Array(20), 'packed values of 20 bytes'],
    [
      'another order',
      broken((words) => words.set([0x0d0c0b0a])),
      'packed values of a machine with another order of bytes',
    ],
    ['a tombstone', broken(setHead((head) => head | (1 << 24))), 'a packed record in values that is none of them'],
    ['an older version', broken(setHead((head) => head | OLDER)), 'a packed record in values that is none of them'],
    ['no key', broken(setHead((head) => head & ~2047)), 'a packed key of 0 bytes'],
    ['a long key', broken(setHead((head) => head | 1025)), 'a packed key of 1025 bytes'],
    ['a long value', broken(setHead((head) => head | (4099 << 11))), 'a packed value of 4099 bytes'],
    ['a cut', broken(() => undefined).slice(0, -8), 'a packed value ends 8 bytes too early'],
    ['no version', broken(setNumber(0, 0)), 'a packed value with wrong numbers'],
    ['half a version', broken(setNumber(0, 1.5)), 'a packed value with wrong numbers'],
    ['a revision below 0', broken(setNumber(1, -1)), 'a packed value with wrong numbers'],
    ['no time', broken(setNumber(2, NaN)), 'a packed value with wrong numbers'],
    ['no revision of the creation', broken(setNumber(3, NaN)), 'a packed value with wrong numbers'],
    ['an end that is never', broken(setNumber(4, Infinity), ENDING), 'a packed value with wrong numbers'],
    ['an idle time of 0', broken(setNumber(5, 0), ENDING), 'a packed value with wrong numbers'],
    ['no end', broken(setNumber(4, NaN), { ...ENDING, idleMs: null }), 'a packed value with wrong numbers'],
    [
      'one key twice',
      broken((words) => words.copyWithin(PACKED_FROM, PACKED_FROM + (words.length - PACKED_FROM) / 2)),
      'packed values that are not in the order of their keys',
    ],
  ])('%s', (_, bytes, fault) => {
    expect(faultOfPacked(bytes, 'values')).toBe(fault);
  });

  test('a longer key comes behind the one that it begins with, and not before it', () => {
    const [{ bytes }] = packed([
      [key('a'), STORED],
      [key('ab'), STORED],
    ]) as readonly [PackedValues];
    expect(faultOfPacked(bytes, 'values')).toBeNull();
    const words = wordsOfPacked(bytes);
    const half = PACKED_FROM + (words.length - PACKED_FROM) / 2;
    const [first, second] = [words.slice(PACKED_FROM, half), words.slice(half)];
    words.set(second, PACKED_FROM);
    words.set(first, half);
    expect(faultOfPacked(bytes, 'values')).toBe('packed values that are not in the order of their keys');
  });
});
