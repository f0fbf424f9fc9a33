import { expect, test } from '@jest/globals';
import request from 'supertest';

import { apiUnderTest } from './api-under-test.ts';

test('a process is alive if it answers at all, and ready if its probe says so', async () => {
  const { api, readiness, operations } = apiUnderTest();
  // Nothing is asked of the store: it may be what hangs.
  operations.gate = new Promise(() => undefined);
  const alive = await request(api).get('/livez');
  expect([alive.status, alive.text]).toEqual([200, '{"status":"alive"}']);
  const ready = await request(api).get('/readyz');
  expect([ready.status, ready.text]).toEqual([200, '{"status":"ready","reason":"in sync"}']);
  Object.assign(readiness, { ready: false, reason: 'catching up' });
  const behind = await request(api).get('/readyz');
  expect([behind.status, behind.text]).toEqual([503, '{"status":"not-ready","reason":"catching up"}']);
  await request(api).head('/readyz').expect(503);
});

test('/metrics is what Prometheus reads', async () => {
  const answer = await request(apiUnderTest().api).get('/metrics');
  expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    'kvstore_epoch{group="0"} 3\n',
  ]);
});

test('/v1/cluster shows what is known of the replicas', async () => {
  const answer = await request(apiUnderTest().api).get('/v1/cluster');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    leader: 'kv-1',
    epoch: 3,
    lineage: { number: 1, id: 'd1-1' },
    members: ['kv-0', 'kv-1', 'kv-2'],
    standbys: [],
    frozen: false,
    replicas: [],
    unreachable: [{ podName: 'kv-2', peerAddress: '[::1]:7000', reason: 'refused' }],
  });
});

test('/v1 lists features and limits', async () => {
  const answer = await request(apiUnderTest().api).get('/v1');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    name: 'kvstore',
    release: '1.2.3',
    process: 'proxy',
    features: [
      'keys',
      'conditions',
      'consistency',
      'sessions',
      'idempotency',
      'batches',
      'transactions',
      'counters',
      'ttl',
      'idle',
      'lists',
      'watches',
      'history',
      'locks',
    ],
    readModes: ['in-sync', 'linearizable', 'session', 'eventual'],
    limits: {
      keyBytesMax: 1024,
      valueBytesMax: 1000,
      contentTypeBytesMax: 255,
      idempotencyKeyBytesMax: 255,
      batchOperationsMax: 1000,
      transactionPartsMax: 128,
      compositeBytesMax: 4194304,
      listItemsMax: 1000,
      lockOwnerBytesMax: 256,
      lockTtlMsMax: 86_400_000,
      lockWaitMsMax: 10_000,
      deletedKeysMax: 10000,
    },
  });
});

test('the root says hello', async () => {
  const answer = await request(apiUnderTest().api).get('/');
  expect([answer.status, answer.text]).toEqual([200, '{"message":"Hello!"}']);
});
