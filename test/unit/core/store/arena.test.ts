import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Arena, BLOCK_BYTES_MAX, blockBytes, byteOf, NOWHERE, type Ref } from '../../../../src/core/store/arena.ts';

const PAGE = 256 * 1024;

test('what is written into a block stays there, whatever others are taken and given back', () => {
  const steps = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: BLOCK_BYTES_MAX }), frees: fc.nat(2) }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (drawn) => {
      const arena = new Arena();
      const held: { readonly ref: Ref; readonly bytes: number; readonly mark: number }[] = [];
      for (const [at, { bytes, frees }] of drawn.entries()) {
        const ref = arena.allocate(bytes);
        expect(ref).not.toBe(NOWHERE);
        const mark = at % 256;
        arena.bytes(ref).fill(mark, byteOf(ref), byteOf(ref) + bytes);
        held.push({ ref, bytes, mark });
        for (let free = 0; free < frees && held.length > 3; free += 1) arena.free((held.shift() as { ref: Ref }).ref);
      }
      for (const { ref, bytes, mark } of held) {
        const block = arena.bytes(ref).subarray(byteOf(ref), byteOf(ref) + bytes);
        expect(block.every((byte) => byte === mark)).toBe(true);
      }
    }),
  );
});

test('what is given back is had again, and an empty page goes, but for one of each size', () => {
  const arena = new Arena();
  const fill = (): Ref[] => Array.from({ length: 5000 }, () => arena.allocate(200));
  const first = fill();
  const { pageBytes } = arena;
  expect(pageBytes).toBeGreaterThan(5000 * 208);
  expect(pageBytes).toBeLessThan(5000 * 208 + 2 * PAGE);
  for (const ref of first) arena.free(ref);
  expect(arena.pageBytes).toBeLessThanOrEqual(PAGE);
  const second = fill();
  expect(arena.pageBytes).toBeLessThan(5000 * 208 + 2 * PAGE);
  expect(new Set(second).size).toBe(5000);
  arena.clear();
  expect(arena.pageBytes).toBe(0);
});

test('a store of few keys takes little', () => {
  const arena = new Arena();
  for (let at = 0; at < 30; at += 1) arena.allocate(200);
  expect(arena.pageBytes).toBe(8192);
});

test('a block is no more than an eighth, and a unit of 16 bytes, larger than what is asked for', () => {
  for (let bytes = 1; bytes <= BLOCK_BYTES_MAX; bytes += 1) {
    expect(blockBytes(bytes)).toBeGreaterThanOrEqual(bytes);
    expect(blockBytes(bytes)).toBeLessThan(bytes * 1.125 + 32);
  }
  expect([blockBytes(1), blockBytes(144), blockBytes(257), blockBytes(BLOCK_BYTES_MAX)]).toEqual([16, 144, 288, 8192]);
});

test('whether a block is the right one for so many bytes', () => {
  const arena = new Arena();
  const ref = arena.allocate(130);
  expect([129, 144, 128, 145].map((bytes) => arena.fits(ref, bytes))).toEqual([true, true, false, false]);
});

test('where most blocks of many pages are free, what is left is to be moved, and the pages go', () => {
  const arena = new Arena();
  const all = Array.from({ length: 30_000 }, () => arena.allocate(200));
  const kept = new Map<Ref, number>();
  for (const [at, ref] of all.entries()) {
    if (at % 20 === 0) {
      arena.bytes(ref).fill(at % 251, byteOf(ref) + 4, byteOf(ref) + 200);
      kept.set(ref, at % 251);
    } else arena.free(ref);
  }
  expect(arena.pageBytes).toBeGreaterThan(20 * PAGE);
  for (let refs = arena.toMove(7); refs.length > 0; refs = arena.toMove(7)) {
    for (const ref of refs) {
      const mark = kept.get(ref);
      expect(mark).toBeDefined();
      const copy = arena.copy(ref);
      arena.free(ref);
      kept.delete(ref);
      kept.set(copy, mark as number);
    }
  }
  expect(kept.size).toBe(1500);
  expect(arena.pageBytes).toBeLessThan(9 * PAGE);
  for (const [ref, mark] of kept)
    expect(
      arena
        .bytes(ref)
        .subarray(byteOf(ref) + 4, byteOf(ref) + 200)
        .every((byte) => byte === mark),
    ).toBe(true);
});
