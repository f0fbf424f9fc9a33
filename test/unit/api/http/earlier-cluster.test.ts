import { describe, expect, test } from '@jest/globals';
import request from 'supertest';

import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { Key } from '../../../../src/core/base/key.ts';
import { apiUnderTest, knownReplicas } from './api-under-test.ts';

/** What the gateway and the controller of earlier services tell, of replicas that stand as a test wants them. */

const text = async (path: string, options: Parameters<typeof apiUnderTest>[0] = {}): Promise<[number, string]> => {
  const { api, operations } = apiUnderTest(options);
  operations.replicas = knownReplicas.flatMap(({ summary }) =>
    summary === null ? [] : [{ ...summary, peerAddress: '' }],
  );
  const answer = await request(api).get(path);
  return [answer.status, answer.text];
};

const nobody = { knownReplicas: { kind: 'all', replicas: () => [] } } as const;

describe('the controller', () => {
  test('counts and lists those that answer', async () => {
    expect(await text('/health')).toEqual([200, '{"status":"controller up","workers_count":2}']);
    expect(await text('/workers')).toEqual([
      200,
      '{"kv-0":{"address":"http://10.0.0.1:8000"},"kv-1":{"address":"http://[fd00::2]:8000"}}',
    ]);
  });

  test('maps every key to the leader first, then to the other members', async () => {
    expect(await text('/map?key=a')).toEqual([
      200,
      '{"primary":"http://[fd00::2]:8000","replicas":["http://[fd00::2]:8000","http://10.0.0.1:8000"]}',
    ]);
  });

  test('maps to the members while nobody leads, and to nobody who is not in sync', async () => {
    const [member, leader] = knownReplicas;
    if (member === undefined || leader === undefined) throw new Error('no replicas');
    const replicas = [member, { ...leader, standing: 'standby' } as const];
    expect(await text('/map?key=a', { knownReplicas: { kind: 'all', replicas: () => replicas } })).toEqual([
      200,
      '{"primary":"http://10.0.0.1:8000","replicas":["http://10.0.0.1:8000"]}',
    ]);
  });

  test('says that it knows nobody', async () => {
    expect(await text('/health', nobody)).toEqual([200, '{"status":"controller up","workers_count":0}']);
    expect(await text('/workers', nobody)).toEqual([200, '{}']);
    expect(await text('/map?key=a', nobody)).toEqual([503, '{"detail":"no available workers"}']);
  });
});

describe('the gateway', () => {
  test('names hot spots and slow servers, and what each took', async () => {
    const answer = await request(apiUnderTest().api).get('/insights');
    expect(answer.body).toEqual({
      total_requests: 100,
      avg_latency_ms: 3,
      hot_spots: ['kv-1'],
      slow_servers: ['kv-1'],
      servers: {
        'kv-0': { requests: 10, latency_ms: 1, cpu_percent: 1.3, memory_percent: 2.3 },
        'kv-1': { requests: 90, latency_ms: 8, cpu_percent: 1.3, memory_percent: 2.3 },
        'kv-2': { requests: 0, latency_ms: 0, cpu_percent: null, memory_percent: null },
      },
    });
  });

  test('gives the sizes of one server, and says when nothing more fits', async () => {
    expect(await text('/cache/stats?server=kv-0')).toEqual([
      200,
      '{"current_size":4000,"max_size":10000,"is_full":false,"expiration_minutes":null}',
    ]);
    expect(await text('/cache/stats?server=kv-1')).toEqual([
      200,
      '{"current_size":9960,"max_size":10000,"is_full":true,"expiration_minutes":null}',
    ]);
    expect(await text('/db/stats?server=kv-0')).toEqual([
      200,
      '{"total_keys":5,"total_versions":7,"database_size_bytes":3000}',
    ]);
  });

  test('tells a server that does not answer from one that there is not', async () => {
    expect(await text('/db/stats?server=kv-2')).toEqual([503, '{"detail":"Backend service is unavailable"}']);
    expect(await text('/db/stats?server=kv-3')).toEqual([
      503,
      `{"detail":"No servers available: Server 'kv-3' not found. Available servers: ['kv-0', 'kv-1', 'kv-2']"}`,
    ]);
    expect(await text('/db/stats?server=%FF')).toEqual([
      503,
      `{"detail":"No servers available: Server '%FF' not found. Available servers: ['kv-0', 'kv-1', 'kv-2']"}`,
    ]);
  });

  test('says that it knows nobody', async () => {
    expect(await text('/servers', nobody)).toEqual([200, '{"servers":[],"count":0}']);
    expect(await text('/insights', nobody)).toEqual([200, '{"error":"No metrics data available"}']);
    expect(await text('/db/stats?server=kv-0', nobody)).toEqual([
      503,
      '{"detail":"No servers available: No servers configured"}',
    ]);
  });

  test('measures its machine', async () => {
    expect(await text('/system/stats')).toEqual([
      200,
      '{"cpu_percent":12.3,"memory_percent":56.8,"disk_percent":90.1}',
    ]);
  });
});

