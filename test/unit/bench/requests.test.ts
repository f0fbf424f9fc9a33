import { describe, expect, test } from '@jest/globals';
import { dialects } from '../../bench/load/dialects.ts';
import { keyOf, valueOf } from '../../bench/load/items.ts';
import type { Plan } from '../../bench/load/plan.ts';
import { Requests } from '../../bench/load/requests.ts';

const OPTIONS = { keys: 1000, valueBytes: 20 };

test('a key has 16 bytes, and a value is of the key, with as many as are asked for', () => {
  expect([keyOf(7), valueOf(7, 20)]).toEqual(['bench-0000000007', 'bench-0000000007=ben']);
});

describe('what is sent', () => {
  const text = (bytes: Buffer): string => bytes.toString('latin1');

  test('native', () => {
    expect(text(dialects.native.put(7, OPTIONS).bytes)).toBe(
      'PUT /v1/keys/bench-0000000007 HTTP/1.1\r\nHost: bench\r\nContent-Length: 20\r\n\r\nbench-0000000007=ben',
    );
    expect(text(dialects.native.get(7, OPTIONS).bytes)).toBe(
      'GET /v1/keys/bench-0000000007 HTTP/1.1\r\nHost: bench\r\n\r\n',
    );
  });

  test('SET and WAIT go in one write, and both are answered', () => {
    const { bytes, commands, expected } = dialects.redis.put(7, OPTIONS);
    expect(text(bytes)).toBe(
      '*3\r\n$3\r\nSET\r\n$16\r\nbench-0000000007\r\n$20\r\nbench-0000000007=ben\r\n' +
        '*3\r\n$4\r\nWAIT\r\n$1\r\n2\r\n$5\r\n60000\r\n',
    );
    expect([commands, text(expected ?? Buffer.alloc(0))]).toEqual([2, '+OK\r\n:2\r\n']);
  });

  test("etcd's gateway takes bytes as base64", () => {
    const { bytes, expected } = dialects['etcd-json-serializable'].get(7, OPTIONS);
    expect(text(bytes)).toBe(
      'POST /v3/kv/range HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: 54\r\n\r\n' +
        '{"key":"YmVuY2gtMDAwMDAwMDAwNw==","serializable":true}',
    );
    expect(text(expected ?? Buffer.alloc(0))).toBe('"value":"YmVuY2gtMDAwMDAwMDAwNz1iZW4="');
  });

  test('a batch is about a hundred keys, and each must have been written', () => {
    const { bytes, operations, times } = dialects.batch.put(950, OPTIONS);
    const { operations: sent } = JSON.parse(text(bytes).split('\r\n\r\n')[1] ?? '') as {
      readonly operations: readonly { readonly put: { readonly key: string } }[];
    };
    expect([sent.length, operations, times]).toEqual([100, 100, 100]);
    expect([sent[0]?.put.key, sent[49]?.put.key, sent[50]?.put.key]).toEqual([
      'bench-0000000950',
      'bench-0000000999',
      'bench-0000000000',
    ]);
  });
});

describe('the order', () => {
  const plan = (options: Partial<Plan>): Plan => ({
    dialect: 'native',
    address: { host: '127.0.0.1', port: 1 },
    getShare: 0,
    connections: 1,
    keys: 100,
    valueBytes: 64,
    pace: { kind: 'closed' },
    warmUpMs: 0,
    measureMs: 0,
    ...options,
  });
  const sent = (requests: Requests, count: number) => Array.from({ length: count }, () => requests.next());

  test('every key comes before one comes again', () => {
    const items = sent(new Requests(plan({})), 100).map(({ item }) => item);
    expect(items.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, item) => item));
  });

  test('reads have their share, of any ten in a row as of all, and both kinds come to every key', () => {
    const all = sent(new Requests(plan({ getShare: 0.7 })), 1000);
    for (let at = 0; at < 1000; at += 10) {
      expect(all.slice(at, at + 10).filter(({ kind }) => kind === 'get').length).toBe(7);
    }
    for (const kind of ['get', 'put'] as const) {
      expect(new Set(all.filter((one) => one.kind === kind).map(({ item }) => item)).size).toBe(100);
    }
  });

  test('a batch begins where the one before it ends', () => {
    expect(new Requests(plan({ dialect: 'batch', keys: 300 })).puts.map(({ item }) => item)).toEqual([0, 100, 200]);
  });
});
