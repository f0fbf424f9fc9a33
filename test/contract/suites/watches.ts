import { expect, test } from '@jest/globals';
import type { ApiClient, Body } from '../api-client.ts';
import { lease, LEASES, uniqueName } from '../objects.ts';

export function watchContract(api: ApiClient): void {
  const create = async (name: string, labels: object = {}): Promise<Body> =>
    (await api.post(LEASES, lease(name, {}, { labels }))).body;
  const replace = async (object: Body, change: object): Promise<Body> => {
    const { status, body } = await api.put(`${LEASES}/${object.metadata.name}`, { ...object, ...change });
    expect(status).toBe(200);
    return body;
  };
  const version = ({ metadata }: Body): string => metadata.resourceVersion;
  const watchOf = (name: string, query: string): string =>
    `${LEASES}?watch=1&fieldSelector=metadata.name%3D${name}&${query}`;

  test('a watch from a version tells every later change, once and in order, and goes on with what comes', async () => {
    const [name, other] = [uniqueName(), uniqueName()];
    const first = await create(name);
    const second = await replace(first, { spec: { leaseTransitions: 2 } });
    await replace(second, {});
    await create(other);
    const watch = await api.watch(`${LEASES}?watch=true&resourceVersion=${version(first)}`);
    expect(watch.status).toBe(200);
    expect(await watch.names(2)).toEqual([`MODIFIED ${name}`, `ADDED ${other}`]);
    expect(watch.objectAt(0)).toEqual(second);

    const third = await replace(second, { spec: { leaseTransitions: 3 } });
    await api.delete(`${LEASES}/${name}`);
    const again = await create(name);
    expect((await watch.names(5)).slice(2)).toEqual([`MODIFIED ${name}`, `DELETED ${name}`, `ADDED ${name}`]);
    expect(watch.objectAt(2)).toEqual(third);
    const deleted = watch.objectAt(3);
    expect(Number(version(deleted))).toBeGreaterThan(Number(version(third)));
    expect(deleted).toEqual({ ...third, metadata: { ...third.metadata, resourceVersion: version(deleted) } });
    expect(watch.objectAt(4)).toEqual(again);
    watch.close();
  });

  test.each(['', 'resourceVersion=0'])('a watch without a version begins with what there is: %s', async (query) => {
    const name = uniqueName();
    const stored = await create(name);
    const watch = await api.watch(watchOf(name, query));
    expect(await watch.names(1)).toEqual([`ADDED ${name}`]);
    expect(watch.objectAt(0)).toEqual(stored);
    await replace(stored, { spec: { leaseTransitions: 2 } });
    expect(await watch.names(2)).toEqual([`ADDED ${name}`, `MODIFIED ${name}`]);
    watch.close();
  });

  test('a watch from the version of a list misses nothing', async () => {
    const name = uniqueName();
    const stored = await create(name);
    const { body: list } = await api.get(`${LEASES}?fieldSelector=metadata.name%3D${name}`);
    await replace(stored, { spec: { leaseTransitions: 2 } });
    const watch = await api.watch(watchOf(name, `resourceVersion=${version(list)}`));
    expect(await watch.names(1)).toEqual([`MODIFIED ${name}`]);
    watch.close();
  });

  test('a list of one name that is not there gives the version from which its lives are followed', async () => {
    const name = uniqueName();
    const { body: list } = await api.get(`${LEASES}?limit=500&fieldSelector=metadata.name%3D${name}`);
    expect(list.items).toEqual([]);
    const born = await create(name);
    const watch = await api.watch(watchOf(name, `allowWatchBookmarks=true&resourceVersion=${version(list)}`));
    await api.delete(`${LEASES}/${name}`);
    const again = await create(name);
    expect(await watch.names(3)).toEqual([`ADDED ${name}`, `DELETED ${name}`, `ADDED ${name}`]);
    const [first, second, third] = [0, 1, 2].map((place) => watch.objectAt(place).metadata.uid);
    expect([first, second, third]).toEqual([born.metadata.uid, born.metadata.uid, again.metadata.uid]);
    watch.close();
  });

  test('a watch from a version that is still to come is silent until then', async () => {
    const [name, other] = [uniqueName(), uniqueName()];
    const stored = await create(name);
    // Another kind of object, since that moves the version as well.
    const ahead = String(Number(version(stored)) + 1_000_000);
    const future = await api.watch(watchOf(name, `resourceVersion=${ahead}`));
    const present = await api.watch(`${LEASES}?watch=1&resourceVersion=${version(stored)}`);
    await replace(stored, { spec: { leaseTransitions: 2 } });
    await create(other);
    // Whoever is told of the later change has been told of the earlier one.
    expect(await present.names(2)).toEqual([`MODIFIED ${name}`, `ADDED ${other}`]);
    expect([future.status, future.events]).toEqual([200, []]);
    future.close();
    present.close();
  });

  test('every watch of a Lease is told of every change', async () => {
    const name = uniqueName();
    let stored = await create(name);
    const from = version(stored);
    const watches = await Promise.all(
      Array.from({ length: 5 }, () => api.watch(watchOf(name, `resourceVersion=${from}`))),
    );
    for (let leaseTransitions = 1; leaseTransitions <= 5; leaseTransitions += 1) {
      stored = await replace(stored, { spec: { leaseTransitions } });
    }
    for (const watch of watches) {
      expect(await watch.names(5)).toEqual(Array.from({ length: 5 }, () => `MODIFIED ${name}`));
      expect(watch.events.map(({ object }) => object.spec['leaseTransitions'])).toEqual([1, 2, 3, 4, 5]);
      watch.close();
    }
  });

  test('what leaves a selector is deleted for its watch, what enters it is added', async () => {
    const name = uniqueName();
    const inside = await create(name, { zone: name });
    const watch = await api.watch(`${LEASES}?watch=1&labelSelector=zone%3D${name}&resourceVersion=${version(inside)}`);
    const outside = await replace(inside, { metadata: { ...inside.metadata, labels: { zone: 'elsewhere' } } });
    const back = await replace(outside, { metadata: { ...outside.metadata, labels: { zone: name } } });
    expect(await watch.names(2)).toEqual([`DELETED ${name}`, `ADDED ${name}`]);
    // As it last was inside, with the version of the change that took it out.
    const [deleted, added] = [watch.objectAt(0), watch.objectAt(1)];
    expect(deleted.metadata.labels).toEqual({ zone: name });
    expect(version(deleted)).toBe(version(outside));
    expect(added).toEqual(back);
    watch.close();
  });

  test('a watch ends after the time that was asked for, without a word', async () => {
    const stored = await create(uniqueName());
    const beganAt = performance.now();
    const watch = await api.watch(watchOf(stored.metadata.name, `resourceVersion=${version(stored)}&timeoutSeconds=1`));
    await watch.ended;
    expect(performance.now() - beganAt).toBeGreaterThan(900);
    expect(performance.now() - beganAt).toBeLessThan(3000);
    expect(watch.events).toEqual([]);
  });

  test('before it ends a watch gives a bookmark, from which the next one goes on', async () => {
    const [name, other] = [uniqueName(), uniqueName()];
    const stored = await create(name);
    const path = watchOf(name, `resourceVersion=${version(stored)}&timeoutSeconds=4&allowWatchBookmarks=true`);
    const watch = await api.watch(path);
    const later = await create(other);
    const object = await watch.first('BOOKMARK');
    expect(object).toEqual({
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
      spec: {},
    });
    expect(Number(version(object))).toBeGreaterThanOrEqual(Number(version(later)));
    watch.close();
    const next = await api.watch(watchOf(name, `resourceVersion=${version(object)}`));
    await replace(stored, { spec: { leaseTransitions: 2 } });
    expect(await next.names(1)).toEqual([`MODIFIED ${name}`]);
    next.close();
  });

  test('a watch that asks for initial events is told where they end', async () => {
    const name = uniqueName();
    const stored = await create(name);
    const query = 'sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan';
    const watch = await api.watch(watchOf(name, query));
    const object = await watch.first('BOOKMARK');
    expect(watch.events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(Number(version(object))).toBeGreaterThanOrEqual(Number(version(stored)));
    await replace(stored, { spec: { leaseTransitions: 2 } });
    expect(await watch.names(2)).toEqual([`ADDED ${name}`, `MODIFIED ${name}`]);
    watch.close();
  });

  test('the parameters of a list do not fit every watch', async () => {
    expect((await api.get(`${LEASES}?watch=1&sendInitialEvents=true`)).status).toBe(422);
    expect((await api.get(`${LEASES}?watch=1&resourceVersionMatch=NotOlderThan`)).status).toBe(422);
    expect((await api.get(`${LEASES}?watch=1&fieldSelector=spec.x%3D1`)).status).toBe(400);
    expect((await api.get(`${LEASES}?watch=false`)).body.kind).toBe('LeaseList');
  });

  test('the older path of a watch leads to one', async () => {
    const name = uniqueName();
    await create(name);
    const watch = await api.watch(`${LEASES.replace('/v1/', '/v1/watch/')}/${name}`);
    expect(await watch.names(1)).toEqual([`ADDED ${name}`]);
    watch.close();
  });
}
