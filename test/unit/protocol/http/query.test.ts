import { expect, test } from '@jest/globals';

import { lenientQuery, lenientSegment, parseQuery, splitTarget } from '../../../../src/protocol/http/query.ts';

test('a target is split at its first question mark, with or without an authority before it', () => {
  expect(splitTarget('/a?b=c?d')).toEqual({ path: '/a', query: 'b=c?d' });
  expect(splitTarget('http://host:1/a/b?c')).toEqual({ path: '/a/b', query: 'c' });
  expect(splitTarget('http://host')).toEqual({ path: '/', query: '' });
  expect(splitTarget('*')).toEqual({ path: '/*', query: '' });
});

test('the strict reader takes each name once', () => {
  const values = (query: string): unknown => {
    const parsed = parseQuery(query);
    return parsed.kind === 'query' ? Object.entries(parsed.values) : parsed.reason;
  };
  expect(values('a=1&b=x+y%2B&&c')).toEqual([
    ['a', '1'],
    ['b', 'x y+'],
    ['c', ''],
  ]);
  expect(values('__proto__=1')).toEqual([['__proto__', '1']]);
  expect(values('a=1&%61=2')).toBe('the query parameter a is given twice');
  expect(values('a=%')).toBe('the query string is not percent-encoded UTF-8');
  expect(values('a=%FF')).toBe('the query string is not percent-encoded UTF-8');
});

test('the lenient readers do as Python does', () => {
  expect(Object.entries(lenientQuery('a=1&a=2&b=%zz'))).toEqual([
    ['a', '2'],
    ['b', '%zz'],
  ]);
  expect(lenientSegment('a%20b+%zz%C3%BC%')).toBe('a b+%zzü%');
  expect(lenientSegment('%FF')).toBeNull();
});