describe('a worker', () => {
  test('that cannot write says so in its own words', async () => {
    const { api, operations } = apiUnderTest();
    operations.nextWrite = { kind: 'unavailable', code: 'no-leader', outcome: 'unknown', detail: 'no leader for 10 s' };
    const answer = await request(api).put('/kv/k').send({ value: 'v' });
    expect([answer.status, answer.text, answer.headers['retry-after']]).toEqual([
      503,
      '{"detail":"write failed; acks=0"}',
      '1',
    ]);
    operations.nextWrite = { kind: 'refused', code: 'memory-full', leaderHint: null };
    expect((await request(api).put('/kv/k').send({ value: 'v' })).status).toBe(507);
  });

  test('that cannot read says why', async () => {
    const { api, operations } = apiUnderTest();
    for (const path of ['/kv/k', '/keys', '/api/v1/keys?key=k', '/get_value/72cf48f7-d604-4423-b012-4e2329f5117b']) {
      operations.nextRead = { kind: 'unavailable', code: 'no-replica', outcome: 'none', detail: 'no replica answered' };
      const answer = await request(api).get(path);
      expect([path, answer.status, answer.headers['retry-after']]).toEqual([path, 503, '1']);
      expect(answer.body).toEqual({ detail: expect.stringMatching(/^No replica answered\. /) });
    }
  });

  test('lists keys page by page, each no older than the one before, and cuts the answer off where it cannot go on', async () => {
    const { api, operations } = apiUnderTest();
    const stored = {
      value: new Uint8Array(0),
      contentType: null,
      modifiedMs: operations.timeMs,
      expiresAtMs: null,
      idleMs: null,
    };
    for (let number = 0; number < 2001; number += 1) {
      const revision = logIndex(number + 1);
      operations.values.set(`k${String(number).padStart(4, '0')}` as Key, {
        ...stored,
        revision,
        createRevision: revision,
        version: 1 as never,
      });
    }
    operations.revision = logIndex(2001);
    const { keys } = (await request(api).get('/keys')).body as { readonly keys: readonly string[] };
    expect([keys.length, keys[0], keys[1000], keys[2000]]).toEqual([2001, 'k0000', 'k1000', 'k2000']);
    const seen = { lineage: { number: 1, id: 'd1-1' }, revision: 2001 };
    expect(operations.reads.map(({ token }) => token)).toEqual([null, seen, seen]);

    const read = operations.read.bind(operations);
    let asked = 0;
    operations.read = (asking) => {
      asked += 1;
      if (asked === 2) operations.nextRead = { kind: 'declined', code: 'not-in-sync' };
      return read(asking);
    };
    await expect(request(api).get('/keys')).rejects.toThrow(/aborted|hang up|terminated/);
  });
});
