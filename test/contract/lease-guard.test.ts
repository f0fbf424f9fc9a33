import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ANNOTATIONS, emptyLease, leaseWith } from '../../src/adapters/kubernetes/lease-record.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { epoch, wallMs } from '../../src/core/base/numbers.ts';
import type { RecordContent } from '../../src/core/election/record.ts';
import { replicaId, type ReplicaId } from '../../src/core/replication/replica-id.ts';
import type { Answer, ApiClient, Body } from './api-client.ts';
import { Installation } from './installation.ts';
import { emptyContent } from '../simulation/api-server.ts';
import { refusedByLeaseGuard } from '../simulation/checkers/lease-guard.ts';
import { page, tableOf } from '../unit/docs/pages.ts';
import { LEASES } from './objects.ts';

/*
 * `k8s/components/lease-guard` on a real API server: each clause is tried by requests that break it and nothing else, and
 * by ones just beside them that pass. Bodies are what replicas write.
 */
const PATH = `${LEASES}/kvstore`;
const OLDER_LEASES = LEASES.replace('default', 'older');
const NODE_LEASES = LEASES.replace('default', 'kube-node-lease');
const POLICY = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/kvstore-lease-guard';

const id = (name: string): ReplicaId =>
  replicaId({ podName: `kvstore-${name}`, podUid: `uid-${name}`, dataId: `data-${name}` });
const [a, b, c, d] = [id('a'), id('b'), id('c'), id('d')];

let writes = 0;
/** A record: a leads b and c. */
const record = (changes: Partial<RecordContent> = {}): RecordContent => ({
  holder: a,
  epoch: epoch(7),
  inSync: [a, b, c],
  addresses: { peer: '10.0.0.1:7000', http: '10.0.0.1:8000' },
  lineage: { number: 2, id: 'data-a.1' },
  nonce: `n${(writes += 1)}`,
  endedEpoch: null,
  ...changes,
});
const times = { nowMs: wallMs(Date.UTC(2026, 0, 1)), leaseDurationMs: 1000 };

interface Attempt {
  readonly what: string;
  /** What stood there; null: nothing, or an empty Lease where a record is written. */
  readonly before: RecordContent | null;
  /** What is written, by default by a replica; or what else is asked. */
  readonly write: RecordContent | ((lease: Body) => Promise<Answer>);
  readonly baseIs?: 'lost';
}

interface Clause {
  /** How its message begins. */
  readonly says: string;
  readonly breaks: readonly Attempt[];
  readonly passes: readonly Attempt[];
}

const installation = await Installation.start();
if ('skip' in installation) test.skip(`the Lease guard: ${installation.skip}`, () => undefined);
else describe('the Lease guard', () => guardTests(installation));

