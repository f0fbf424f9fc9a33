import { expect, test } from '@jest/globals';
import type { ApiClient, Body } from '../api-client.ts';
import { pod, PODS, uniqueName } from '../objects.ts';

export function podContract(api: ApiClient): void {
  const create = async (spec: object = { nodeName: 'node' }, metadata: object = {}): Promise<Body> => {
    const { status, body } = await api.post(PODS, pod(uniqueName(), spec, metadata));
    expect(status).toBe(201);
    return body;
  };
  const at = ({ metadata }: Body): string => `${PODS}/${metadata.name}`;
  const graceOf = ({ metadata }: Body): unknown => metadata.deletionGracePeriodSeconds;
  const gone = async (object: Body): Promise<boolean> => (await api.get(at(object))).status === 404;

  test('a pod begins pending, in its first generation, with the defaults of its spec', async () => {
    const sent = { ...pod(uniqueName()), status: { phase: 'Running', podIP: '10.0.0.1' } };
    const { body } = await api.post(PODS, sent);
    expect(body).toMatchObject({ kind: 'Pod', apiVersion: 'v1' });
    expect(body.metadata.generation).toBe(1);
    expect(body.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(body.spec).toMatchObject({ restartPolicy: 'Always', terminationGracePeriodSeconds: 30 });
  });

  test('a pod needs containers with a name and an image', async () => {
    const fields = async (spec: object): Promise<string[]> => {
      const { status, body } = await api.post(PODS, pod(uniqueName(), spec));
      expect(status).toBe(422);
      return body.details.causes.map(({ field }) => field);
    };
    expect(await fields({ containers: [] })).toEqual(['spec.containers']);
    expect(await fields({ containers: [{}] })).toEqual(['spec.containers[0].name', 'spec.containers[0].image']);
  });

  test('a status is replaced on its own, with labels but without spec', async () => {
    const before = await create({ nodeName: 'node' }, { labels: { a: '1' } });
    const status = {
      phase: 'Running',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }],
      containerStatuses: [
        {
          name: 'kvstore',
          state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
          lastState: {},
          ready: true,
          restartCount: 0,
          image: 'kvstore',
          imageID: '',
        },
      ],
    };
    const sent = {
      ...before,
      metadata: { ...before.metadata, labels: { a: '2' } },
      spec: { ...before.spec, nodeName: 'another' },
      status,
    };
    const { status: code, body } = await api.put(`${at(before)}/status`, sent);
    expect(code).toBe(200);
    expect(body.status).toEqual({ ...status, qosClass: 'BestEffort' });
    expect(body.metadata.labels).toEqual({ a: '2' });
    expect(body.spec).toEqual(before.spec);
    expect(body.metadata.generation).toBe(1);
    expect((await api.put(`${at(before)}/status`, body)).body).toEqual(body);
    expect((await api.put(`${at(before)}/status`, before)).body.reason).toBe('Conflict');
    expect((await api.get(`${at(before)}/status`)).body).toEqual(body);
  });

  test('the ends of a container are kept: of the process that ran, and of the one before', async () => {
    const before = await create();
    const ended = (exitCode: number) => ({
      terminated: {
        exitCode,
        reason: 'Error',
        startedAt: '2026-01-01T00:00:00Z',
        finishedAt: '2026-01-01T00:00:01Z',
      },
    });
    const container = {
      name: 'kvstore',
      state: ended(0),
      lastState: ended(137),
      ready: false,
      restartCount: 1,
      image: 'kvstore',
      imageID: '',
    };
    const status = { phase: 'Failed', containerStatuses: [container] };
    await api.put(`${at(before)}/status`, { ...before, status });
    const { body } = await api.get(`${PODS}?fieldSelector=metadata.name%3D${before.metadata.name}`);
    expect(body.items).toHaveLength(1);
    expect(body.items[0]?.status).toMatchObject({ phase: 'Failed', containerStatuses: [container] });
  });

  test('a pod that is not there is not found, by its name', async () => {
    const name = uniqueName();
    const { status, body } = await api.get(`${PODS}/${name}`);
    expect(status).toBe(404);
    expect(body).toMatchObject({ reason: 'NotFound', details: { name, kind: 'pods' } });
  });

  test('a replace leaves the status alone', async () => {
    const before = await create();
    const labelled = { ...before, metadata: { ...before.metadata, labels: { a: '1' } }, status: { phase: 'Failed' } };
    const { status, body } = await api.put(at(before), labelled);
    expect(status).toBe(200);
    expect(body.status).toMatchObject({ phase: 'Pending' });
    expect(body.metadata.labels).toEqual({ a: '1' });
  });

  test('a spec does not change but for images', async () => {
    const before = await create();
    const moved = await api.put(at(before), { ...before, spec: { ...before.spec, nodeName: 'another' } });
    expect(moved.status).toBe(422);
    expect(moved.body.details.causes[0]).toMatchObject({ reason: 'FieldValueForbidden', field: 'spec' });
    const containers = [{ ...before.spec.containers[0], image: 'newer' }];
    const { body } = await api.put(at(before), { ...before, spec: { ...before.spec, containers } });
    expect(body.spec.containers).toMatchObject([{ name: 'kvstore', image: 'newer' }]);
    expect(body.metadata.generation).toBe(2);
  });

  test('a replace creates no pod, but needs no version', async () => {
    const before = await create();
    const { resourceVersion: _version, uid: _uid, ...metadata } = before.metadata;
    expect((await api.put(at(before), { ...before, metadata })).status).toBe(200);
    const absent = uniqueName();
    expect((await api.put(`${PODS}/${absent}`, pod(absent))).status).toBe(404);
    expect((await api.put(`${PODS}/${absent}/status`, pod(absent))).status).toBe(404);
    expect((await api.put(`${PODS}/${absent}`, pod(absent, {}, { uid: 'u' }))).status).toBe(404);
  });

  test('a deleted pod has its grace, and goes with a second delete that grants none', async () => {
    const before = await create({ nodeName: 'node', terminationGracePeriodSeconds: 20 });
    const { status, body: marked } = await api.delete(at(before));
    expect(status).toBe(200);
    expect(graceOf(marked)).toBe(20);
    expect(marked.metadata.generation).toBe(2);
    expect(Math.abs(Date.parse(marked.metadata.deletionTimestamp) - Date.now() - 20_000)).toBeLessThan(5000);
    expect((await api.get(at(before))).body).toEqual(marked);

    const { uid } = before.metadata;
    const wrong = { gracePeriodSeconds: 0, preconditions: { uid: 'other' } };
    expect((await api.delete(at(before), wrong)).status).toBe(409);
    const removed = await api.delete(at(before), { gracePeriodSeconds: 0, preconditions: { uid } });
    expect(removed.body).toMatchObject({ kind: 'Pod', metadata: { uid, deletionGracePeriodSeconds: 0 } });
    expect(await gone(before)).toBe(true);
    const again = await api.post(PODS, pod(before.metadata.name));
    expect(again.body.metadata.uid).not.toBe(uid);
  });

  test('another delete can only shorten the grace', async () => {
    const before = await create();
    const { body: marked } = await api.delete(at(before));
    expect(graceOf(marked)).toBe(30);
    expect((await api.delete(at(before))).body).toEqual(marked);
    expect((await api.delete(`${at(before)}?gracePeriodSeconds=50`)).body).toEqual(marked);
    const { body: shorter } = await api.delete(`${at(before)}?gracePeriodSeconds=5`);
    expect(graceOf(shorter)).toBe(5);
    const shiftedMs = Date.parse(marked.metadata.deletionTimestamp) - Date.parse(shorter.metadata.deletionTimestamp);
    expect(shiftedMs).toBe(25_000);
    expect(shorter.metadata.generation).toBe(2);
  });

  test('while a pod goes its name is taken and its status can be written', async () => {
    const before = await create();
    const { body: marked } = await api.delete(at(before));
    const { status, body } = await api.post(PODS, pod(before.metadata.name));
    expect([status, body.reason]).toEqual([409, 'AlreadyExists']);
    expect(body.message).toBe(`object is being deleted: pods "${before.metadata.name}" already exists`);
    const failed = await api.put(`${at(before)}/status`, { ...marked, status: { phase: 'Failed' } });
    expect(failed.body.status).toMatchObject({ phase: 'Failed' });
    expect(failed.body.metadata.deletionTimestamp).toBe(marked.metadata.deletionTimestamp);
  });

  test('a pod that no node has, or that has ended, goes at once', async () => {
    const homeless = await create({});
    expect(graceOf((await api.delete(at(homeless))).body)).toBe(0);
    expect(await gone(homeless)).toBe(true);

    const ended = await create();
    await api.put(`${at(ended)}/status`, { ...ended, status: { phase: 'Succeeded' } });
    expect(graceOf((await api.delete(at(ended))).body)).toBe(0);
    expect(await gone(ended)).toBe(true);
  });

  test('a watch sees a pod marked before it is removed', async () => {
    const { body: list } = await api.get(PODS);
    const { metadata } = await create();
    const { name } = metadata;
    await api.delete(`${PODS}/${name}`);
    await api.delete(`${PODS}/${name}?gracePeriodSeconds=0`);
    const selector = `fieldSelector=metadata.name%3D${name}`;
    const watch = await api.watch(`${PODS}?watch=1&${selector}&resourceVersion=${list.metadata.resourceVersion}`);
    const types = (await watch.names(4)).map((event) => event.split(' ')[0]);
    expect(types).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED']);
    expect(watch.events.map(({ object }) => graceOf(object))).toEqual([undefined, 30, 0, 0]);
    watch.close();
  });

  test('pods can be picked by node, phase and label', async () => {
    const node = uniqueName();
    const { metadata } = await create({ nodeName: node }, { labels: { node } });
    for (const query of [
      `fieldSelector=spec.nodeName%3D${node}`,
      `fieldSelector=status.phase%3DPending,spec.nodeName%3D${node}`,
      `labelSelector=node%3D${node}`,
    ]) {
      const { body } = await api.get(`${PODS}?${query}`);
      expect(body.items.map((each: Body) => each.metadata.name)).toEqual([metadata.name]);
    }
    expect((await api.get(`${PODS}?fieldSelector=spec.x%3D1`)).status).toBe(400);
  });
}
