import { afterAll, describe, expect, test } from '@jest/globals';
import { Agent, request } from 'undici';
import type { Connection } from '../../src/adapters/kubernetes/create-group-api.ts';
import type { ApiAnswer } from '../../src/core/election/api.ts';
import { isUnfilled, type LeaseRecord } from '../../src/core/election/record.ts';
import { startEmbedded } from '../../src/embedded/start-embedded.ts';
import type { Endpoint, GroupApi } from '../../src/ports/kubernetes.ts';
import { startRealApiServer } from '../contract/real-api-server.ts';
import { content, groupApi, until } from '../unit/adapters/kubernetes/fixtures.ts';

/** An API server under test, and a way to it that is not ours. */
interface Target {
  readonly connection: Connection;
  fetch(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: Json }>;
  close(): Promise<void>;
}
type Json = Readonly<Record<string, unknown>>;

async function embedded(): Promise<Target> {
  const server = await startEmbedded({ host: '127.0.0.1', port: 0 });
  return target({ kind: 'url', url: server.url }, { url: server.url, close: () => server.close() });
}

async function real(): Promise<Target | { readonly skip: string }> {
  const server = await startRealApiServer();
  if ('skip' in server) return server;
  const { url, ca, token, kubeconfigPath } = server;
  return target({ kind: 'kubeconfig', path: kubeconfigPath }, { url, ca, token, close: () => server.close() });
}

