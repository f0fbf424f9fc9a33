import { once } from 'node:events';
import { createServer, request as openRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import request, { type Response } from 'supertest';

import { logIndex, wallMs } from '../../../../src/core/base/numbers.ts';
import { apiUnderTest } from './api-under-test.ts';

interface Told {
  readonly name: string;
  readonly lockId: string;
  readonly fencingToken: string;
  readonly expiresAt: string;
  readonly owner: string | null;
  readonly remainingMs: number;
  readonly code: string;
  readonly detail: string;
  readonly retryable: boolean;
  readonly holder: object;
}

const toldBy = (answer: Response): Told => answer.body as Told;
const codeOf = (answer: Response): unknown => [answer.status, toldBy(answer).code];

function apiWithLocks() {
  const under = apiUnderTest();
  const { api, operations } = under;
  return {
    ...under,
    pass: (ms: number): void => {
      operations.timeMs = wallMs(operations.timeMs + ms);
    },
    acquire: (body: object, headers: Record<string, string> = {}, name = 'l') =>
      request(api).post(`/v1/locks/${name}`).set(headers).send(body),
    renew: (lockId: string, body: object = { ttl: '30s' }) => request(api).put(`/v1/locks/l/${lockId}`).send(body),
    release: (lockId: string) => request(api).delete(`/v1/locks/l/${lockId}`),
    show: () => request(api).get('/v1/locks/l'),
    put: (fence: string) => request(api).put('/v1/keys/k').set('X-KV-Fence', fence).type('text/plain').send('v'),
  };
}

describe('a lock', () => {
  test('is got, shown, renewed and released', async () => {
    const { acquire, show, renew, release, pass } = apiWithLocks();
    const got = await acquire({ ttl: '30s', owner: 'job-7' });
    expect(got.status).toBe(201);
    expect(toldBy(got)).toEqual({
      name: 'l',
      lockId: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      fencingToken: '100000000000001',
      expiresAt: '2026-01-02T03:04:35.678Z',
    });
    pass(10_000);
    const shown = await show();
    expect([shown.status, shown.body]).toEqual([
      200,
      {
        name: 'l',
        owner: 'job-7',
        fencingToken: '100000000000001',
        expiresAt: '2026-01-02T03:04:35.678Z',
        remainingMs: 20_000,
      },
    ]);
    const { lockId } = toldBy(got);
    const renewed = await renew(lockId);
    expect([renewed.status, toldBy(renewed).fencingToken, toldBy(renewed).expiresAt]).toEqual([
      200,
      '100000000000001',
      '2026-01-02T03:04:45.678Z',
    ]);
    expect((await release(lockId)).status).toBe(204);
    expect(codeOf(await show())).toEqual([404, 'no-lock']);
    for (const late of [await renew(lockId), await release(lockId)]) expect(codeOf(late)).toEqual([404, 'no-lock']);
  });

  test('that is held is refused: who has it is told, and that a retry may succeed', async () => {
    const { acquire } = apiWithLocks();
    await acquire({ ttl: 30, owner: 'she' });
    const refused = await acquire({ ttl: 30 });
    expect([...(codeOf(refused) as unknown[]), refused.headers['retry-after'], toldBy(refused).retryable]).toEqual([
      409,
      'lock-held',
      '1',
      true,
    ]);
    expect(toldBy(refused).holder).toEqual({
      name: 'l',
      owner: 'she',
      fencingToken: '100000000000001',
      expiresAt: '2026-01-02T03:04:35.678Z',
    });
  });

  test('has a name as keys have them, and none of its own among the keys', async () => {
    const { api, acquire } = apiWithLocks();
    const got = await acquire({ ttl: 30 }, {}, 'a/b%3Ac');
    expect(toldBy(got).name).toBe('a/b:c');
    expect(
      (
        await request(api)
          .put(`/v1/locks/a/b:c/${toldBy(got).lockId}`)
          .send({ ttl: 30 })
      ).status,
    ).toBe(200);
    expect((await request(api).get('/v1/keys/a/b:c')).status).toBe(404);
    expect(codeOf(await acquire({ ttl: 30 }, {}, 'a/../b'))).toEqual([400, 'bad-key']);
    expect(codeOf(await acquire({ ttl: 30 }, {}, ''))).toEqual([400, 'bad-key']);
    expect(codeOf(await acquire({ ttl: 30 }, {}, 'x'.repeat(1025)))).toEqual([400, 'bad-key']);
  });

  test.each([
    [{}, 'ttl'],
    [{ ttl: '0' }, 'ttl must be seconds'],
    [{ ttl: '999ms' }, '1s to 24h'],
    [{ ttl: '25h' }, '1s to 24h'],
    [{ ttl: null }, 'ttl'],
    [{ ttl: 30, wait: '11s' }, 'wait must be'],
    [{ ttl: 30, wait: 'long' }, 'wait'],
    [{ ttl: 30, owner: 'ä'.repeat(129) }, 'at most 256 bytes'],
    [{ ttl: 30, owner: '\ud800' }, 'at most 256 bytes'],
    [{ ttl: 30, lockId: 'mine' }, 'lockId'],
  ])('%j is refused, with what to do', async (body, words) => {
    const { acquire, operations } = apiWithLocks();
    const answer = await acquire(body);
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
    expect(toldBy(answer).detail).toContain(words);
    expect(operations.writes).toEqual([]);
  });

  test('a path without a lockId, or with what is none, is refused', async () => {
    const { api } = apiWithLocks();
    expect(codeOf(await request(api).put('/v1/locks/l').send({ ttl: 30 }))).toEqual([400, 'bad-request']);
    expect(codeOf(await request(api).delete('/v1/locks/l/nobody'))).toEqual([404, 'no-lock']);
  });

  test('a fence is refused here rather than passed over', async () => {
    const { acquire } = apiWithLocks();
    expect(codeOf(await acquire({ ttl: 30 }, { 'X-KV-Fence': 'l:1' }))).toEqual([400, 'bad-request']);
  });
});

describe('an acquisition under an Idempotency-Key', () => {
  const once = { 'Idempotency-Key': 'once' };

  test('gives the same lock again, and is refused for another', async () => {
    const { acquire } = apiWithLocks();
    const first = await acquire({ ttl: 30 }, once);
    expect((await acquire({ ttl: '30s' }, once)).body).toEqual(first.body);
    expect(codeOf(await acquire({ ttl: 31 }, once))).toEqual([422, 'idempotency-mismatch']);
  });

  test('that did not get the lock gets it when it is free', async () => {
    const { acquire, release } = apiWithLocks();
    const { lockId } = toldBy(await acquire({ ttl: 30 }));
    expect((await acquire({ ttl: 30 }, once)).status).toBe(409);
    await release(lockId);
    expect((await acquire({ ttl: 30 }, once)).status).toBe(201);
  });
});

describe('X-KV-Fence', () => {
  test('a write is done while the lock is held under its token, and refused from the moment that it passes on', async () => {
    const { acquire, put, pass, operations } = apiWithLocks();
    const old = toldBy(await acquire({ ttl: 1 })).fencingToken;
    expect((await put(`l:${old}`)).status).toBe(201);
    pass(1000);
    expect(codeOf(await put(`l:${old}`))).toEqual([412, 'fence-stale']);
    const current = toldBy(await acquire({ ttl: 30 })).fencingToken;
    expect(BigInt(current)).toBeGreaterThan(BigInt(old));
    expect(codeOf(await put(`l:${old}`))).toEqual([412, 'fence-stale']);
    expect((await put(`l:${current}`)).status).toBe(200);
    expect(operations.values.get('k' as never)?.version).toBe(2);
  });

  test('guards every kind of write', async () => {
    const { api, operations } = apiWithLocks();
    const writes = [
      request(api).put('/v1/keys/k').type('text/plain').send('v'),
      request(api).post('/v1/keys/k').type('text/plain').send('v'),
      request(api).post('/v1/keys/k?incr=1'),
      request(api).patch('/v1/keys/k').send({ ttl: 5 }),
      request(api).delete('/v1/keys/k'),
      request(api).delete('/v1/keys?prefix=k&expect=0'),
      request(api)
        .post('/v1/batch')
        .send({ operations: [{ put: { key: 'k', value: 'v' } }] }),
      request(api)
        .post('/v1/txn')
        .send({ then: [{ put: { key: 'k', value: 'v' } }] }),
    ];
    for (const write of writes) expect(codeOf(await write.set('X-KV-Fence', 'l:912'))).toEqual([412, 'fence-stale']);
    // The earlier services did not know it, but passing over it would write what must not be written.
    const earlier = [request(api).put('/put').send({ key: 'k', value: 'v' }), request(api).delete('/delete/k')];
    for (const write of earlier) expect((await write.set('X-KV-Fence', 'l:912')).status).toBe(412);
    expect(operations.values.size).toBe(0);
  });

  test('that is none is refused, with what is wrong with it', async () => {
    const { put, operations } = apiWithLocks();
    for (const fence of ['l', 'l:x', '%:1']) expect(codeOf(await put(fence))).toEqual([400, 'bad-request']);
    expect(operations.writes).toEqual([]);
  });

  test('of an earlier lineage is stale; the holder learns its new token when it renews', async () => {
    const { acquire, renew, put, operations } = apiWithLocks();
    const { lockId, fencingToken } = toldBy(await acquire({ ttl: 30 }));
    operations.lineage = { number: 2, id: 'd2-1' };
    expect(codeOf(await put(`l:${fencingToken}`))).toEqual([412, 'fence-stale']);
    const renewed = toldBy(await renew(lockId)).fencingToken;
    expect(renewed).toBe('200000000000001');
    expect((await put(`l:${renewed}`)).status).toBe(201);
  });
});

describe('wait', () => {
  test('the lock is got as soon as it is free', async () => {
    const { acquire, release } = apiWithLocks();
    const { lockId } = toldBy(await acquire({ ttl: 30 }));
    const waiting = acquire({ ttl: 30, wait: '5s' }).then((answer) => answer);
    await sleep(100);
    await release(lockId);
    expect((await waiting).status).toBe(201);
  });

  test('no longer than it says', async () => {
    const { acquire } = apiWithLocks();
    await acquire({ ttl: 30, owner: 'she' });
    const began = performance.now();
    const refused = await acquire({ ttl: 30, wait: '200ms' });
    expect(codeOf(refused)).toEqual([409, 'lock-held']);
    expect(toldBy(refused).holder).toMatchObject({ owner: 'she' });
    expect(performance.now() - began).toBeGreaterThan(190);
  });

  test('first come, first served', async () => {
    const { acquire, release, operations } = apiWithLocks();
    let { lockId } = toldBy(await acquire({ ttl: 30 }));
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (place) => {
      await sleep(20 * place);
      const answer = await acquire({ ttl: 30, wait: '5s', owner: String(place) });
      order.push(place);
      ({ lockId } = toldBy(answer));
    });
    await sleep(100);
    for (const done of [1, 2, 3]) {
      await release(lockId);
      while (order.length < done) await sleep(5);
    }
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    // Only the first of the queue asks.
    expect(operations.writes.filter(({ command }) => command.kind === 'acquire').length).toBeLessThan(10);
  });

  test('a process that is to stop sends those who wait elsewhere', async () => {
    const { acquire, readiness } = apiWithLocks();
    await acquire({ ttl: 30 });
    const waiting = acquire({ ttl: 30, wait: '5s' }).then((answer) => answer);
    await sleep(60);
    readiness.ready = false;
    expect(codeOf(await waiting)).toEqual([409, 'lock-held']);
  });
});

