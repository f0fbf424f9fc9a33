import { expect, test } from '@jest/globals';
import { assert, InvariantError, unreachable } from '../../../../src/core/base/assert.ts';

test('a broken invariant stops the replica with the rule that was broken', () => {
  expect(() => assert(false, 'R10: a committed entry is never dropped')).toThrow(
    new InvariantError('R10: a committed entry is never dropped'),
  );
  expect(() => assert(true, 'R10: a committed entry is never dropped')).not.toThrow();
});

test('what a switch did not expect is named', () => {
  expect(() => unreachable({ kind: 'news' } as never)).toThrow('unreachable: {"kind":"news"}');
});

test('a broken invariant names its rule, where it breaks one', () => {
  expect(new InvariantError('R10: a committed entry is never dropped').rule).toBe('R10');
  expect(new InvariantError('unreachable: {}').rule).toBeNull();
});
