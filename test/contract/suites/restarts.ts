import { beforeAll, expect, test } from '@jest/globals';
import type { Body } from '../api-client.ts';
import type { ApiUnderTest } from '../apis.ts';
import { lease, LEASES, pod, PODS, uniqueName } from '../objects.ts';

export function restartContract({ client: api, restart }: ApiUnderTest): void {
  let oldest: Body;
  let newest: Body;
  let continueToken: string;

  beforeAll(async () => {
    oldest = (await api.post(LEASES, lease(uniqueName()))).body;
    const name = uniqueName();
    const before = (await api.post(LEASES, lease(name))).body;
    continueToken = (await api.get(`${LEASES}?limit=1`)).body.metadata.continue;
    newest = (await api.put(`${LEASES}/${name}`, { ...before, spec: { leaseTransitions: 1 } })).body;
    // Something else that is newer than all Leases, for the watch that goes on from the newest of them.
    await api.post(PODS, pod(uniqueName()));
    await restart();
  }, 90_000);

  test('objects have kept uid and version, and a replace of that version succeeds', async () => {
    const path = `${LEASES}/${newest.metadata.name}`;
    expect((await api.get(path)).body).toEqual(newest);
    const { status, body } = await api.put(path, { ...newest, spec: { leaseTransitions: 2 } });
    expect(status).toBe(200);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(newest.metadata.resourceVersion));
  });

  test('a watch from before it gets 410 as an event, and its end', async () => {
    const watch = await api.watch(`${LEASES}?watch=1&resourceVersion=${oldest.metadata.resourceVersion}`);
    expect(watch.status).toBe(200);
    await watch.ended;
    expect(watch.events).toEqual([
      {
        type: 'ERROR',
        object: {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: expect.stringContaining(`too old resource version: ${oldest.metadata.resourceVersion} (`),
          reason: 'Expired',
          code: 410,
        },
      },
    ]);
  });

  test('a list from before it is gone: 410 as an answer, with a token to go on inconsistently', async () => {
    const { status, body } = await api.get(`${LEASES}?limit=1&continue=${continueToken}`);
    expect(status).toBe(410);
    expect(body).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 });
    const next = await api.get(`${LEASES}?continue=${body.metadata.continue}`);
    expect(next.status).toBe(200);
    const { metadata } = oldest;
    const exact = await api.get(`${LEASES}?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`);
    expect([exact.status, exact.body.reason]).toEqual([410, 'Expired']);
  });

  test('a watch from a list that came after it goes on', async () => {
    const { body: list } = await api.get(LEASES);
    const watch = await api.watch(`${LEASES}?watch=1&resourceVersion=${list.metadata.resourceVersion}`);
    const name = uniqueName();
    await api.post(LEASES, lease(name));
    expect(await watch.names(1)).toEqual([`ADDED ${name}`]);
    watch.close();
  });
}
