import { describe, expect, test } from '@jest/globals';
import request from 'supertest';

import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import type { RecoverOutcome, RecoverRequest, RecoveryView } from '../../../../src/core/election/recovery.ts';
import { apiUnderTest } from './api-under-test.ts';

const PATH = '/v1/admin/recovery';

const view: RecoveryView = {
  replica: 'kv-1/uid-1/data-1',
  role: 'seeking',
  frozen: 'the Lease is not there',
  takesWrites: false,
  epoch: epoch(4),
  obeys: { number: 1, id: 'one' },
  holding: { lineage: { number: 1, id: 'one' }, lastEpoch: epoch(3), lastIndex: logIndex(7) },
  commitIndex: 7,
  keys: 2,
  record: { kind: 'absent' },
};

const asked = { shown: view.holding, record: null, silentPods: ['kv-0'] };

function withAdmin(outcome: RecoverOutcome = { kind: 'begun', lineage: { number: 2, id: 'two' }, epoch: epoch(5) }) {
  const requests: RecoverRequest[] = [];
  const recover = (recoverRequest: RecoverRequest) => {
    requests.push(recoverRequest);
    return Promise.resolve(outcome);
  };
  return { ...apiUnderTest({ admin: { recoveryView: () => view, recover } }), requests };
}

test('a replica shows what it has', async () => {
  const answer = await request(withAdmin().api).get(PATH);
  expect([answer.status, answer.body, answer.headers['cache-control']]).toEqual([200, view, 'no-store']);
});

test('the operator’s word reaches the replica as it was given', async () => {
  const { api, requests } = withAdmin();
  const record = { uid: 'u', resourceVersion: '9' };
  const answer = await request(api)
    .post(PATH)
    .send({ ...asked, record, despite: ['more-elsewhere'] });
  expect([answer.status, answer.body]).toEqual([200, { lineage: { number: 2, id: 'two' }, epoch: 5 }]);
  expect(requests).toEqual([{ ...asked, record, despite: ['more-elsewhere'] }]);
  await request(api).post(PATH).send(asked).expect(200);
  expect(requests[1]).toEqual({ ...asked, despite: [] });
});

test.each<[RecoverOutcome, number, object]>([
  [{ kind: 'refused', code: 'leader-works', detail: 'kv-0 leads' }, 409, { code: 'leader-works', retryable: false }],
  [{ kind: 'refused', code: 'stopping', detail: 'it stops' }, 503, { code: 'stopping' }],
  [{ kind: 'unknown', detail: 'time-out' }, 503, { code: 'kubernetes-away', outcome: 'unknown' }],
])('%j is told as a problem', async (outcome, status, body) => {
  const answer = await request(withAdmin(outcome).api).post(PATH).send(asked);
  expect([answer.status, answer.body]).toMatchObject([status, body]);
  expect(answer.headers['content-type']).toBe('application/problem+json');
});

describe('what is not the operator’s word is refused', () => {
  test.each<[string, object]>([
    ['nothing shown', { record: null, silentPods: [] }],
    ['a lineage without an id', { ...asked, shown: { ...view.holding, lineage: { number: 1 } } }],
    ['no word of silent pods', { shown: view.holding, record: null }],
    ['an index that is none', { ...asked, shown: { ...view.holding, lastIndex: -1 } }],
    ['an objection that there is not', { ...asked, despite: ['leader-works'] }],
    ['something unknown', { ...asked, force: true }],
  ])('%s', async (_name, body) => {
    const { api, requests } = withAdmin();
    const answer = await request(api).post(PATH).send(body);
    expect([answer.status, answer.body]).toMatchObject([400, { code: 'bad-request' }]);
    expect(requests).toEqual([]);
  });

  test('a type that a web page could send without asking', async () => {
    const { api, requests } = withAdmin();
    const answer = await request(api).post(PATH).set('Content-Type', 'text/plain').send(JSON.stringify(asked));
    expect([answer.status, requests]).toEqual([400, []]);
  });

  test('a query, which the route does not have', async () => {
    const { api, requests } = withAdmin();
    const answers = [
      await request(api).post(`${PATH}?despite=not-frozen`).send(asked),
      await request(api).get(`${PATH}?a`),
    ];
    expect(answers.map(({ status, body }) => [status, (body as { code: string }).code])).toEqual([
      [400, 'bad-request'],
      [400, 'bad-request'],
    ]);
    expect(requests).toEqual([]);
  });

  test('what is not JSON, and what is too long', async () => {
    const { api } = withAdmin();
    const send = (body: string) => request(api).post(PATH).set('Content-Type', 'application/json').send(body);
    expect((await send('{')).status).toBe(400);
    expect((await send(JSON.stringify({ ...asked, silentPods: ['x'.repeat(70_000)] }))).status).toBe(413);
  });
});

test('a proxy has no such route', async () => {
  const { api } = apiUnderTest();
  await request(api).get(PATH).expect(404);
  await request(api).post(PATH).send(asked).expect(404);
});
