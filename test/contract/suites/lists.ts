import { expect, test } from '@jest/globals';
import type { Answer, ApiClient, Body } from '../api-client.ts';
import { lease, LEASES, uniqueName, withoutManagedFields } from '../objects.ts';

export function listContract(api: ApiClient): void {
  /** Leases with labels, under a label of their own by which `list` finds only them. */
  const group = async (labels: readonly object[]) => {
    const id = uniqueName();
    const created: Body[] = [];
    for (const [at, each] of labels.entries()) {
      created.push((await api.post(LEASES, lease(`${id}-${at}`, {}, { labels: { group: id, ...each } }))).body);
    }
    const list = (selector = '', query = ''): Promise<Answer> =>
      api.get(`${LEASES}?labelSelector=${encodeURIComponent(`group=${id}${selector}`)}${query}`);
    const numbers = (answer: Answer): string[] =>
      answer.body.items.map(({ metadata }: Body) => metadata.name.slice(id.length + 1));
    return { id, created, list, numbers };
  };

  test('a list holds whole objects by name, and a version no older than any of theirs', async () => {
    const { created, list } = await group([{}, {}, {}]);
    const { status, body } = await list();
    expect(status).toBe(200);
    expect(body.kind).toBe('LeaseList');
    expect(body.apiVersion).toBe('coordination.k8s.io/v1');
    expect(Object.keys(body.metadata)).toEqual(['resourceVersion']);
    const expected = created.map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => withoutManagedFields(rest));
    expect(body.items.map(withoutManagedFields)).toEqual(expected);
    const last = created.at(-1)?.metadata.resourceVersion;
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(last));
  });

  test('an empty list is a list', async () => {
    const { status, body } = await api.get(`${LEASES}?labelSelector=group=${uniqueName()}`);
    expect(status).toBe(200);
    expect(body.items).toEqual([]);
  });

  test.each([
    ['', ['0', '1', '2', '3']],
    [',zone=a', ['0']],
    [',zone==b', ['1']],
    [',zone!=a', ['1', '2', '3']],
    [',zone', ['0', '1', '2']],
    [',!zone', ['3']],
    [',zone in (a, c)', ['0', '2']],
    [',zone notin (a, c)', ['1', '3']],
    [',zone=', []],
    [',rank>1', ['2']],
    [',rank<2', ['0', '1']],
    [',zone=a,rank=1', []],
  ])('a label selector picks: %s', async (selector, expected) => {
    const { list, numbers } = await group([
      { zone: 'a', rank: '0' },
      { zone: 'b', rank: '1' },
      { zone: 'c', rank: '2' },
      {},
    ]);
    expect(numbers(await list(selector))).toEqual(expected);
  });

  test.each(['a b', 'a===b', ',', 'a in b', 'a in (b', '=a', 'a=b,'])(
    'a label selector that cannot be read is a bad request: %s',
    async (selector) => {
      const { status, body } = await api.get(`${LEASES}?labelSelector=${encodeURIComponent(selector)}`);
      expect([status, body.reason]).toEqual([400, 'BadRequest']);
    },
  );

  test('a field selector picks by name and namespace', async () => {
    const { id, list, numbers } = await group([{}, {}, {}]);
    const pick = async (selector: string): Promise<string[]> =>
      numbers(await list('', `&fieldSelector=${encodeURIComponent(selector)}`));
    expect(await pick(`metadata.name=${id}-1`)).toEqual(['1']);
    expect(await pick(`metadata.name==${id}-1,metadata.namespace=default`)).toEqual(['1']);
    expect(await pick(`metadata.name!=${id}-1`)).toEqual(['0', '2']);
    expect(await pick(`metadata.namespace=other`)).toEqual([]);
    for (const wrong of ['spec.holderIdentity=x', 'x']) {
      const { status, body } = await list('', `&fieldSelector=${wrong}`);
      expect([status, body.reason]).toEqual([400, 'BadRequest']);
    }
  });

  test('a list of all namespaces holds this one', async () => {
    const { id } = await group([{}]);
    const { body } = await api.get(`/apis/coordination.k8s.io/v1/leases?labelSelector=group=${id}`);
    expect(body.items.map(({ metadata }: Body) => metadata.namespace)).toEqual(['default']);
  });

  test('pages show the state of one version, whatever is written meanwhile', async () => {
    const { id, created, list, numbers } = await group([{}, {}, {}, {}, {}]);
    const first = await list('', '&limit=2');
    expect(numbers(first)).toEqual(['0', '1']);
    await api.post(LEASES, lease(`${id}-11`, {}, { labels: { group: id } }));
    await api.delete(`${LEASES}/${created[3]?.metadata.name}`);
    const second = await list('', `&limit=2&continue=${first.body.metadata.continue}`);
    expect(numbers(second)).toEqual(['2', '3']);
    const third = await list('', `&limit=2&continue=${second.body.metadata.continue}`);
    expect(numbers(third)).toEqual(['4']);
    expect(third.body.metadata).toEqual({ resourceVersion: first.body.metadata.resourceVersion });
    expect(numbers(await list())).toEqual(['0', '1', '11', '2', '4']);
  });

  test('a page without a selector says how much is left', async () => {
    await group([{}, {}, {}]);
    const total = (await api.get(LEASES)).body.items.length;
    const { body } = await api.get(`${LEASES}?limit=1`);
    expect(body.items).toHaveLength(1);
    expect(body.metadata.remainingItemCount).toBe(total - 1);
  });

  test('a list can ask for the state of a version', async () => {
    const { created, list, numbers } = await group([{}, {}, {}]);
    const second = created[1]?.metadata.resourceVersion;
    expect(numbers(await list('', `&resourceVersion=${second}&resourceVersionMatch=Exact`))).toEqual(['0', '1']);
    expect(numbers(await list('', `&resourceVersion=${second}&resourceVersionMatch=NotOlderThan`))).toEqual([
      '0',
      '1',
      '2',
    ]);
    expect(numbers(await list('', `&resourceVersion=0`))).toEqual(['0', '1', '2']);
  });

  test('a read of a version that is still to come times out', async () => {
    const { created } = await group([{}]);
    const { name = '', resourceVersion } = created[0]?.metadata ?? {};
    const version = Number(resourceVersion) + 1_000_000;
    const paths = [LEASES, `${LEASES}/${name}`];
    const answers = await Promise.all(paths.map((path) => api.get(`${path}?resourceVersion=${version}`)));
    for (const { status, body } of answers) {
      expect(status).toBe(504);
      expect(body.reason).toBe('Timeout');
      expect(body.details.causes).toEqual([
        { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
      ]);
    }
  });

  test.each([
    ['resourceVersion=abc', 400],
    ['limit=x', 400],
    ['timeoutSeconds=x', 400],
    ['continue=xyz', 400],
    ['resourceVersionMatch=Exact', 422],
    ['sendInitialEvents=true', 422],
  ])('a query that cannot be is refused: %s', async (query, expected) => {
    expect((await api.get(`${LEASES}?${query}`)).status).toBe(expected);
  });

  test('a collection can be deleted by a selector', async () => {
    const { id, list, numbers } = await group([{ zone: 'a' }, { zone: 'b' }]);
    const selector = encodeURIComponent(`group=${id},zone=a`);
    expect((await api.delete(`${LEASES}?labelSelector=${selector}`)).body.kind).toBe('LeaseList');
    expect(numbers(await list())).toEqual(['1']);
  });
}
