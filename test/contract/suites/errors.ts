import { expect, test } from '@jest/globals';
import type { ApiClient, Cause } from '../api-client.ts';
import { lease, LEASES, uniqueName } from '../objects.ts';

export function errorContract(api: ApiClient): void {
  const causes = async (object: object): Promise<readonly Cause[]> => {
    const { status, body } = await api.post(LEASES, object);
    expect(status).toBe(422);
    expect(body.reason).toBe('Invalid');
    return body.details.causes;
  };

  test('each field that is out of range is named', async () => {
    const name = uniqueName();
    expect(await causes(lease(name, { leaseDurationSeconds: 0, leaseTransitions: -1 }))).toEqual([
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0: must be greater than 0',
        field: 'spec.leaseDurationSeconds',
      },
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: -1: must be greater than or equal to 0',
        field: 'spec.leaseTransitions',
      },
    ]);
  });

  test('a replace is checked as a create is, but only if its version is the right one', async () => {
    const { body } = await api.post(LEASES, lease(uniqueName()));
    const wrong = { ...body, spec: { leaseTransitions: -1 } };
    const path = `${LEASES}/${body.metadata.name}`;
    expect((await api.put(path, wrong)).status).toBe(422);
    const stale = { ...wrong, metadata: { ...body.metadata, resourceVersion: '1' } };
    expect((await api.put(path, stale)).status).toBe(409);
  });

  test('a name is required', async () => {
    expect(await causes(lease(undefined))).toEqual([
      {
        reason: 'FieldValueRequired',
        message: 'Required value: name or generateName is required',
        field: 'metadata.name',
      },
    ]);
  });

  test.each(['Bad_Name', '-a', 'a..b', 'x'.repeat(254)])('a name is a DNS subdomain: %s', async (name) => {
    expect(await causes(lease(name))).toEqual([
      {
        reason: 'FieldValueInvalid',
        message: expect.stringContaining(`Invalid value: "${name}"`),
        field: 'metadata.name',
      },
    ]);
  });

  test('labels and annotations have their rules', async () => {
    const labels = await causes(lease(uniqueName(), {}, { labels: { 'a b': 'x y', 'good.io/a': 'b' } }));
    expect(labels.map(({ field }) => field)).toEqual(['metadata.labels', 'metadata.labels']);
    const annotations = await causes(lease(uniqueName(), {}, { annotations: { a: 'x'.repeat(262_145) } }));
    expect(annotations).toEqual([
      {
        reason: 'FieldValueTooLong',
        message: 'Too long: may not be more than 262144 bytes',
        field: 'metadata.annotations',
      },
    ]);
  });

  test.each([
    [
      'a string for a number',
      { leaseDurationSeconds: 'x' },
      'cannot unmarshal string into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32',
    ],
    [
      'a fraction for a whole number',
      { leaseTransitions: 1.5 },
      'cannot unmarshal number 1.5 into Go struct field LeaseSpec.spec.leaseTransitions of type int32',
    ],
    [
      'more than 32 bits',
      { leaseTransitions: 3_000_000_000 },
      'cannot unmarshal number 3000000000 into Go struct field LeaseSpec.spec.leaseTransitions of type int32',
    ],
    [
      'a number for a string',
      { holderIdentity: 5 },
      'cannot unmarshal number into Go struct field LeaseSpec.spec.holderIdentity of type string',
    ],
    [
      'a time without its six digits',
      { renewTime: '2026-01-01T00:00:00.123Z' },
      'parsing time "2026-01-01T00:00:00.123Z" as "2006-01-02T15:04:05.000000Z07:00"',
    ],
    ['a time that is none', { renewTime: 'now' }, 'parsing time "now" as "2006-01-02T15:04:05.000000Z07:00"'],
  ])('a field of the wrong type is a bad request: %s', async (_what, spec, message) => {
    const { status, body } = await api.post(LEASES, lease(uniqueName(), spec));
    expect(status).toBe(400);
    expect(body.reason).toBe('BadRequest');
    expect(body.message).toContain(`Lease in version "v1" cannot be handled as a Lease: `);
    expect(body.message).toContain(message);
  });

  test('another kind of object is a bad request', async () => {
    const name = uniqueName();
    for (const wrong of [{ kind: 'Pod' }, { apiVersion: 'v1' }]) {
      const { status, body } = await api.post(LEASES, { ...lease(name), ...wrong });
      expect(status).toBe(400);
      expect(body.message).toContain('cannot be handled as a Lease: no kind');
    }
    // Neither needs to be said.
    expect((await api.post(LEASES, { metadata: { name } })).status).toBe(201);
  });

  test.each(['{', '', '[]', '"x"', '{"metadata":{"name":"a"}} x'])(
    'a body that is no JSON object is a bad request: %s',
    async (text) => {
      const { status, body } = await api.call('POST', LEASES, text);
      expect(status).toBe(400);
      expect(body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: expect.stringContaining(
          "the object provided is unrecognized (must be of type Lease): couldn't get version/kind; json parse error: ",
        ),
        reason: 'BadRequest',
        code: 400,
      });
    },
  );

  test('unknown fields are dropped with a warning, or refused if that was asked for', async () => {
    const object = { ...lease(uniqueName(), { odd: 1, leaseTransitions: 2 }), more: true };
    const strict = await api.post(`${LEASES}?fieldValidation=Strict`, object);
    expect(strict.status).toBe(400);
    expect(strict.body.message).toContain('strict decoding error: unknown field');
    const { status, headers, body } = await api.post(LEASES, object);
    expect(status).toBe(201);
    expect(body.spec).toEqual({ leaseTransitions: 2 });
    expect(body['more']).toBeUndefined();
    expect(headers['warning']).toContain('299 - "unknown field \\"spec.odd\\""');
  });

  test('only JSON is understood, whatever charset it says', async () => {
    const { status, body } = await api.call('POST', LEASES, lease(uniqueName()), { 'content-type': 'text/plain' });
    expect(status).toBe(415);
    expect(body.reason).toBe('UnsupportedMediaType');
    const type = 'application/json; charset=utf-8';
    expect((await api.call('POST', LEASES, lease(uniqueName()), { 'content-type': type })).status).toBe(201);
  });

  test('a client that does not take JSON is told so', async () => {
    const { status, body } = await api.call('GET', LEASES, undefined, { accept: 'text/html' });
    expect(status).toBe(406);
    expect(body.reason).toBe('NotAcceptable');
  });

  test('a body of more than 3 MiB is refused', async () => {
    const object = lease(uniqueName(), {}, { annotations: { a: 'x'.repeat(3 * 1024 * 1024) } });
    const { status, body } = await api.post(LEASES, object);
    expect(status).toBe(413);
    expect(body).toMatchObject({
      message: 'Request entity too large: limit is 3145728',
      reason: 'RequestEntityTooLarge',
      code: 413,
    });
  });

  test('the name and the namespace of the URL are those of the object', async () => {
    const { body: stored } = await api.post(LEASES, lease(uniqueName()));
    const path = `${LEASES}/${stored.metadata.name}`;
    const replaced = async (metadata: object): Promise<string> => {
      const { status, body } = await api.put(path, { ...stored, metadata: { ...stored.metadata, ...metadata } });
      expect(status).toBe(400);
      return body.message;
    };
    const { name } = stored.metadata;
    expect(await replaced({ name: 'other' })).toBe(
      `the name of the object (other) does not match the name on the URL (${name})`,
    );
    expect(await replaced({ name: '' })).toBe(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
    const elsewhere = 'the namespace of the provided object does not match the namespace sent on the request';
    expect(await replaced({ namespace: 'other' })).toBe(elsewhere);
    const created = await api.post(LEASES, lease(uniqueName(), {}, { namespace: 'other' }));
    expect(created.status).toBe(400);
    expect(created.body.message).toBe(elsewhere);
  });

  test('a version that is no number, or comes with a create, is an error of its own', async () => {
    const { body: stored } = await api.post(LEASES, lease(uniqueName()));
    const path = `${LEASES}/${stored.metadata.name}`;
    const wrong = { ...stored, metadata: { ...stored.metadata, resourceVersion: 'abc' } };
    expect((await api.put(path, wrong)).status).toBe(500);
    const { status, body } = await api.post(LEASES, lease(uniqueName(), {}, { resourceVersion: '5' }));
    expect(status).toBe(500);
    expect(body.message).toBe('resourceVersion should not be set on objects to be created');
  });

  test('a method that a resource does not have is not allowed', async () => {
    const answers = [
      await api.post(`${LEASES}/a`, lease('a')),
      await api.put(LEASES, lease('a')),
      await api.call('OPTIONS', LEASES),
      await api.post('/apis/coordination.k8s.io/v1/leases', lease('a')),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(405);
      expect(body.reason).toBe('MethodNotAllowed');
    }
  });

  test('what there is not is not found', async () => {
    const resources = [
      '/apis/coordination.k8s.io/v1/namespaces/default/nothings',
      `${LEASES}/a/status`,
      `${LEASES}/a/b/c`,
      `${LEASES}/a%2Fb`,
    ];
    for (const path of resources) {
      const { status, body } = await api.get(path);
      expect(status).toBe(404);
      expect(body).toMatchObject({ kind: 'Status', reason: 'NotFound', code: 404 });
    }
    for (const path of ['/nothing', '/apis/nothing.example.com/v1/things']) {
      expect(await api.get(path)).toMatchObject({ status: 404, body: '404 page not found\n' });
    }
  });

  test('it says that it is alive and which version it has', async () => {
    for (const path of ['/livez', '/readyz', '/healthz']) {
      expect(await api.get(path)).toMatchObject({ status: 200, body: 'ok' });
    }
    const { body } = await api.get('/version');
    expect(body).toMatchObject({ major: '1', minor: expect.stringMatching(/^\d+$/) });
    expect(body.gitVersion).toMatch(/^v1\./);
  });
}
