import { expect, test } from '@jest/globals';
import type { ApiClient, Body } from '../api-client.ts';
import { lease, LEASES, uniqueName, withoutManagedFields } from '../objects.ts';

/** What the protocol's compare-and-swap rests on (R1). */
export function leaseContract(api: ApiClient): void {
  const create = async (spec: object = {}, metadata: object = {}): Promise<Body> => {
    const { status, body } = await api.post(LEASES, lease(uniqueName(), spec, metadata));
    expect(status).toBe(201);
    return body;
  };
  const at = ({ metadata }: Pick<Body, 'metadata'>): string => `${LEASES}/${metadata.name}`;
  const conflict = (name: string, message: unknown) => ({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: 'Conflict',
    details: { name, group: 'coordination.k8s.io', kind: 'leases' },
    code: 409,
  });
  const modified = (name: string) =>
    conflict(
      name,
      `Operation cannot be fulfilled on leases.coordination.k8s.io "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    );
  const otherUid = (name: string) =>
    conflict(name, expect.stringContaining('Precondition failed: UID in precondition: '));

  test('a create gives uid, version and time of creation, whatever was sent', async () => {
    const name = uniqueName();
    const spec = {
      holderIdentity: 'kvstore-0',
      leaseDurationSeconds: 3,
      acquireTime: '2026-01-01T00:00:00.123456Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 4,
    };
    const sent = lease(name, spec, {
      labels: { app: 'kvstore' },
      annotations: { note: 'x' },
      uid: 'mine',
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
    });
    const { status, headers, body } = await api.post(LEASES, sent);
    expect(status).toBe(201);
    expect(headers['content-type']).toBe('application/json');
    expect(withoutManagedFields(body)).toEqual({
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: {
        name,
        namespace: 'default',
        uid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        resourceVersion: expect.stringMatching(/^[1-9]\d*$/),
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        labels: { app: 'kvstore' },
        annotations: { note: 'x' },
      },
      spec,
    });
    expect(Math.abs(Date.parse(body.metadata.creationTimestamp) - Date.now())).toBeLessThan(10_000);
    expect((await api.get(`${LEASES}/${name}`)).body).toEqual(body);
  });

  test('a second create of a name is refused with AlreadyExists', async () => {
    const { metadata } = await create();
    const { status, body } = await api.post(LEASES, lease(metadata.name));
    expect(status).toBe(409);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `leases.coordination.k8s.io "${metadata.name}" already exists`,
      reason: 'AlreadyExists',
      details: { name: metadata.name, group: 'coordination.k8s.io', kind: 'leases' },
      code: 409,
    });
  });

  test('of creates at the same time one wins', async () => {
    const name = uniqueName();
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.post(LEASES, lease(name))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  test('generateName draws the end of a name', async () => {
    const { status, body } = await api.post(LEASES, lease(undefined, {}, { generateName: 'drawn-' }));
    expect(status).toBe(201);
    expect(body.metadata.name).toMatch(/^drawn-[a-z0-9]{5}$/);
    expect(body.metadata.generateName).toBe('drawn-');
  });

  test('a replace of the version that was read succeeds with a greater version and the same uid', async () => {
    const before = await create({ leaseTransitions: 1 });
    const { status, body } = await api.put(at(before), { ...before, spec: { leaseTransitions: 2 } });
    expect(status).toBe(200);
    expect(body.spec).toEqual({ leaseTransitions: 2 });
    expect(body.metadata.uid).toBe(before.metadata.uid);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
  });

  test('a replace of an older version is refused with Conflict', async () => {
    const before = await create();
    await api.put(at(before), { ...before, spec: { leaseTransitions: 2 } });
    const { status, body } = await api.put(at(before), { ...before, spec: { leaseTransitions: 3 } });
    expect(status).toBe(409);
    expect(body).toEqual(modified(before.metadata.name));
    expect((await api.get(at(before))).body.spec).toEqual({ leaseTransitions: 2 });
  });

  test('a replace of a version that is still to come is refused with Conflict', async () => {
    const before = await create();
    const resourceVersion = String(Number(before.metadata.resourceVersion) + 1_000_000);
    const { body } = await api.put(at(before), { ...before, metadata: { ...before.metadata, resourceVersion } });
    expect(body).toEqual(modified(before.metadata.name));
  });

  test('of replaces of one version at the same time one wins', async () => {
    const before = await create();
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((transitions) => api.put(at(before), { ...before, spec: { leaseTransitions: transitions } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    const winner = answers.find(({ status }) => status === 200)?.body;
    expect((await api.get(at(before))).body).toEqual(winner);
  });

  test('a replace that changes nothing succeeds and keeps the version', async () => {
    const before = await create({ holderIdentity: 'a' }, { labels: { a: 'b' } });
    const { status, body } = await api.put(at(before), before);
    expect(status).toBe(200);
    expect(body).toEqual(before);
  });

  test('a replace without a version is refused', async () => {
    const { metadata } = await create();
    const { status, body } = await api.put(`${LEASES}/${metadata.name}`, lease(metadata.name, { leaseTransitions: 1 }));
    expect(status).toBe(422);
    expect(body.reason).toBe('Invalid');
    expect(body.details).toEqual({
      name: metadata.name,
      group: 'coordination.k8s.io',
      kind: 'leases',
      causes: [
        {
          reason: 'FieldValueInvalid',
          message: 'Invalid value: 0: must be specified for an update',
          field: 'metadata.resourceVersion',
        },
      ],
    });
  });

  test('a replace with another uid is refused with Conflict, even with the right version', async () => {
    const before = await create();
    const { status, body } = await api.put(at(before), { ...before, metadata: { ...before.metadata, uid: 'other' } });
    expect(status).toBe(409);
    expect(body).toEqual(otherUid(before.metadata.name));
  });

  test('a replace with a version but no uid creates a Lease that was deleted, with a new uid', async () => {
    const before = await create({ leaseTransitions: 7 });
    await api.delete(at(before));
    const { uid, ...metadata } = before.metadata;
    const { status, body } = await api.put(at(before), { ...before, metadata });
    expect(status).toBe(201);
    expect(body.spec).toEqual({ leaseTransitions: 7 });
    expect(body.metadata.uid).not.toBe(uid);
  });

  test('a replace with a version and a uid does not create a Lease that was deleted', async () => {
    const before = await create();
    await api.delete(at(before));
    const { status, body } = await api.put(at(before), before);
    expect(status).toBe(409);
    expect(body).toEqual(otherUid(before.metadata.name));
    expect((await api.get(at(before))).status).toBe(404);
  });

  test('a replace of a Lease that never was creates it', async () => {
    const name = uniqueName();
    const { status, body } = await api.put(`${LEASES}/${name}`, lease(name, { leaseTransitions: 1 }));
    expect(status).toBe(201);
    expect(body.metadata.name).toBe(name);
  });

  test('a Lease that was deleted and created again is another one', async () => {
    const before = await create();
    await api.delete(at(before));
    const again = (await api.post(LEASES, lease(before.metadata.name))).body;
    expect(again.metadata.uid).not.toBe(before.metadata.uid);
    expect((await api.put(at(before), before)).body).toEqual(otherUid(before.metadata.name));
    // Without the uid only the version tells them apart.
    const { uid: _uid, ...metadata } = before.metadata;
    expect((await api.put(at(before), { ...before, metadata })).body).toEqual(modified(before.metadata.name));
  });

  test('a replace sets labels, annotations and spec as a whole; what the server set stays', async () => {
    const before = await create(
      { holderIdentity: 'a', leaseTransitions: 1 },
      { labels: { a: '1' }, annotations: { b: '2' } },
    );
    const metadata = {
      name: before.metadata.name,
      resourceVersion: before.metadata.resourceVersion,
      creationTimestamp: '2001-01-01T00:00:00Z',
      generation: 9,
      labels: { c: '3' },
    };
    const { body } = await api.put(at(before), lease(undefined, { leaseTransitions: 2 }, metadata));
    expect(withoutManagedFields(body)).toEqual({
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: {
        name: before.metadata.name,
        namespace: 'default',
        uid: before.metadata.uid,
        resourceVersion: body.metadata.resourceVersion,
        creationTimestamp: before.metadata.creationTimestamp,
        labels: { c: '3' },
      },
      spec: { leaseTransitions: 2 },
    });
  });

  test('null counts as absent, an empty holder as a holder, and times are kept in UTC', async () => {
    const times = { acquireTime: '2026-01-01T01:00:00.000000+01:00', renewTime: null };
    const { spec } = await create({ holderIdentity: '', leaseTransitions: null, ...times });
    expect(spec).toEqual({ holderIdentity: '', acquireTime: '2026-01-01T00:00:00.000000Z' });
  });

  test('an epoch of 0 and an empty annotation are kept, not taken for absent', async () => {
    const { spec, metadata } = await create({ leaseTransitions: 0 }, { annotations: { empty: '' } });
    expect(spec).toEqual({ leaseTransitions: 0 });
    expect(metadata.annotations).toEqual({ empty: '' });
  });

  test('what was answered to a write is what the next read and the next list show', async () => {
    let stored = await create();
    const list = `${LEASES}?limit=500&fieldSelector=metadata.name%3D${stored.metadata.name}`;
    for (let leaseTransitions = 1; leaseTransitions <= 10; leaseTransitions += 1) {
      stored = (await api.put(at(stored), { ...stored, spec: { leaseTransitions } })).body;
      const [read, listed] = await Promise.all([api.get(at(stored)), api.get(list)]);
      expect(read.body).toEqual(stored);
      const { kind: _kind, apiVersion: _apiVersion, ...rest } = stored;
      expect(listed.body.items).toEqual([rest]);
    }
  });

  test('a delete answers with Success and the uid; then there is none', async () => {
    const { metadata } = await create();
    const { status, body } = await api.delete(`${LEASES}/${metadata.name}`, { gracePeriodSeconds: 30 });
    expect(status).toBe(200);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: metadata.name, group: 'coordination.k8s.io', kind: 'leases', uid: metadata.uid },
    });
    for (const answer of [
      await api.get(`${LEASES}/${metadata.name}`),
      await api.delete(`${LEASES}/${metadata.name}`),
    ]) {
      expect(answer.status).toBe(404);
      expect(answer.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `leases.coordination.k8s.io "${metadata.name}" not found`,
        reason: 'NotFound',
        details: { name: metadata.name, group: 'coordination.k8s.io', kind: 'leases' },
        code: 404,
      });
    }
  });

  test('a delete with the uid or version of another is refused with Conflict', async () => {
    const before = await create();
    for (const preconditions of [{ uid: 'other' }, { resourceVersion: '1' }]) {
      const { status, body } = await api.delete(at(before), { preconditions });
      expect(status).toBe(409);
      expect(body.reason).toBe('Conflict');
      expect(body.details).toEqual({ name: before.metadata.name, group: 'coordination.k8s.io', kind: 'Lease' });
    }
    const { uid, resourceVersion } = before.metadata;
    expect((await api.delete(at(before), { preconditions: { uid, resourceVersion } })).status).toBe(200);
  });

  test('a Lease with a finalizer waits for it, marked as deleted', async () => {
    const before = await create({}, { finalizers: ['example.com/wait'] });
    const { status, body: marked } = await api.delete(at(before));
    expect(status).toBe(200);
    expect(marked.kind).toBe('Lease');
    expect(marked.metadata.deletionTimestamp).toBeDefined();
    expect((await api.post(LEASES, lease(before.metadata.name))).body.reason).toBe('AlreadyExists');
    const released = { ...marked, metadata: { ...marked.metadata, finalizers: [] } };
    expect((await api.put(at(before), released)).status).toBe(200);
    expect((await api.get(at(before))).status).toBe(404);
  });

  test('a dry run checks and answers, but keeps nothing', async () => {
    const name = uniqueName();
    const created = await api.post(`${LEASES}?dryRun=All`, lease(name));
    expect(created.status).toBe(201);
    expect(created.body.metadata.resourceVersion).toBeUndefined();
    expect((await api.get(`${LEASES}/${name}`)).status).toBe(404);

    const before = await create({ leaseTransitions: 1 });
    const replaced = await api.put(`${at(before)}?dryRun=All`, { ...before, spec: { leaseTransitions: 2 } });
    expect(replaced.body.spec).toEqual({ leaseTransitions: 2 });
    expect((await api.delete(`${at(before)}?dryRun=All`)).status).toBe(200);
    expect((await api.get(at(before))).body).toEqual(before);
    expect((await api.post(`${LEASES}?dryRun=Some`, lease(name))).status).toBe(422);
  });
}
