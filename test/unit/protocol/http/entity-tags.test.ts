import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { RevisionTag } from '../../../../src/core/store/commands.ts';
import {
  encodeTag,
  ENTITY_TAGS_PATTERN,
  holdsOf,
  ifMatchCondition,
  ifNoneMatchCondition,
} from '../../../../src/protocol/http/entity-tags.ts';

const tag = (revision: number, lineageId = 'd1-1'): RevisionTag => ({ lineageId, revision: logIndex(revision) });

test('a tag names revision and lineage, and comes back as it went out', () => {
  expect(encodeTag(tag(812, 'b1c2-1'))).toBe('"812-b1c2-1"');
  fc.assert(
    fc.property(fc.nat(Number.MAX_SAFE_INTEGER), fc.string({ minLength: 1 }), (revision, lineageId) => {
      const header = encodeTag(tag(revision, lineageId));
      expect(header).toMatch(new RegExp(ENTITY_TAGS_PATTERN));
      expect(ifMatchCondition(header)).toEqual({ kind: 'match', tags: [tag(revision, lineageId)] });
    }),
  );
});

describe('the pattern of a list', () => {
  const pattern = new RegExp(ENTITY_TAGS_PATTERN);

  test.each(['*', ' * ', '"a"', '""', 'W/"a"', '"a","b"', '"a" , W/"b",', ',,"a",,"b"', '"a,b"', '"\xfc"'])(
    'takes %s',
    (header) => {
      expect(header).toMatch(pattern);
    },
  );

  test.each(['', ',', 'a', '"a', '"a" "b"', '"a"b', 'w/"a"', '*, "a"', '"a", *', '"a b"', '"a\x7f"'])(
    'refuses %s',
    (header) => {
      expect(header).not.toMatch(pattern);
    },
  );

  test('takes no longer for malice', () => {
    const begun = performance.now();
    for (const header of [
      `${' '.repeat(4000)}x`,
      `${','.repeat(4000)}x`,
      `${' ,'.repeat(2000)}x`,
      `"a"${' , '.repeat(1300)}x`,
    ]) {
      expect(header).not.toMatch(pattern);
    }
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});

test('If-Match compares strongly, If-None-Match weakly; foreign tags match nothing', () => {
  const header = `"1-d1-1", W/"2-d1-1", "foreign", "99999999999999999999-d1", "3-%zz"`;
  expect(ifMatchCondition(header)).toEqual({ kind: 'match', tags: [tag(1)] });
  expect(ifNoneMatchCondition(header)).toEqual({ kind: 'noneMatch', tags: [tag(1), tag(2)] });
  expect([ifMatchCondition('*'), ifNoneMatchCondition('*')]).toEqual([{ kind: 'present' }, { kind: 'absent' }]);
});

test('a tag of another lineage never matches, whatever its revision', () => {
  expect(holdsOf(ifMatchCondition('"1-d1-1"'), tag(1, 'd1-1'))).toBe(true);
  expect(holdsOf(ifMatchCondition('"1-d1-1"'), tag(1, 'd2-1'))).toBe(false);
  expect(holdsOf(ifNoneMatchCondition('"1-d1-1"'), tag(1, 'd2-1'))).toBe(true);
  expect(holdsOf(ifNoneMatchCondition('"1-d1-1"'), tag(1, 'd1-1'))).toBe(false);
});
