import { expect } from '@jest/globals';

import { VALUE_BYTES_MAX } from '../stage.ts';

/** A command and its reply; an error is its message. One with spaces in it is given word by word. */
export type RedisExchange = readonly [command: string | readonly string[], reply: unknown];

/** A request, its body, and what is answered: the status, then the text or, where it is a problem, its code. */
export type HttpExchange = readonly [
  request: string,
  body: unknown,
  answer: unknown,
  headers?: Readonly<Record<string, string>>,
];

/**
 * Where we are not like Redis, and why. docs/reference/redis.md has the same rows. The sequences keep clear of them (draws.ts) or
 * put them right (redis-side.ts); what both do is shown here, so that a difference that is none any more is noticed.
 */
export interface Difference {
  readonly name: string;
  readonly why: string;
  readonly redis: (key: string) => readonly RedisExchange[];
  readonly kvstore: (key: string) => readonly HttpExchange[];
}

export const differences: readonly Difference[] = [
  {
    name: 'A command that fails within `MULTI` leaves the others done; a transaction that fails does nothing',
    why: 'Half of a transfer is not what anybody asked for. `/v1/batch` is there for several commands, each for itself.',
    redis: (key) => [
      [`SET ${key} v`, 'OK'],
      ['MULTI', 'OK'],
      [`SET ${key}/other v`, 'QUEUED'],
      [`INCRBY ${key} 1`, 'QUEUED'],
      ['EXEC', ['OK', 'ERR value is not an integer or out of range']],
      [`GET ${key}/other`, 'v'],
    ],
    kvstore: (key) => [
      [`PUT /v1/keys/${key}`, 'v', '201'],
      ['POST /v1/txn', { then: [{ put: { key: `${key}/other`, value: 'v' } }, { incr: { key } }] }, '409 not-a-number'],
      [`GET /v1/keys/${key}/other`, undefined, '404 no-key'],
    ],
  },
  {
    name: '`EXEC` without commands is taken; a transaction without operations is refused',
    why: 'It is a client that has lost what it wanted to do.',
    redis: () => [
      ['MULTI', 'OK'],
      ['EXEC', []],
    ],
    kvstore: (key) => [['POST /v1/txn', { if: [{ key, exists: false }], then: [] }, '400 bad-request']],
  },
  {
    name: '`EXPIRE` with 0 or less deletes; a lifetime of 0 is refused',
    why: 'It comes from a sum that went wrong more often than from a wish to delete, and `DELETE` says what is meant.',
    redis: (key) => [
      [`SET ${key} v`, 'OK'],
      [`EXPIRE ${key} 0`, '1'],
      [`EXISTS ${key}`, '0'],
    ],
    kvstore: (key) => [
      [`PUT /v1/keys/${key}`, 'v', '201'],
      [`PATCH /v1/keys/${key}`, { ttl: 0 }, '400 bad-request'],
      [`PATCH /v1/keys/${key}`, { ttl: '0s' }, '400 bad-request'],
      [`GET /v1/keys/${key}`, undefined, '200 v'],
    ],
  },
  {
    name: 'A lifetime may be any number that fits; here it ends at 36525 days',
    why: 'A hundred years are for ever: what is longer is a mistake, and `null` says what is meant.',
    redis: (key) => [
      [`SET ${key} v`, 'OK'],
      [`EXPIRE ${key} 3155760001`, '1'],
    ],
    kvstore: (key) => [
      [`PUT /v1/keys/${key}`, 'v', '201'],
      [`PATCH /v1/keys/${key}`, { ttl: 3_155_760_000 }, '204'],
      [`PATCH /v1/keys/${key}`, { ttl: 3_155_760_001 }, '400 bad-request'],
    ],
  },
  {
    name: '`TTL` rounds to the nearest second; `X-KV-TTL` rounds up',
    why: 'A value that is there for some more moments has not 0 seconds left.',
    redis: (key) => [
      [`SET ${key} v PX 1499`, 'OK'],
      [`TTL ${key}`, '1'],
    ],
    kvstore: (key) => [
      [`PUT /v1/keys/${key}`, 'v', '201'],
      [`PATCH /v1/keys/${key}`, { ttl: '1499ms' }, '204'],
      [`HEAD /v1/keys/${key}`, undefined, '200', { 'x-kv-ttl': '2' }],
    ],
  },
  {
    name: '`PERSIST` tells whether there was a lifetime to take away; `PATCH` only whether there is a value',
    why: 'Who asks twice, because an answer was lost, is told the same twice.',
    redis: (key) => [
      [`SET ${key} v EX 100`, 'OK'],
      [`PERSIST ${key}`, '1'],
      [`PERSIST ${key}`, '0'],
      [`PERSIST ${key}/none`, '0'],
    ],
    kvstore: (key) => [
      [`PUT /v1/keys/${key}`, 'v', '201'],
      [`PATCH /v1/keys/${key}`, { ttl: 100 }, '204'],
      [`PATCH /v1/keys/${key}`, { ttl: null }, '204'],
      [`PATCH /v1/keys/${key}`, { ttl: null }, '204'],
      [`PATCH /v1/keys/${key}/none`, { ttl: null }, '404 no-key'],
    ],
  },
  {
    name: '`SET` and `INCRBY` do not tell whether there was a value; `PUT` and `incr` do',
    why: 'HTTP has a status for each: 201 and 200.',
    redis: (key) => [
      [`SET ${key} 1`, 'OK'],
      [`SET ${key} 1`, 'OK'],
      [`INCRBY ${key} 1`, '2'],
      [`INCRBY ${key}/none 2`, '2'],
    ],
    kvstore: (key) => [
      [`PUT /v1/keys/${key}`, '1', '201'],
      [`PUT /v1/keys/${key}`, '1', '200'],
      [`POST /v1/keys/${key}?incr=1`, undefined, '200 2'],
      [`POST /v1/keys/${key}/none?incr=2`, undefined, '201 2'],
    ],
  },
  {
    name: 'What is added is written in one way only; `incr` also takes leading zeros and -0',
    why: 'It is a parameter and stands in no value: each spelling means one number. Counters are as strict as those of Redis.',
    redis: (key) => [
      [`INCRBY ${key} 007`, 'ERR value is not an integer or out of range'],
      [`INCRBY ${key} -0`, 'ERR value is not an integer or out of range'],
    ],
    kvstore: (key) => [
      [`POST /v1/keys/${key}?incr=007`, undefined, '201 7'],
      [`POST /v1/keys/${key}?incr=-0`, undefined, '200 7'],
    ],
  },
  {
    name: 'What cannot be added, and what it cannot be added to, are one error; here they are two',
    why: 'The one is a mistake in the request, 400, the other a conflict with what is stored, 409.',
    redis: (key) => [
      [`SET ${key} v`, 'OK'],
      [`INCRBY ${key} 1`, 'ERR value is not an integer or out of range'],
      [`INCRBY ${key}/none 9223372036854775808`, 'ERR value is not an integer or out of range'],
    ],
    kvstore: (key) => [
      [`PUT /v1/keys/${key}`, 'v', '201'],
      [`POST /v1/keys/${key}?incr=1`, undefined, '409 not-a-number'],
      [`POST /v1/keys/${key}/none?incr=9223372036854775808`, undefined, '400 bad-request'],
    ],
  },
  {
    name: 'A key may be empty; here it has a byte at least',
    why: 'Its path would be that of the list of all keys.',
    redis: () => [
      [['SET', '', 'v'], 'OK'],
      [['GET', ''], 'v'],
    ],
    kvstore: () => [['POST /v1/batch', { operations: [{ put: { keyB64: '', value: 'v' } }] }, '400 bad-key']],
  },
  {
    name: 'A key may have 512 MB; here it has 1024 bytes at most',
    why: 'It has to fit into a URL, and every table of keys has to have a bound.',
    redis: (key) => [[`SET ${key.padEnd(1025, '.')} v`, 'OK']],
    kvstore: (key) => [
      [`PUT /v1/keys/${key.padEnd(1024, '.')}`, 'v', '201'],
      [`PUT /v1/keys/${key.padEnd(1025, '.')}`, 'v', '400 bad-key'],
    ],
  },
  {
    name: 'A value may have 512 MB; here it has `KV_VALUE_BYTES_MAX` at most, 1 MiB',
    why: 'Each value is in the memory of every replica, and whatever was written after it waits behind it.',
    redis: (key) => [[`SET ${key} ${'v'.repeat(VALUE_BYTES_MAX + 1)}`, 'OK']],
    kvstore: (key) => [
      [`PUT /v1/keys/${key}`, 'v'.repeat(VALUE_BYTES_MAX), '201'],
      [`PUT /v1/keys/${key}`, 'v'.repeat(VALUE_BYTES_MAX + 1), '413 too-large'],
    ],
  },
  {
    name: '`KEYS` and `SCAN` take a pattern; a list takes a prefix',
    why: 'Keys stand in their order: a prefix is a range of them, and a pattern would have to be held against each.',
    redis: (key) => [
      [`SET ${key}/ab v`, 'OK'],
      [`KEYS ${key}/a*`, [`${key}/ab`]],
      [`KEYS ${key}/*b`, [`${key}/ab`]],
    ],
    kvstore: (key) => [
      [`PUT /v1/keys/${key}/ab`, 'v', '201'],
      [`GET /v1/keys?prefix=${key}/a`, undefined, expect.stringMatching(/^200 \{"keys":\[\{"key":"[^"]*\/ab"/)],
      [`GET /v1/keys?prefix=${key}/a*`, undefined, expect.stringMatching(/^200 \{"keys":\[\],/)],
    ],
  },
  {
    name: 'A pattern may be any bytes; a prefix is text',
    why: 'A query is UTF-8. Keys that are not are listed under a prefix that is, in `keyB64`.',
    redis: (key) => [
      [['SET', `${key}\xff/a`, 'v'], 'OK'],
      [`KEYS ${key}\xff*`, [`${key}\xff/a`]],
    ],
    kvstore: (key) => [[`GET /v1/keys?prefix=${key}%FF`, undefined, '400 bad-request']],
  },
];
