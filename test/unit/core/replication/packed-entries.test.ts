import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PackedEntries, type PackedPlace } from '../../../../src/core/replication/packed-entries.ts';

/** So many bytes, which tell one entry from another, in two pieces. */
function piecesOf(number: number, length: number): readonly Uint8Array[] {
  const bytes = new Uint8Array(length).fill(number);
  const cut = number % (length + 1);
  return [bytes.subarray(0, cut), bytes.subarray(cut)];
}

test('first in, first out: what was put in comes out as it was, whatever became of those before it', () => {
  const steps = fc.array(
    fc.record({
      push: fc.nat(8),
      bytes: fc.oneof(fc.nat(200), fc.nat(20_000), fc.constantFrom(0, 262_140, 262_144)),
      drop: fc.nat(10),
    }),
    { maxLength: 15 },
  );
  fc.assert(
    fc.property(steps, (taken) => {
      const packed = new PackedEntries();
      const kept: { place: PackedPlace; pieces: readonly Uint8Array[] }[] = [];
      let pushed = 0;
      for (const { push, bytes, drop } of taken) {
        for (let left = push; left > 0; left -= 1) {
          const pieces = piecesOf((pushed += 1), bytes);
          kept.push({ place: packed.push(pieces), pieces });
        }
        for (const { place } of kept.splice(0, drop)) packed.drop(place);
        expect(new Set(kept.map(({ place }) => place)).size).toBe(kept.length);
        for (const { place, pieces } of kept) {
          expect(Buffer.compare(packed.at(place), Buffer.concat(pieces))).toBe(0);
          expect(packed.bytesAt(place)).toBe(packed.at(place).length + 4);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('places stay small numbers, however many have come and gone', () => {
  const packed = new PackedEntries();
  const places: PackedPlace[] = [];
  for (let number = 0; number < 20_000; number += 1) {
    places.push(packed.push(piecesOf(number, 1000)));
    if (places.length > 1000) packed.drop(places.shift() as PackedPlace);
  }
  expect(Math.max(...places)).toBeLessThan(2 ** 20);
});

test('they go in the order in which they came', () => {
  const packed = new PackedEntries();
  packed.push(piecesOf(1, 10));
  const second = packed.push(piecesOf(2, 10));
  expect(() => {
    packed.drop(second);
  }).toThrow('R10: what was packed first is dropped first');
});
