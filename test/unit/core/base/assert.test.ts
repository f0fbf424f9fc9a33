import { expect, test } from '@jest/globals';
import { assert, InvariantError, unreachable } from '../../../../src/core/base/assert.ts';

test('a broken invariant stops the replica with the rule that was broken', () => {
  expect(() => assert(false, 'R10: a committed entry is never dropped')).toThrow(
    new InvariantError('R10: a committed entry is never dropped'),
  );
  expect(() => assert(true, 'holds')).not.toThrow();
});

test('what a switch did not expect is named', () => {
  expect(() => unreachable({ kind: 'news' } as never)).toThrow('unreachable: {"kind":"news"}');
});
