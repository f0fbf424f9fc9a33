import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { emptyLease } from '../../src/adapters/kubernetes/lease-record.ts';
import type { Answer, ApiClient } from './api-client.ts';
import { Installation } from './installation.ts';
import { event, EVENTS, lease, LEASES, pod, PODS, SLICES } from './objects.ts';

/*
 * What `k8s/base` lets each service account do, asked of a real API server with tokens such as pods get. Allowed is every
 * request of src/adapters/kubernetes, by its query too; what is refused is what somebody might want of a pod of ours that
 * was taken over.
 */
const LEASE = `${LEASES}/kvstore`;
const OTHER_LEASE = `${LEASES}/other`;
const OF_LEASE = 'limit=500&fieldSelector=metadata.name%3Dkvstore';
const OF_PODS = 'limit=500&labelSelector=app.kubernetes.io%2Fname%3Dkvstore';
const OF_SLICES = 'limit=500&labelSelector=kubernetes.io%2Fservice-name%3Dkvstore-peers';
const WATCH = 'watch=true&allowWatchBookmarks=true&timeoutSeconds=1';
const elsewhere = (path: string): string => path.replace('/namespaces/default/', '/namespaces/elsewhere/');

type Ask = (client: ApiClient) => Promise<Answer>;
const get =
  (path: string): Ask =>
  (client) =>
    client.get(path);
const remove =
  (path: string): Ask =>
  (client) =>
    client.delete(path);
const post =
  (path: string, body: object): Ask =>
  (client) =>
    client.post(path, body);
const put =
  (path: string, body: object): Ask =>
  (client) =>
    client.put(path, body);
const patch =
  (path: string, body: object): Ask =>
  (client) =>
    client.call('PATCH', path, body, { 'content-type': 'application/merge-patch+json' });

/** Every request of a replica. */
const REPLICA: readonly (readonly [string, Ask, number])[] = [
  ['create the Lease', post(LEASES, emptyLease('kvstore', 'default')), 201],
  ['read the Lease', get(LEASE), 200],
  [
    'replace the Lease',
    async (client) => client.put(LEASE, { ...(await client.get(LEASE)).body, spec: { leaseTransitions: 1 } }),
    200,
  ],
  ['list the Lease by its name', get(`${LEASES}?${OF_LEASE}`), 200],
  ['watch the Lease by its name', get(`${LEASES}?${OF_LEASE}&${WATCH}`), 200],
  ['list the pods of the group', get(`${PODS}?${OF_PODS}`), 200],
  ['read a pod by its name', get(`${PODS}/kvstore-0`), 200],
  ['be told that there is no such pod', get(`${PODS}/kvstore-9`), 404],
  ['list the endpoints of the peers', get(`${SLICES}?${OF_SLICES}`), 200],
  ['watch the endpoints of the peers', get(`${SLICES}?${OF_SLICES}&${WATCH}`), 200],
  ['emit an Event', post(EVENTS, event('of-a-replica')), 201],
];

/** Every request of a proxy. */
const PROXY: readonly (readonly [string, Ask, number])[] = [
  ['read the Lease', get(LEASE), 200],
  ['list the Lease by its name', get(`${LEASES}?${OF_LEASE}`), 200],
  ['watch the Lease by its name', get(`${LEASES}?${OF_LEASE}&${WATCH}`), 200],
  ['list the endpoints of the peers', get(`${SLICES}?${OF_SLICES}`), 200],
  ['watch the endpoints of the peers', get(`${SLICES}?${OF_SLICES}&${WATCH}`), 200],
];

const FORBIDDEN: readonly (readonly [string, Ask])[] = [
  ['delete the Lease', remove(LEASE)],
  ['delete all Leases', remove(LEASES)],
  ['delete the Lease as one of a collection', remove(`${LEASES}?${OF_LEASE}`)],
  ['patch the Lease', patch(LEASE, { spec: { holderIdentity: 'me' } })],
  ['read another Lease', get(OTHER_LEASE)],
  ['replace another Lease', put(OTHER_LEASE, lease('other'))],
  ['delete another Lease', remove(OTHER_LEASE)],
  ['list all Leases', get(LEASES)],
  ['watch all Leases', get(`${LEASES}?${WATCH}`)],
  ['list another Lease by its name', get(`${LEASES}?fieldSelector=metadata.name%3Dother`)],
  ['list Leases by a label', get(`${LEASES}?labelSelector=a%3Db`)],
  ['list the Leases of all namespaces', get(`/apis/coordination.k8s.io/v1/leases?${OF_LEASE}`)],
  ['read the Lease of another namespace', get(elsewhere(LEASE))],
  ['create a Lease in another namespace', post(elsewhere(LEASES), lease('kvstore'))],
  ['create a pod', post(PODS, pod('mine'))],
  ['replace a pod', put(`${PODS}/kvstore-0`, pod('kvstore-0'))],
  ['write the status of a pod', put(`${PODS}/kvstore-0/status`, pod('kvstore-0'))],
  ['delete a pod', remove(`${PODS}/kvstore-0`)],
  ['delete all pods', remove(PODS)],
  ['evict a pod', post(`${PODS}/kvstore-0/eviction`, { metadata: { name: 'kvstore-0' } })],
  ['run something in a pod', get(`${PODS}/kvstore-0/exec?command=sh`)],
  ['attach to a pod', get(`${PODS}/kvstore-0/attach`)],
  ['forward a port of a pod', get(`${PODS}/kvstore-0/portforward`)],
  ['read the log of a pod', get(`${PODS}/kvstore-0/log`)],
  ['watch pods', get(`${PODS}?${OF_PODS}&${WATCH}`)],
  ['list the pods of another namespace', get(elsewhere(PODS))],
  ['list the pods of all namespaces', get('/api/v1/pods')],
  ['create endpoints', post(SLICES, { metadata: { name: 'mine' }, addressType: 'IPv4', endpoints: [] })],
  ['replace endpoints', put(`${SLICES}/s`, { metadata: { name: 's' }, addressType: 'IPv4', endpoints: [] })],
  ['delete endpoints', remove(`${SLICES}/s`)],
  ['list the endpoints of another namespace', get(elsewhere(SLICES))],
  ['list Events', get(EVENTS)],
  ['delete an Event', remove(`${EVENTS}/e`)],
  ['list secrets', get('/api/v1/namespaces/default/secrets')],
  ['read a secret', get('/api/v1/namespaces/default/secrets/s')],
  ['create a secret', post('/api/v1/namespaces/default/secrets', { metadata: { name: 's' } })],
  ['list ConfigMaps', get('/api/v1/namespaces/default/configmaps')],
  ['list Services', get('/api/v1/namespaces/default/services')],
  ['ask for a token', post('/api/v1/namespaces/default/serviceaccounts/kvstore/token', { spec: {} })],
  ['list nodes', get('/api/v1/nodes')],
  ['list namespaces', get('/api/v1/namespaces')],
  ['scale', put('/apis/apps/v1/namespaces/default/deployments/kvstore/scale', { spec: { replicas: 0 } })],
  ['read a Deployment', get('/apis/apps/v1/namespaces/default/deployments/kvstore')],
  [
    'give itself more',
    put('/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/kvstore', { metadata: { name: 'kvstore' } }),
  ],
  [
    'unbind the Lease guard',
    remove('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/kvstore-lease-guard'),
  ],
];

