import { expect, test } from '@jest/globals';

import {
  lenientParameter,
  lenientQuery,
  lenientSegment,
  parseQuery,
  splitTarget,
} from '../../../../src/protocol/http/query.ts';

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
  expect(values('a=%')).toBe('the query parameter a is not percent-encoded UTF-8');
  expect(values('a=%FF')).toBe('the query parameter a is not percent-encoded UTF-8');
  expect(values('a=1&%FF=1')).toBe('a name in its query is not percent-encoded UTF-8');
});

test('the lenient readers do as Python does', () => {
  expect(Object.entries(lenientQuery('a=1&a=2&b=%zz'))).toEqual([
    ['a', '2'],
    ['b', '%zz'],
  ]);
  expect(lenientSegment('a%20b+%zz%C3%BC%')).toBe('a b+%zzü%');
  expect(lenientSegment('%FF')).toBeNull();
});

test('a parameter as Python reads it: the last one counts, plus is a blank, what is no escape stays', () => {
  const parameter = (query: string) => lenientParameter(query, 'key');
  expect(parameter('')).toEqual({ kind: 'missing' });
  expect(parameter('Key=a&keys=b')).toEqual({ kind: 'missing' });
  expect(parameter('key')).toEqual({ kind: 'text', text: '' });
  expect(parameter('key=a&key=b+c%20d')).toEqual({ kind: 'text', text: 'b c d' });
  expect(parameter('k%65y=a=b&x=1')).toEqual({ kind: 'text', text: 'a=b' });
  expect(parameter('key=100%&')).toEqual({ kind: 'text', text: '100%' });
  expect(parameter('key=%C3%BC')).toEqual({ kind: 'text', text: 'ü' });
  expect(parameter('key=a%FF')).toEqual({ kind: 'bad', raw: 'a%FF' });
});
