import { expect, test } from '@jest/globals';
import type { ApiClient } from '../api-client.ts';
import { event, EVENTS, uniqueName, withoutManagedFields } from '../objects.ts';

export function eventContract(api: ApiClient): void {
  test('an event is kept as it was sent', async () => {
    const name = uniqueName();
    const { status, body } = await api.post(EVENTS, event(name));
    expect(status).toBe(201);
    const sent = event(name);
    const { uid, resourceVersion, creationTimestamp } = body.metadata;
    expect(withoutManagedFields(body)).toEqual({
      ...sent,
      metadata: { name, namespace: 'default', uid, resourceVersion, creationTimestamp },
      eventTime: null,
      reportingComponent: '',
      reportingInstance: '',
    });
  });

  test('an event as a replica writes it: with a drawn name, in whole seconds', async () => {
    const name = uniqueName();
    const at = '2026-01-01T00:00:00.987Z';
    const { involvedObject } = event(name);
    const sent = {
      metadata: { namespace: 'default', generateName: `${name}.` },
      involvedObject,
      type: 'Warning',
      reason: 'DataLossPossible',
      message: 'acknowledged writes may be lost',
      count: 1,
      firstTimestamp: at,
      lastTimestamp: at,
      source: { component: 'kvstore', host: 'kvstore-0' },
      reportingComponent: 'kvstore',
      reportingInstance: 'kvstore-0',
    };
    const { status, body } = await api.post(EVENTS, sent);
    expect(status).toBe(201);
    expect(body.metadata.name).toMatch(new RegExp(`^${name}\\.[a-z0-9]{5}$`));
    const { metadata: _metadata, ...rest } = sent;
    const second = '2026-01-01T00:00:00Z';
    expect(body).toMatchObject({ ...rest, firstTimestamp: second, lastTimestamp: second, eventTime: null });
  });

  test('an event need not say which life of an object it is about', async () => {
    const { uid: _uid, ...involvedObject } = event('kvstore').involvedObject;
    const { status, body } = await api.post(EVENTS, event(uniqueName(), { involvedObject }));
    expect([status, body['involvedObject']]).toEqual([201, involvedObject]);
  });

  test.each([
    ['message', 1024],
    ['reason', 128],
  ])('the %s of an event may be as long as replicas write it: %i', async (field, length) => {
    const text = 'x'.repeat(length);
    const { status, body } = await api.post(EVENTS, event(uniqueName(), { [field]: text }));
    expect([status, body[field]]).toEqual([201, text]);
  });

  test('an event that happens again is counted by a replace, with or without a version', async () => {
    const { body } = await api.post(EVENTS, event(uniqueName()));
    const path = `${EVENTS}/${body.metadata.name}`;
    expect((await api.put(path, { ...body, count: 2 })).body.count).toBe(2);
    expect((await api.put(path, { ...body, count: 3 })).status).toBe(409);
    expect((await api.put(path, event(body.metadata.name, { count: 4 }))).body.count).toBe(4);
    const absent = uniqueName();
    expect((await api.put(`${EVENTS}/${absent}`, event(absent))).status).toBe(201);
  });

  test('an event lies in the namespace of what it is about', async () => {
    const about = { kind: 'Lease', namespace: 'other', name: 'kvstore' };
    const { status, body } = await api.post(EVENTS, event(uniqueName(), { involvedObject: about }));
    expect(status).toBe(422);
    expect(body.details.causes[0]?.field).toBe('involvedObject.namespace');
  });

  test('an event with an event time says who reports what', async () => {
    const eventTime = '2026-01-01T00:00:00.000000Z';
    const bare = event(uniqueName(), {
      eventTime,
      source: undefined,
      firstTimestamp: null,
      lastTimestamp: null,
      count: 0,
    });
    const refused = await api.post(EVENTS, bare);
    expect(refused.status).toBe(422);
    const fields = refused.body.details.causes.map(({ field }) => field);
    expect([...new Set(fields)]).toEqual(['reportingComponent', 'reportingInstance', 'action']);
    const whole = {
      ...bare,
      reportingComponent: 'kvstore.example/elector',
      reportingInstance: 'kvstore-0',
      action: 'Lead',
    };
    const { status, body } = await api.post(EVENTS, whole);
    expect(status).toBe(201);
    expect(body).toMatchObject({ eventTime, reportingInstance: 'kvstore-0', action: 'Lead' });
  });

  test('events are found by what they are about', async () => {
    const name = uniqueName();
    await api.post(EVENTS, event(name));
    const { body } = await api.get(
      `${EVENTS}?fieldSelector=involvedObject.name%3D${name},reason%3DLeading,type%3DNormal`,
    );
    expect(body.kind).toBe('EventList');
    expect(body.items).toHaveLength(1);
  });

  test('an event can be deleted', async () => {
    const { body } = await api.post(EVENTS, event(uniqueName()));
    const { status, body: deleted } = await api.delete(`${EVENTS}/${body.metadata.name}`);
    expect([status, deleted.status]).toEqual([200, 'Success']);
  });
}
