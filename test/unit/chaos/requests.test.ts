import { describe, expect, test } from '@jest/globals';
import { encodeSessionToken } from '../../../src/protocol/http/session-token.ts';
import { logIndex } from '../../../src/core/base/numbers.ts';
import { operationOf, requestOf, settle, settleAgain, type Intent, type Reply } from '../../chaos/load/requests.ts';
import { reasonAgainst } from '../../history/operation.ts';

const TAG = { etag: '"57-b1c2-1"', revision: 57, lineage: { number: 2, id: 'b1c2-1' } };
const SESSION = encodeSessionToken({ lineage: { number: 2, id: 'b1c2-1' }, revision: logIndex(60) });
const intents: Readonly<Record<'get' | 'put' | 'create' | 'cas' | 'delete', Intent>> = {
  get: { op: 'get', key: 'k', mode: 'linearizable' },
  put: { op: 'put', key: 'k', value: 'c1-1' },
  create: { op: 'create', key: 'k', value: 'c1-1' },
  cas: { op: 'cas', key: 'k', value: 'c1-1', tag: TAG },
  delete: { op: 'delete', key: 'k' },
};

function answered(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Reply {
  const lines = Object.entries(headers).map(([name, value]) => `\r\n${name}: ${value}`);
  return { kind: 'answer', answer: { status, head: `HTTP/1.1 ${status} X${lines.join('')}`, body } };
}

const problem = (status: number, code: string, rest: object = {}): Reply =>
  answered(status, { 'Content-Type': 'application/problem+json' }, JSON.stringify({ code, status, ...rest }));

const stored = { ETag: TAG.etag, 'X-KV-Revision': '57', 'X-KV-Version': '3', 'X-KV-Session': SESSION };

describe('what a client may conclude', () => {
  test.each([
    ['get', answered(200, stored, 'c9-4 .....'), { outcome: 'ok', value: 'c9-4', revision: 57, version: 3, tag: TAG }],
    ['get', problem(404, 'no-key'), { outcome: 'ok', value: null, revision: null, code: null }],
    ['get', problem(503, 'no-leader'), { outcome: 'failed', code: 'no-leader' }],
    ['get', problem(410, 'replaced-lineage'), { outcome: 'failed', code: 'replaced-lineage' }],
    ['get', { kind: 'gaveUp' }, { outcome: 'failed' }],
    ['put', answered(201, stored), { outcome: 'ok', revision: 57, value: null }],
    ['put', answered(200, stored), { outcome: 'ok', revision: 57 }],
    ['put', problem(507, 'memory-full'), { outcome: 'failed', code: 'memory-full' }],
    ['put', problem(503, 'no-leader', { outcome: 'unknown' }), { outcome: 'unknown', code: 'no-leader' }],
    ['put', problem(503, 'no-leader'), { outcome: 'failed' }],
    ['put', answered(502, {}, 'Bad Gateway'), { outcome: 'unknown', code: 'status 502' }],
    ['put', { kind: 'gaveUp' }, { outcome: 'unknown' }],
    ['put', { kind: 'ended', ending: 'refused' }, { outcome: 'failed' }],
    ['put', { kind: 'ended', ending: 'unanswered' }, { outcome: 'unknown' }],
    ['put', { kind: 'ended', ending: 'cut' }, { outcome: 'unknown' }],
    ['create', problem(409, 'exists'), { outcome: 'refused', code: 'exists' }],
    ['cas', problem(412, 'revision-mismatch'), { outcome: 'refused' }],
    ['delete', answered(204, { 'X-KV-Revision': '58' }), { outcome: 'ok', revision: 58 }],
    ['delete', problem(404, 'no-key'), { outcome: 'ok', revision: null }],
    // A condition that the client did not set is none of its refusals.
    ['put', problem(412, 'revision-mismatch'), { outcome: 'failed' }],
    ['put', problem(404, 'no-key'), { outcome: 'failed' }],
  ] as const)('%s %#', (op, reply, expected) => {
    expect(settle(op, reply)).toMatchObject(expected);
  });

  test('a refusal names what stands there', () => {
    const { answer } = problem(412, 'revision-mismatch') as Extract<Reply, { kind: 'answer' }>;
    const head = `${answer.head}\r\nETag: "60-b1c2-1"\r\nX-KV-Revision: 60\r\nX-KV-Session: ${SESSION}`;
    const refused = settle('cas', { kind: 'answer', answer: { ...answer, head } });
    expect(refused).toMatchObject({ outcome: 'refused', revision: 60, tag: { revision: 60, etag: '"60-b1c2-1"' } });
  });

  test('an attempt in doubt stays in doubt though a later one was turned away, and is settled by one that was answered', () => {
    const inDoubt = settle('put', { kind: 'gaveUp' });
    expect(settleAgain(inDoubt, settle('put', problem(503, 'overloaded'))).outcome).toBe('unknown');
    expect(settleAgain(inDoubt, settle('put', answered(200, stored))).outcome).toBe('ok');
    expect(settleAgain(inDoubt, settle('create', problem(409, 'exists'))).outcome).toBe('refused');
    const turnedAway = settle('put', problem(503, 'overloaded'));
    expect(settleAgain(turnedAway, turnedAway).outcome).toBe('failed');
  });
});

test('what is recorded is an operation of a history, whatever the reply', () => {
  const by = { client: 3, target: 'proxy-0', startUs: 10, endUs: 20, session: SESSION };
  const replies = [
    answered(200, stored, 'c9-4'),
    problem(404, 'no-key'),
    problem(409, 'exists'),
    problem(412, 'revision-mismatch'),
    { kind: 'gaveUp' } as const,
  ];
  for (const intent of Object.values(intents)) {
    for (const reply of replies) {
      const operation = operationOf(intent, settle(intent.op, reply), by);
      expect({ operation, fault: reasonAgainst(operation) }).toMatchObject({ fault: null });
    }
  }
  const read = operationOf({ op: 'get', key: 'k', mode: 'session' }, settle('get', replies[0] as Reply), by);
  expect(read).toMatchObject({
    client: 3,
    mode: null,
    consistency: 'session',
    value: 'c9-4',
    token: { lineage: { number: 2, id: 'b1c2-1' }, revision: 60 },
    seen: { revision: 60 },
  });
});

test('requests say what is meant', () => {
  const plain = { session: null, idempotencyKey: null, paddingBytes: 0 };
  expect(requestOf(intents.get, { ...plain, session: SESSION })).toBe(
    `GET /v1/keys/k?consistency=linearizable HTTP/1.1\r\nHost: kvstore\r\nX-KV-Session: ${SESSION}\r\n\r\n`,
  );
  expect(requestOf(intents.cas, { ...plain, idempotencyKey: 'i', paddingBytes: 3 })).toBe(
    'PUT /v1/keys/k HTTP/1.1\r\nContent-Type: text/plain\r\nIf-Match: "57-b1c2-1"\r\nContent-Length: 8\r\nHost: kvstore\r\nIdempotency-Key: i\r\n\r\nc1-1 ...',
  );
  expect(requestOf(intents.create, plain)).toMatch(/^POST .*\r\n\r\nc1-1$/s);
  expect(requestOf(intents.delete, plain)).toBe('DELETE /v1/keys/k HTTP/1.1\r\nHost: kvstore\r\n\r\n');
});