function guardTests(cluster: Installation): void {
  const { admin } = cluster;
  let replica: ApiClient;
  let proxy: ApiClient;
  let policyMessages: readonly string[];

  const replaceAs = (client: ApiClient, content: RecordContent, baseIs?: 'lost') => (lease: Body) =>
    client.put(PATH, leaseWith(lease, content, { ...times, baseIs }));
  /** The stored Lease with other fields, as `kubectl edit` sends it. */
  const edit =
    (spec: object, annotations: object = {}, metadata: object = {}) =>
    (lease: Body) => ({
      ...lease,
      metadata: { ...lease.metadata, annotations: { ...lease.metadata.annotations, ...annotations }, ...metadata },
      spec: { ...lease.spec, ...spec },
    });
  const editAs =
    (client: ApiClient, ...changes: Parameters<typeof edit>) =>
    (lease: Body) =>
      client.put(PATH, edit(...changes)(lease));

  /** Brings the Lease into this state, by requests that the guard allows. */
  async function standing(content: RecordContent | null): Promise<Body> {
    await admin.delete(PATH);
    const { status, body } = await replica.post(LEASES, emptyLease('kvstore', 'default'));
    expect(status).toBe(201);
    if (content === null) return body;
    const filled = await replaceAs(replica, content)(body);
    expect([filled.status, filled.body.message]).toEqual([200, undefined]);
    return filled.body;
  }

  async function attempt({ before, write, baseIs }: Attempt): Promise<Answer> {
    const lease = await standing(before);
    return typeof write === 'function' ? write(lease) : replaceAs(replica, write, baseIs)(lease);
  }

  beforeAll(async () => {
    await cluster.createNamespace('older');
    const damaged = {
      ...emptyLease('kvstore', 'older'),
      spec: { holderIdentity: 'controller_1', leaseTransitions: 3 },
    };
    expect((await admin.post(OLDER_LEASES, damaged)).status).toBe(201);
    for (const namespace of ['default', 'older']) {
      await cluster.kubectl('apply', '--server-side', '-k', 'k8s/base', '-n', namespace);
    }
    await cluster.applyLeaseGuard();
    replica = await cluster.serviceAccount('default', 'kvstore');
    proxy = await cluster.serviceAccount('default', 'kvstore-proxy');
    const { body } = await admin.get(POLICY);
    policyMessages = (body.spec as unknown as { validations: { message: string }[] }).validations.map(
      ({ message }) => message,
    );
  }, 60_000);
  afterAll(() => cluster.close());

  const clauses: readonly Clause[] = [
    {
      says: 'R1: the Lease is created empty',
      breaks: [
        { what: 'with a holder', before: null, write: () => createAs(() => replica, { holderIdentity: a }) },
        { what: 'with an epoch', before: null, write: () => createAs(() => replica, { leaseTransitions: 1 }) },
        {
          what: 'with a set',
          before: null,
          write: () => createAs(() => replica, {}, { [ANNOTATIONS.inSync]: a }),
        },
        {
          what: 'from a file, by an administrator',
          before: null,
          write: () => createAs(() => admin, { holderIdentity: a, leaseTransitions: 7 }),
        },
        {
          what: 'by a late replace, which carries no uid, of a Lease that was deleted',
          before: record(),
          write: async (lease) => {
            await admin.delete(PATH);
            return editAs(replica, {}, {}, { uid: undefined })(lease);
          },
        },
      ],
      passes: [
        {
          what: 'empty, with labels and annotations of others',
          before: null,
          write: async () => {
            await admin.delete(PATH);
            const metadata = { name: 'kvstore', labels: { team: 'x' }, annotations: { 'other.dev/note': 'x' } };
            return replica.post(LEASES, { ...emptyLease('kvstore', 'default'), metadata });
          },
        },
        {
          what: 'another Lease, as anybody likes',
          before: null,
          write: () =>
            replica.post(`${LEASES}?dryRun=All`, { ...emptyLease('x', 'default'), spec: { holderIdentity: 'x' } }),
        },
      ],
    },
    {
      says: 'R3: only replicas write the record',
      breaks: [
        { what: 'an administrator renews', before: record(), write: (lease) => replaceAs(admin, record())(lease) },
        {
          what: 'an edit of the holder',
          before: record(),
          write: (lease) => editAs(admin, { holderIdentity: b })(lease),
        },
        { what: 'an edit of a time', before: record(), write: (lease) => editAs(admin, { renewTime: null })(lease) },
        {
          what: 'an edit of the set',
          before: record(),
          write: (lease) => editAs(admin, {}, { [ANNOTATIONS.inSync]: `${a},${b}` })(lease),
        },
        {
          what: 'an annotation of ours taken away',
          before: record(),
          write: (lease) => editAs(admin, {}, { [ANNOTATIONS.seal]: undefined })(lease),
        },
        {
          what: 'an annotation that a later release may have',
          before: record(),
          write: (lease) => editAs(admin, {}, { 'kvstore.dev/younger': 'x' })(lease),
        },
        {
          what: 'another lineage',
          before: record(),
          write: (lease) => replaceAs(admin, begun(3))(lease),
        },
        { what: 'an administrator fills it', before: null, write: (lease) => replaceAs(admin, record())(lease) },
        {
          what: 'a patch',
          before: record(),
          write: () =>
            admin.call(
              'PATCH',
              PATH,
              { spec: { holderIdentity: b } },
              { 'content-type': 'application/merge-patch+json' },
            ),
        },
      ],
      passes: [
        { what: 'a replica renews', before: record(), write: record() },
        {
          what: 'labels, owners and annotations of others, by an administrator',
          before: record(),
          write: (lease) =>
            editAs(
              admin,
              {},
              { 'other.dev/note': 'x' },
              {
                labels: { team: 'x' },
                ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'o' }],
              },
            )(lease),
        },
        { what: 'a deletion, by an administrator', before: record(), write: () => admin.delete(PATH) },
        {
          // minikube calls its node after the profile, which may well be `kvstore`.
          what: 'a Lease of that name that is a node’s, made and renewed by its kubelet',
          before: record(),
          write: async () => {
            const spec = { holderIdentity: 'kvstore', leaseDurationSeconds: 40 };
            const { status, body } = await admin.post(NODE_LEASES, { metadata: { name: 'kvstore' }, spec });
            expect([status, body['message']]).toEqual([201, undefined]);
            return admin.put(`${NODE_LEASES}/kvstore`, edit({ renewTime: '2026-01-01T00:00:10.000000Z' })(body));
          },
        },
      ],
    },
    {
      says: 'R2: a record names distinct replicas',
      breaks: [
        { what: 'a holder outside the set', before: null, write: record({ holder: d }) },
        { what: 'a member twice', before: null, write: record({ inSync: [a, b, b] }) },
        { what: 'nobody', before: record(), write: record({ holder: null, inSync: [] }) },
        {
          what: 'a member that is no replica',
          before: record(),
          write: record({ inSync: [a, b, 'kvstore-c' as ReplicaId] }),
        },
        { what: 'no lineage', before: record(), write: record({ lineage: null }) },
        { what: 'lineage 0', before: null, write: record({ lineage: { number: 0, id: 'x' } }) },
        { what: 'epoch 0', before: null, write: record({ epoch: epoch(0) }) },
        { what: 'no nonce', before: record(), write: record({ nonce: '' }) },
        {
          what: 'the nonce of the one before it',
          before: record({ nonce: 'same' }),
          write: record({ nonce: 'same', inSync: [a, b] }),
        },
        {
          what: 'no seal',
          before: record(),
          write: (lease) =>
            editAs(replica, {}, { [ANNOTATIONS.seal]: undefined, [ANNOTATIONS.nonce]: `n${(writes += 1)}` })(lease),
        },
      ],
      passes: [
        { what: 'a single replica', before: null, write: record({ inSync: [a] }) },
        { what: 'one that nobody leads', before: record(), write: record({ holder: null, addresses: null }) },
      ],
    },
    {
      says: 'R3: epochs never fall',
      breaks: [
        { what: 'in a renewal', before: record(), write: record({ epoch: epoch(6) }) },
        {
          what: 'even where a lost record is replaced',
          before: record(),
          write: record({ epoch: epoch(6) }),
          baseIs: 'lost',
        },
      ],
      passes: [
        { what: 'the same epoch', before: record(), write: record() },
        { what: 'the mark of the end (R9)', before: record(), write: record({ endedEpoch: epoch(7) }) },
      ],
    },
    {
      says: 'R2: a new holder has a new epoch',
      breaks: [
        { what: 'a member takes over in the same one', before: record(), write: record({ holder: b }) },
        {
          what: 'a member takes what was given up, in the same one',
          before: record({ holder: null, addresses: null }),
          write: record({ holder: b }),
        },
        {
          what: 'even where a lost record is replaced',
          before: record(),
          write: record({ holder: b }),
          baseIs: 'lost',
        },
      ],
      passes: [
        {
          what: 'a member takes over in the next one',
          before: record(),
          write: record({ holder: b, epoch: epoch(8) }),
        },
        {
          what: 'the leader gives it up, in the same one (R7)',
          before: record(),
          write: record({ holder: null, addresses: null }),
        },
        {
          what: 'a member takes what was given up, in the next one',
          before: record({ holder: null, addresses: null }),
          write: record({ holder: b, epoch: epoch(8) }),
        },
      ],
    },
    {
      says: 'R2, R7, R9: within a lineage the epoch rises by 1',
      breaks: [
        { what: 'by 2, at a takeover', before: record(), write: record({ holder: b, epoch: epoch(9) }) },
        { what: 'by 2, by the holder itself', before: record(), write: record({ epoch: epoch(9) }) },
        {
          what: 'by 1, when the record is given up',
          before: record(),
          write: record({ holder: null, addresses: null, epoch: epoch(8) }),
        },
      ],
      passes: [
        { what: 'by 1, when a process takes over from itself', before: record(), write: record({ epoch: epoch(8) }) },
        {
          what: 'by 1, when the leader names a successor (R9)',
          before: record(),
          write: record({ holder: c, epoch: epoch(8) }),
        },
      ],
    },
    {
      says: 'R2: who takes over was a member',
      breaks: [
        {
          what: 'a learner adds itself',
          before: record(),
          write: record({ holder: d, epoch: epoch(8), inSync: [a, b, c, d] }),
        },
        {
          what: 'a learner takes all',
          before: record(),
          write: record({ holder: d, epoch: epoch(8), inSync: [d, b] }),
        },
        {
          what: 'a leader that was removed from the set takes it back',
          before: record({ holder: a, inSync: [a, b] }),
          write: async (lease) => {
            const { body } = await replaceAs(replica, record({ holder: b, epoch: epoch(8), inSync: [b, c] }))(lease);
            return replaceAs(replica, record({ holder: a, epoch: epoch(9), inSync: [a, b, c] }))(body);
          },
        },
      ],
      passes: [
        {
          what: 'a member, without the leader that died',
          before: record(),
          write: record({ holder: b, epoch: epoch(8), inSync: [b, c] }),
        },
        { what: 'a learner becomes a member first (R5)', before: record(), write: record({ inSync: [a, b, c, d] }) },
        {
          what: 'a learner in the place of a lost member (R6)',
          before: record(),
          write: record({ inSync: [a, b, d] }),
        },
      ],
    },
    {
      says: 'R6: the in-sync set never falls below its minimum',
      breaks: [
        { what: 'the leader alone', before: record({ inSync: [a, b] }), write: record({ inSync: [a] }) },
        { what: 'a takeover alone', before: record(), write: record({ holder: b, epoch: epoch(8), inSync: [b] }) },
      ],
      passes: [
        { what: 'down to it', before: record(), write: record({ inSync: [a, b] }) },
        { what: 'up to it, from birth', before: record({ inSync: [a] }), write: record({ inSync: [a, b] }) },
        { what: 'still at birth', before: record({ inSync: [a] }), write: record({ inSync: [a] }) },
        {
          what: 'a lost member is replaced at it',
          before: record({ inSync: [a, b] }),
          write: record({ inSync: [a, d] }),
        },
      ],
    },
    {
      says: 'R14: another lineage has a higher number',
      breaks: [
        { what: 'the same number', before: record(), write: begun(2) },
        { what: 'a lower one', before: record(), write: begun(1) },
        { what: 'in the same epoch', before: record({ holder: d, inSync: [d] }), write: begun(3, { epoch: epoch(7) }) },
        { what: 'with more than its beginner', before: record(), write: begun(3, { inSync: [d, a] }) },
        { what: 'that nobody leads', before: record(), write: begun(3, { holder: null, addresses: null }) },
      ],
      passes: [
        { what: 'begun anew, by a replica that was no member (R14)', before: record(), write: begun(3) },
        {
          what: 'at an operator’s word, above all that anybody has seen',
          before: record(),
          write: begun(9, { epoch: epoch(40) }),
        },
        { what: 'the first, in an empty Lease (R13)', before: null, write: begun(1, { epoch: epoch(1) }) },
        { what: 'any, with its whole set, in an empty Lease (R13)', before: null, write: record() },
      ],
    },
    {
      says: 'R13: where a lost record is replaced',
      breaks: [
        {
          what: 'by an older lineage',
          before: record(),
          write: record({ epoch: epoch(9), lineage: { number: 1, id: 'x' } }),
          baseIs: 'lost',
        },
      ],
      passes: [
        {
          what: 'a backup that came back: other members, and epochs later',
          before: record(),
          write: record({ holder: d, epoch: epoch(31), inSync: [d, c] }),
          baseIs: 'lost',
        },
        {
          what: 'another history that is no later',
          before: record(),
          write: record({ holder: d, epoch: epoch(8), inSync: [d, c], lineage: { number: 2, id: 'y' } }),
          baseIs: 'lost',
        },
        {
          what: 'a member was lost with it: the lineage is new',
          before: record(),
          write: begun(3, { epoch: epoch(9) }),
          baseIs: 'lost',
        },
      ],
    },
  ];

  describe.each(clauses)('$says', ({ says, breaks, passes }) => {
    test.each(breaks)('refused: $what', async (tried) => {
      const { status, body } = await attempt(tried);
      expect([403, 422]).toContain(status);
      expect(body.message).toContain(`denied request: ${says}`);
    });

    test.each(passes)('passes: $what', async (tried) => {
      const { status, body } = await attempt(tried);
      expect([200, 201]).toContain(status);
      expect(body['message']).toBeUndefined();
    });
  });

  test('no clause is untried, or missing in the guide', () => {
    expect(policyMessages).toHaveLength(clauses.length);
    for (const [at, message] of policyMessages.entries()) expect(message).toContain(clauses[at]?.says);
    const rows = tableOf(page('docs/guides/kubernetes-lease-guard.md'), ['clause', 'what it stops']);
    expect(rows.map(([clause]) => clause)).toEqual(clauses.map(({ says }) => says));
  });

  test('the simulator, which shows that the guard never stands in the way, judges as the API server does', () => {
    const refusals = (attempts: readonly Attempt[]): string[] =>
      attempts.flatMap(({ what, before, write, baseIs }) => {
        if (typeof write === 'function') return [];
        const lease = { uid: 'u', resourceVersion: '1', content: before ?? emptyContent, isDamaged: false };
        const clause = refusedByLeaseGuard({ before: lease, content: write, baseIs: baseIs ?? null }, 2);
        return [clause === null ? `${what}: passes` : `${what}: refused`];
      });
    const all = (kind: 'breaks' | 'passes') => clauses.flatMap((clause) => refusals(clause[kind]));
    expect(all('breaks').filter((line) => line.endsWith('passes'))).toEqual([]);
    expect(all('passes').filter((line) => line.endsWith('refused'))).toEqual([]);
    expect(all('breaks').length).toBeGreaterThan(20);
  });

  test('saying that a record is lost counts for that version alone', async () => {
    const { body: first } = await replaceAs(replica, record({ epoch: epoch(9) }), 'lost')(await standing(record()));
    expect(first.metadata.annotations[ANNOTATIONS.replacesLost]).toMatch(/^\d+$/);
    // Left in place by somebody who does not know what it is.
    const stale = editAs(replica, { leaseTransitions: 12 }, { [ANNOTATIONS.nonce]: 'another' });
    expect((await stale(first)).body.message).toContain('R2, R7, R9:');
    const { body: second } = await replaceAs(replica, record({ epoch: epoch(9) }))(first);
    expect(second.metadata.annotations).not.toHaveProperty([ANNOTATIONS.replacesLost]);
  });

  test('what was damaged before the guard came can be put right, by the replicas of that namespace alone', async () => {
    const path = `${OLDER_LEASES}/kvstore`;
    const { body: damaged } = await admin.get(path);
    const repaired = leaseWith(damaged, record({ epoch: epoch(4) }), times);
    expect((await admin.put(path, repaired)).body.message).toContain('R3: only replicas write the record');
    const own = await cluster.serviceAccount('older', 'kvstore');
    const lower = leaseWith(damaged, record({ epoch: epoch(2) }), times);
    expect((await own.put(path, lower)).body.message).toContain('R3: epochs never fall');
    expect((await own.put(path, repaired)).status).toBe(200);
  });

  test('the minimum is the default of the option that the replicas are not given', async () => {
    const { body } = await admin.get(POLICY);
    const { variables } = body.spec as unknown as { variables: { name: string; expression: string }[] };
    const loaded = loadConfig('kvstore', { KV_POD_NAME: 'a', KV_POD_IP: '10.0.0.1' }, [], {
      memoryLimitBytes: 2 ** 30,
      fileBytes: () => 0,
    });
    if (loaded.kind !== 'config') throw new Error(JSON.stringify(loaded));
    const { groupLimits, kubernetes } = loaded.config;
    expect(variables[0]).toEqual({ name: 'minInSync', expression: String(groupLimits.minInSync) });
    expect(body.spec['matchConditions']).toEqual([
      { name: 'is-the-record', expression: `object.metadata.name == '${kubernetes.leaseName}'` },
      { name: 'is-not-of-a-node', expression: "request.namespace != 'kube-node-lease'" },
    ]);
    const { body: deployment } = await admin.get('/apis/apps/v1/namespaces/default/deployments/kvstore');
    expect(JSON.stringify(deployment)).not.toMatch(/KV_MIN_IN_SYNC|KV_LEASE_NAME/);
  });

  test('a proxy could not write the record even with the right to', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
    const { status } = await admin.post(path, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'everything-for-the-proxy' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'kvstore-proxy' }],
    });
    expect(status).toBe(201);
    const lease = await standing(record());
    const { body } = await replaceAs(proxy, record())(lease);
    await admin.delete(`${path}/everything-for-the-proxy`);
    expect(body.message).toContain('R3: only replicas write the record');
  });

  async function createAs(client: () => ApiClient, spec: object, annotations: object = {}): Promise<Answer> {
    await admin.delete(PATH);
    return client().post(LEASES, {
      ...emptyLease('kvstore', 'default'),
      metadata: { name: 'kvstore', annotations },
      spec,
    });
  }

  /** d begins a lineage. */
  function begun(number: number, changes: Partial<RecordContent> = {}): RecordContent {
    return record({ holder: d, inSync: [d], epoch: epoch(8), lineage: { number, id: 'data-d.1' }, ...changes });
  }
}