describe('a client that leaves', () => {
  /** Asks for the lock, hangs up after a moment, and resolves when the server knows. */
  async function leaves(
    under: ReturnType<typeof apiWithLocks>,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const server = createServer(under.api).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const options = { port, method: 'POST', path: '/v1/locks/l' };
    const asked = openRequest({ ...options, headers: { 'content-type': 'application/json', ...headers } });
    asked.on('error', () => undefined);
    asked.end(JSON.stringify(body));
    const [seen] = (await once(server, 'request')) as [IncomingMessage];
    await sleep(100);
    asked.destroy();
    await once(seen.socket, 'close');
    server.close();
  }

  /** Those who ask are answered only when it is opened. */
  function gated(under: ReturnType<typeof apiWithLocks>): () => Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    under.operations.gate = promise;
    return async () => {
      resolve(undefined);
      under.operations.gate = null;
      await sleep(50);
    };
  }

  test('while it waits gets nothing', async () => {
    const under = apiWithLocks();
    const { lockId } = toldBy(await under.acquire({ ttl: 30 }));
    await leaves(under, { ttl: 30, wait: '5s' });
    await under.release(lockId);
    await sleep(300);
    expect(codeOf(await under.show())).toEqual([404, 'no-lock']);
  });

  test('at the moment that it gets the lock does not keep it', async () => {
    const under = apiWithLocks();
    const open = gated(under);
    await leaves(under, { ttl: 30 });
    await open();
    expect(under.operations.writes.map(({ command }) => command.kind)).toEqual(['acquire', 'release']);
    expect(codeOf(await under.show())).toEqual([404, 'no-lock']);
  });

  test('with an Idempotency-Key keeps it: it can come back for it', async () => {
    const under = apiWithLocks();
    const headers = { 'Idempotency-Key': 'back' };
    const open = gated(under);
    await leaves(under, { ttl: 30 }, headers);
    await open();
    const back = await under.acquire({ ttl: 30 }, headers);
    expect([back.status, toldBy(back).fencingToken]).toEqual([201, '100000000000001']);
  });
});

test('a read of a lock that nobody can answer says so', async () => {
  const { show, operations } = apiWithLocks();
  operations.nextRead = { kind: 'declined', code: 'replica-behind' };
  expect(codeOf(await show())).toEqual([503, 'replica-behind']);
  operations.revision = logIndex(5);
  expect((await show().query({ consistency: 'linearizable' })).headers['x-kv-consistency']).toBe('linearizable');
});