function target(
  connection: Connection,
  server: { readonly url: string; readonly ca?: string; readonly token?: string; close(): Promise<void> },
): Target {
  const dispatcher = new Agent({ connect: server.ca === undefined ? {} : { ca: server.ca } });
  const headers = {
    'content-type': 'application/json',
    ...(server.token && { authorization: `Bearer ${server.token}` }),
  };
  return {
    connection,
    async fetch(method, path, body) {
      const answer = await request(server.url + path, {
        dispatcher,
        method: method as 'GET',
        headers,
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: answer.statusCode, body: (await answer.body.json()) as Json };
    },
    async close() {
      await dispatcher.destroy();
      await server.close();
    },
  };
}

const PODS = '/api/v1/namespaces/default/pods';
const EVENTS = '/api/v1/namespaces/default/events';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

const targets: readonly [string, Target | { readonly skip: string }][] = [
  ['the embedded API', await embedded()],
  ['a real kube-apiserver', await real()],
];

afterAll(async () => {
  for (const [, server] of targets) if ('close' in server) await server.close();
}, 30_000);

describe.each(targets)('on %s', (_name, server) => {
  if ('skip' in server) return test.skip(server.skip, () => undefined);

  let api: GroupApi;
  let leaseName: string;
  let count = 0;

  /** A test with a Lease of its own. */
  const check = (rule: string, body: () => Promise<void>): void =>
    test(rule, async () => {
      count += 1;
      leaseName = `group-${count}`;
      api = await groupApi({ connection: server.connection, leaseName, callTimeoutMs: 10_000 });
      try {
        await body();
      } finally {
        await api.close();
      }
    });

  const recordOf = (answer: ApiAnswer): LeaseRecord => {
    if (answer.kind !== 'record') throw new Error(JSON.stringify(answer));
    return answer.record;
  };
  const create = async (): Promise<LeaseRecord> => recordOf(await api.call({ kind: 'createLease' }));
  const replace = (base: LeaseRecord, nonce: string): Promise<ApiAnswer> =>
    api.call({ kind: 'replaceLease', base: base.version, content: content(nonce) });

  check('a Lease is absent, then created empty, once', async () => {
    expect(await api.call({ kind: 'readLease' })).toEqual({ kind: 'absent' });
    const record = await create();
    expect(isUnfilled(record.content)).toBe(true);
    expect(await api.call({ kind: 'createLease' })).toEqual({ kind: 'conflict' });
    expect(await api.call({ kind: 'readLease' })).toEqual({ kind: 'record', record });
  });

  check('a record reads as it was written', async () => {
    const written = recordOf(await replace(await create(), 'n1'));
    expect(written.content).toEqual(content('n1'));
    expect(await api.call({ kind: 'readLease' })).toEqual({ kind: 'record', record: written });
  });

  check('only the version that stands there is replaced', async () => {
    const first = await create();
    const second = recordOf(await replace(first, 'n1'));
    expect(await replace(first, 'n2')).toEqual({ kind: 'conflict' });
    expect(recordOf(await replace(second, 'n3')).content.nonce).toBe('n3');
  });

  check('every replace moves the version, since every nonce is another', async () => {
    const first = recordOf(await replace(await create(), 'n1'));
    const second = recordOf(await replace(first, 'n2'));
    expect(second.version.resourceVersion).not.toBe(first.version.resourceVersion);
    expect(second.version.uid).toBe(first.version.uid);
  });

  check('a replace never brings a deleted Lease back, nor touches its successor', async () => {
    const record = recordOf(await replace(await create(), 'n1'));
    await server.fetch('DELETE', `${LEASES}/${leaseName}`);
    expect(['conflict', 'absent']).toContain((await replace(record, 'n2')).kind);
    expect(await api.call({ kind: 'readLease' })).toEqual({ kind: 'absent' });
    const successor = await create();
    expect(await replace(record, 'n3')).toEqual({ kind: 'conflict' });
    expect(await api.call({ kind: 'readLease' })).toEqual({ kind: 'record', record: successor });
  });

  check('labels, owners and annotations of others outlive our writes', async () => {
    await create();
    const path = `${LEASES}/${leaseName}`;
    const { body } = await server.fetch('GET', path);
    const metadata = {
      ...(body['metadata'] as Json),
      labels: { team: 'x' },
      annotations: { 'other.dev/note': 'keep' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'o-1' }],
    };
    expect((await server.fetch('PUT', path, { ...body, metadata })).status).toBe(200);
    await replace(recordOf(await api.call({ kind: 'readLease' })), 'n1');
    expect((await server.fetch('GET', path)).body['metadata']).toMatchObject({
      labels: { team: 'x' },
      annotations: { 'other.dev/note': 'keep', 'kvstore.dev/nonce': 'n1' },
      ownerReferences: [{ name: 'owner' }],
    });
  });

  check('a Lease of another program is damaged, and can be replaced', async () => {
    await server.fetch('POST', LEASES, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: leaseName },
      spec: { holderIdentity: 'controller_1', leaseTransitions: 3 },
    });
    const answer = await api.call({ kind: 'readLease' });
    if (answer.kind !== 'damaged') throw new Error(JSON.stringify(answer));
    expect(answer.reason).toContain('spec.holderIdentity');
    const replaced = await api.call({ kind: 'replaceLease', base: answer.version, content: content('n1') });
    expect(recordOf(replaced).content).toEqual(content('n1'));
  });

  check('the pods that the selector names are listed, with what is known of their containers', async () => {
    const labels = { 'app.kubernetes.io/name': 'kvstore', test: leaseName };
    const spec = { containers: [{ name: 'kvstore', image: 'i', ports: [{ name: 'peer', containerPort: 7100 }] }] };
    const created = async (name: string, podLabels: object): Promise<string> => {
      const { status, body } = await server.fetch('POST', PODS, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `${leaseName}-${name}`, labels: podLabels },
        spec,
      });
      expect(status).toBe(201);
      return (body['metadata'] as { uid: string }).uid;
    };
    const newUid = await created('new', labels);
    const oldUid = await created('old', labels);
    await created('other', { 'app.kubernetes.io/name': 'other' });
    const statusPath = `${PODS}/${leaseName}-old/status`;
    const old = await server.fetch('GET', `${PODS}/${leaseName}-old`);
    const state = { terminated: { exitCode: 137 } };
    const status = {
      phase: 'Failed',
      podIP: '10.1.1.1',
      podIPs: [{ ip: '10.1.1.1' }],
      containerStatuses: [{ name: 'kvstore', image: 'i', imageID: '', ready: false, restartCount: 0, state }],
    };
    expect((await server.fetch('PUT', statusPath, { ...old.body, status })).status).toBe(200);

    await api.close();
    api = await groupApi({
      connection: server.connection,
      leaseName,
      podSelector: `test=${leaseName},app.kubernetes.io/name=kvstore`,
    });
    const answer = await api.call({ kind: 'listPods' });
    expect(answer).toEqual({
      kind: 'pods',
      pods: [
        { name: `${leaseName}-new`, uid: newUid, peerAddress: null, state: 'neverStarted', deleting: false },
        { name: `${leaseName}-old`, uid: oldUid, peerAddress: '10.1.1.1:7100', state: 'terminated', deleting: false },
      ],
    });
    // By its name a pod is found whatever its labels.
    await api.close();
    api = await groupApi({ connection: server.connection, leaseName, podSelector: 'nobody=has-this' });
    expect(await api.call({ kind: 'listPods' })).toEqual({ kind: 'pods', pods: [] });
    expect(await api.call({ kind: 'readPod', name: `${leaseName}-new` })).toMatchObject({ pods: [{ uid: newUid }] });
    expect(await api.call({ kind: 'readPod', name: `${leaseName}-none` })).toEqual({ kind: 'pods', pods: [] });
  });

  check('the record is followed from its creation to its deletion, each change within milliseconds', async () => {
    const stop = new AbortController();
    const seen: (string | null)[] = [];
    api.watchRecord((record) => seen.push(record === null ? null : record.content.nonce), stop.signal);
    await until('there is no Lease', () => seen.length > 0);
    let record = await create();
    const lags: number[] = [];
    for (let write = 1; write <= 10; write += 1) {
      record = recordOf(await replace(record, `n${write}`));
      const answeredAt = performance.now();
      await until(`write ${write} is reported`, () => seen.at(-1) === `n${write}`);
      lags.push(performance.now() - answeredAt);
    }
    await server.fetch('DELETE', `${LEASES}/${leaseName}`);
    await until('the deletion is reported', () => seen.at(-1) === null);
    expect(seen).toEqual([null, '', ...Array.from({ length: 10 }, (_, index) => `n${index + 1}`), null]);
    expect(lags.sort((a, b) => a - b)[5]).toBeLessThan(50);
    stop.abort();
  });

  check('the endpoints of the peer Service are followed, over all its slices', async () => {
    const service = `peers-of-${leaseName}`;
    await api.close();
    api = await groupApi({ connection: server.connection, leaseName, peerService: service });
    const stop = new AbortController();
    const reports: (readonly Endpoint[])[] = [];
    api.watchEndpoints((endpoints) => void reports.push(endpoints), stop.signal);
    await until('there are none', () => reports.length > 0);
    expect(reports).toEqual([[]]);

    const slice = (name: string, address: string, pod: string) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${leaseName}-${name}`, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      ports: [{ name: 'peer', port: 7000, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: [address],
          conditions: { ready: true, serving: true, terminating: false },
          targetRef: { kind: 'Pod', name: pod, namespace: 'default' },
        },
      ],
    });
    expect((await server.fetch('POST', SLICES, slice('s1', '10.2.0.1', 'p1'))).status).toBe(201);
    expect((await server.fetch('POST', SLICES, slice('s2', '10.2.0.2', 'p2'))).status).toBe(201);
    await until('both are reported', () => reports.at(-1)?.length === 2);
    expect(reports.at(-1)).toEqual([
      { podName: 'p1', peerAddress: '10.2.0.1:7000', ready: true, terminating: false },
      { podName: 'p2', peerAddress: '10.2.0.2:7000', ready: true, terminating: false },
    ]);
    await server.fetch('DELETE', `${SLICES}/${leaseName}-s1`);
    await until('one is left', () => reports.at(-1)?.length === 1);
    stop.abort();
  });

  check('an Event lands on the Lease', async () => {
    const record = await create();
    api.emitEvent({ reason: 'NewLineage', message: 'Acknowledged writes may be lost.', severity: 'Warning' });
    const events = async (): Promise<readonly Json[]> => {
      const { body } = await server.fetch('GET', `${EVENTS}?fieldSelector=involvedObject.name%3D${leaseName}`);
      return body['items'] as readonly Json[];
    };
    const deadline = performance.now() + 5000;
    while ((await events()).length === 0 && performance.now() < deadline);
    expect(await events()).toEqual([
      expect.objectContaining({
        reason: 'NewLineage',
        type: 'Warning',
        message: 'Acknowledged writes may be lost.',
        involvedObject: expect.objectContaining({ kind: 'Lease', uid: record.version.uid }),
      }),
    ]);
  });
});
