import type { RedisExchange } from './differences.ts';

/**
 * Where ioredis-mock is not like Redis, of what the sequences would ask. docs/decisions/0038-oracle.md has the same rows.
 * MOCK_REACH (draws.ts) keeps clear of them.
 */
export interface MockFault {
  readonly name: string;
  /** How the sequences get on all the same. */
  readonly instead: string;
  readonly redis: (key: string) => readonly RedisExchange[];
  readonly mock: (key: string) => readonly RedisExchange[];
}

const NO_NUMBER = 'ERR value is not an integer or out of range';

export const mockFaults: readonly MockFault[] = [
  {
    name: '`INCRBY` adds to what is no number, or not written as one',
    instead: 'Some keys are counted and have only small numbers for values; the others are not counted.',
    redis: (key) => [
      [`SET ${key} 07`, 'OK'],
      [`INCRBY ${key} 1`, NO_NUMBER],
      [`SET ${key} v`, 'OK'],
      [`INCRBY ${key} 1`, NO_NUMBER],
    ],
    mock: (key) => [
      [`SET ${key} 07`, 'OK'],
      [`INCRBY ${key} 1`, '8'],
      [`SET ${key} v`, 'OK'],
      [`INCRBY ${key} 1`, 'NaN'],
    ],
  },
  {
    name: '`INCRBY` counts in floating point: not exact beyond 2⁵³, and without an end at 64 bits',
    instead: 'The same.',
    redis: (key) => [
      [`SET ${key} 9007199254740992`, 'OK'],
      [`INCRBY ${key} 1`, '9007199254740993'],
      [`SET ${key} 9223372036854775807`, 'OK'],
      [`INCRBY ${key} 1`, 'ERR increment or decrement would overflow'],
    ],
    mock: (key) => [
      [`SET ${key} 9007199254740992`, 'OK'],
      [`INCRBY ${key} 1`, '9007199254740992'],
      [`SET ${key} 9223372036854775807`, 'OK'],
      [`INCRBY ${key} 1`, '9223372036854776000'],
    ],
  },
  {
    name: '`SET` does not know `KEEPTTL`',
    instead: 'No lifetime is kept.',
    redis: (key) => [
      [`SET ${key} v EX 100`, 'OK'],
      [`SET ${key} w KEEPTTL`, 'OK'],
      [`PERSIST ${key}`, '1'],
    ],
    mock: (key) => [
      [`SET ${key} v EX 100`, 'OK'],
      [`SET ${key} w KEEPTTL`, 'OK'],
      [`PERSIST ${key}`, '0'],
    ],
  },
  {
    name: '`GETDEL` takes a value that is no UTF-8 for none of its kind',
    instead: 'Values are text.',
    redis: (key) => [
      [`SET ${key} \xff`, 'OK'],
      [`GETDEL ${key}`, '\xff'],
    ],
    mock: (key) => [
      [`SET ${key} \xff`, 'OK'],
      [`GETDEL ${key}`, 'WRONGTYPE Operation against a key holding the wrong kind of value'],
    ],
  },
  {
    name: 'Keys are text: bytes that are no UTF-8 all become the same character',
    instead: 'Keys are text.',
    redis: (key) => [
      [['SET', `${key}\xff`, 'v'], 'OK'],
      [['EXISTS', `${key}\xfe`], '0'],
    ],
    mock: (key) => [
      [['SET', `${key}\xff`, 'v'], 'OK'],
      [['EXISTS', `${key}\xfe`], '1'],
    ],
  },
];