/** What a replica may do and a proxy has no need of. */
const FORBIDDEN_TO_PROXIES: readonly (readonly [string, Ask])[] = [
  ['create the Lease', post(LEASES, emptyLease('kvstore', 'default'))],
  ['replace the Lease', put(LEASE, emptyLease('kvstore', 'default'))],
  ['list pods', get(PODS)],
  ['read a pod', get(`${PODS}/kvstore-0`)],
  ['emit an Event', post(EVENTS, event('of-a-proxy'))],
];

const installation = await Installation.start();
if ('skip' in installation) test.skip(`permissions: ${installation.skip}`, () => undefined);
else describe('permissions', () => permissionTests(installation));

function permissionTests(cluster: Installation): void {
  const clients: Record<string, ApiClient> = {};
  const as = (name: string): ApiClient => {
    const client = clients[name];
    if (client === undefined) throw new Error(`no client ${name}`);
    return client;
  };

  beforeAll(async () => {
    await cluster.createNamespace('elsewhere');
    await cluster.kubectl('apply', '--server-side', '-k', 'k8s/base', '-n', 'default');
    for (const name of ['kvstore', 'kvstore-proxy']) clients[name] = await cluster.serviceAccount('default', name);
    for (const path of [LEASES, elsewhere(LEASES)]) await cluster.admin.post(path, lease('other'));
    await cluster.admin.post(PODS, pod('kvstore-0', {}, { labels: { 'app.kubernetes.io/name': 'kvstore' } }));
  }, 60_000);
  afterAll(() => cluster.close());

  describe('a replica may', () => {
    test.each(REPLICA)('%s', async (_what, ask, expected) => {
      expect((await ask(as('kvstore'))).status).toBe(expected);
    });
  });

  describe('a proxy may', () => {
    test.each(PROXY)('%s', async (_what, ask, expected) => {
      expect((await ask(as('kvstore-proxy'))).status).toBe(expected);
    });
  });

  const refused = async (client: ApiClient, ask: Ask): Promise<void> => {
    const { status, body } = await ask(client);
    expect([status, body.reason]).toEqual([403, 'Forbidden']);
    // By its permissions, not because the request would be wrong in any case.
    expect(body.message).toMatch(/cannot \w+ resource/);
  };

  describe('a replica may not', () => {
    test.each(FORBIDDEN)('%s', (_what, ask) => refused(as('kvstore'), ask));
  });

  describe('a proxy may not', () => {
    test.each([...FORBIDDEN, ...FORBIDDEN_TO_PROXIES])('%s', (_what, ask) => refused(as('kvstore-proxy'), ask));
  });

  test('and nothing else: the rules grant just what is asked for here', async () => {
    const granted = async (role: string): Promise<string[]> => {
      const { body } = await cluster.admin.get(`/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/${role}`);
      const rules = body['rules'] as { resources: string[]; verbs: string[]; resourceNames?: string[] }[];
      return rules.flatMap(({ resources, verbs, resourceNames }) =>
        verbs.map(
          (verb) => `${verb} ${resources.join()}${resourceNames === undefined ? '' : ` ${resourceNames.join()}`}`,
        ),
      );
    };
    const follows = ['get leases kvstore', 'list leases kvstore', 'watch leases kvstore'];
    const peers = ['list endpointslices', 'watch endpointslices'];
    expect((await granted('kvstore-proxy')).toSorted()).toEqual([...follows, ...peers].toSorted());
    expect((await granted('kvstore')).toSorted()).toEqual(
      [
        ...follows,
        ...peers,
        'update leases kvstore',
        'create leases',
        'get pods',
        'list pods',
        'create events',
      ].toSorted(),
    );
  });
}
