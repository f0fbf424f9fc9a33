import { describe, expect, test } from '@jest/globals';
import { Expectations, type Content } from '../../endurance/expectations.ts';

/** What is wrong when `seen` is found after the writes. */
function wrongAfter(writes: readonly Parameters<Expectations['wrote']>[], seen: Content): readonly string[] {
  const expectations = new Expectations({ wrongMax: 5 });
  for (const write of writes) expectations.wrote(...write);
  expectations.saw('kvstore-1', 'k', seen);
  return expectations.wrong;
}

describe('what may stand under a key', () => {
  test('is nothing at first, then what was written last', () => {
    expect(wrongAfter([], null)).toEqual([]);
    expect(wrongAfter([], 'k 1')).toHaveLength(1);
    expect(
      wrongAfter(
        [
          ['k', 'k 1', 'done'],
          ['k', 'k 2', 'done'],
        ],
        'k 2',
      ),
    ).toEqual([]);
  });

  test('is not an acknowledged write that is lost, nor one that was overwritten or deleted', () => {
    expect(wrongAfter([['k', 'k 1', 'done']], null)).toHaveLength(1);
    expect(
      wrongAfter(
        [
          ['k', 'k 1', 'done'],
          ['k', 'k 2', 'done'],
        ],
        'k 1',
      ),
    ).toHaveLength(1);
    expect(
      wrongAfter(
        [
          ['k', 'k 1', 'done'],
          ['k', null, 'done'],
        ],
        'k 1',
      ),
    ).toHaveLength(1);
  });

  test('is not what was refused', () => {
    expect(wrongAfter([['k', 'k 1', 'refused']], 'k 1')).toHaveLength(1);
    expect(
      wrongAfter(
        [
          ['k', 'k 1', 'done'],
          ['k', 'k 2', 'refused'],
        ],
        'k 1',
      ),
    ).toEqual([]);
  });

  test('is either of two after a write of unknown outcome, and nothing else', () => {
    const writes = [
      ['k', 'k 1', 'done'],
      ['k', 'k 2', 'unknown'],
    ] as const;
    for (const seen of ['k 1', 'k 2']) expect(wrongAfter([...writes] as never, seen)).toEqual([]);
    for (const seen of [null, 'k 3']) expect(wrongAfter([...writes] as never, seen)).toHaveLength(1);
  });
});

test('what is wrong is told in words, up to a number', () => {
  const expectations = new Expectations({ wrongMax: 2 });
  expectations.wrote('k', 'k 1', 'done');
  for (let time = 0; time < 5; time += 1) expectations.saw('kvstore-1', 'k', null);
  expect(expectations.wrong).toEqual([
    'kvstore-1 has nothing under k; it should be "k 1"',
    'kvstore-1 has nothing under k; it should be "k 1"',
  ]);
});

test('what is known of a key is known for certain', () => {
  const expectations = new Expectations({ wrongMax: 1 });
  expect(expectations.known('k')).toEqual({ content: null });
  expectations.wrote('k', 'k 1', 'done');
  expect(expectations.known('k')).toEqual({ content: 'k 1' });
  expectations.wrote('k', null, 'unknown');
  expect(expectations.known('k')).toBeNull();
  expectations.forget('k');
  expect([...expectations.keys]).toEqual([]);
});
