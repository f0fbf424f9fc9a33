import { expect, test } from '@jest/globals';
import type { ApiClient, Body } from '../api-client.ts';
import { slice, SLICES, uniqueName, withoutManagedFields } from '../objects.ts';

export function sliceContract(api: ApiClient): void {
  const create = async (fields: object = {}): Promise<Body> => {
    const { status, body } = await api.post(SLICES, slice(uniqueName(), fields));
    expect(status).toBe(201);
    return body;
  };
  const at = ({ metadata }: Body): string => `${SLICES}/${metadata.name}`;

  test('a slice is kept as it was sent, in its first generation', async () => {
    const name = uniqueName();
    const { status, body } = await api.post(SLICES, slice(name));
    expect(status).toBe(201);
    const sent = slice(name);
    expect(withoutManagedFields(body)).toEqual({
      ...sent,
      metadata: {
        ...sent.metadata,
        namespace: 'default',
        uid: body.metadata.uid,
        resourceVersion: body.metadata.resourceVersion,
        creationTimestamp: body.metadata.creationTimestamp,
        generation: 1,
      },
    });
  });

  test('what is left out gets its default', async () => {
    const { ports } = await create({ ports: [{ port: 7000 }] });
    expect(ports).toEqual([{ name: '', port: 7000, protocol: 'TCP' }]);
    const empty = await create({ ports: undefined, endpoints: undefined });
    expect([empty.ports, empty.endpoints]).toEqual([null, null]);
    const { endpoints } = await create({ endpoints: [{ addresses: ['10.0.0.2'] }] });
    expect(endpoints).toEqual([{ addresses: ['10.0.0.2'], conditions: {} }]);
  });

  test('what is said of an endpoint, and what is not said, is kept', async () => {
    const endpoints = [
      { addresses: ['10.0.0.2', '10.0.0.3'], conditions: { ready: false }, hostname: 'kvstore-0' },
      { addresses: ['10.0.0.4'], conditions: { serving: false, terminating: true }, nodeName: 'node', zone: 'zone' },
      { addresses: ['10.0.0.5'], conditions: {}, targetRef: { kind: 'Pod', name: 'kvstore-1' } },
    ];
    expect((await create({ endpoints })).endpoints).toEqual(endpoints);
  });

  test('the generation counts changes of content and labels, not of annotations', async () => {
    const first = await create();
    const same = (await api.put(at(first), first)).body;
    expect(same).toEqual(first);
    const second = (await api.put(at(first), { ...first, endpoints: [] })).body;
    expect(second.metadata.generation).toBe(2);
    expect(second.endpoints).toBeNull();
    const labelled = { ...second.metadata, labels: { ...second.metadata.labels, more: 'x' } };
    const third = (await api.put(at(first), { ...second, metadata: labelled })).body;
    expect(third.metadata.generation).toBe(3);
    const annotated = { ...third.metadata, annotations: { a: 'b' } };
    const fourth = (await api.put(at(first), { ...third, metadata: annotated })).body;
    expect(fourth.metadata.generation).toBe(3);
    expect(fourth.metadata.resourceVersion).not.toBe(third.metadata.resourceVersion);
  });

  test('a replace needs no version, and creates nothing', async () => {
    const { metadata } = await create();
    const { status, body } = await api.put(`${SLICES}/${metadata.name}`, slice(metadata.name, { endpoints: [] }));
    expect(status).toBe(200);
    expect(body.metadata.uid).toBe(metadata.uid);
    const absent = uniqueName();
    expect((await api.put(`${SLICES}/${absent}`, slice(absent))).status).toBe(404);
  });

  test.each([
    ['no address type', { addressType: undefined }, 'addressType', 'FieldValueRequired'],
    ['an unknown address type', { addressType: 'X', endpoints: [] }, 'addressType', 'FieldValueNotSupported'],
    [
      'an address that is none',
      { endpoints: [{ addresses: ['x'] }] },
      'endpoints[0].addresses[0]',
      'FieldValueInvalid',
    ],
    ['no address', { endpoints: [{ addresses: [] }] }, 'endpoints[0].addresses', 'FieldValueRequired'],
    ['a protocol that is none', { ports: [{ protocol: 'X' }] }, 'ports[0].protocol', 'FieldValueNotSupported'],
    ['a port name that is none', { ports: [{ name: 'Bad_' }] }, 'ports[0].name', 'FieldValueInvalid'],
    ['a port name twice', { ports: [{ port: 1 }, { port: 2 }] }, 'ports[1].name', 'FieldValueDuplicate'],
    [
      'a host name of one part',
      { addressType: 'FQDN', endpoints: [{ addresses: ['localhost'] }] },
      'endpoints[0].addresses[0]',
      'FieldValueInvalid',
    ],
  ])('a slice is refused for %s', async (_what, fields, field, reason) => {
    const { status, body } = await api.post(SLICES, slice(uniqueName(), fields));
    expect(status).toBe(422);
    expect(body.details.causes).toEqual([{ reason, field, message: expect.any(String) }]);
  });

  test('IPv6 addresses go into slices of their own', async () => {
    const { endpoints } = await create({ addressType: 'IPv6', endpoints: [{ addresses: ['2001:db8::1'] }] });
    expect(endpoints).toEqual([{ addresses: ['2001:db8::1'], conditions: {} }]);
    const mixed = slice(uniqueName(), { addressType: 'IPv6' });
    expect((await api.post(SLICES, mixed)).status).toBe(422);
  });

  test('an address type does not change', async () => {
    const before = await create({ endpoints: [] });
    const { status, body } = await api.put(at(before), { ...before, addressType: 'IPv6' });
    expect(status).toBe(422);
    expect(body.details.causes[0]).toMatchObject({ field: 'addressType', reason: 'FieldValueInvalid' });
  });

  test('the slices of a Service are found and followed by its label', async () => {
    const { metadata } = await create();
    const selector = `labelSelector=${encodeURIComponent(`kubernetes.io/service-name=${metadata.name}`)}`;
    const { body: list } = await api.get(`${SLICES}?${selector}`);
    expect(list.kind).toBe('EndpointSliceList');
    expect(list.items).toHaveLength(1);
    const version = list.metadata.resourceVersion;
    const watch = await api.watch(`${SLICES}?watch=1&${selector}&resourceVersion=${version}`);
    await api.put(`${SLICES}/${metadata.name}`, slice(metadata.name, { endpoints: [] }));
    await api.delete(`${SLICES}/${metadata.name}`);
    expect(await watch.names(2)).toEqual([`MODIFIED ${metadata.name}`, `DELETED ${metadata.name}`]);
    watch.close();
  });
}
