import { Agent } from 'node:http';

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';

import { openApiDocument } from '../../../src/protocol/http/openapi/document.ts';
import { Stage } from '../stage.ts';
import { AnswerCheck } from './answers.ts';
import { operationsIn, type Json } from './document.ts';
import { exchange, type Answer, type Sent } from './exchange.ts';
import { requestsOf, type Known } from './requests.ts';

/** Requests that are drawn from the document, asked of a store: every answer is one that the document tells of. */
const document = JSON.parse(JSON.stringify(openApiDocument({ process: 'proxy', release: '1.2.3' }))) as Json;
const RUNS = 100;
const WITHIN_MS = 60_000;

const UUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const KEYS = ['a', 'n', 'app/theme', UUID];
/** Held as long as the test runs. */
const LOCK = 'drawn';

const agent = new Agent({ keepAlive: true });
const answers = new AnswerCheck(document);
const schemas = new Ajv2020({ strict: false });
let stage: Stage;
let known: Known;

const ask = (sent: Partial<Sent> & Pick<Sent, 'path'>): Promise<Answer> =>
  exchange(stage.proxy, agent, { method: 'GET', headers: {}, body: null, ...sent });

beforeAll(async () => {
  stage = await Stage.open();
  const headers = { 'content-type': 'application/json' };
  const held = await ask({ method: 'POST', path: `/v1/locks/${LOCK}`, headers, body: '{"ttl":"1h"}' });
  const { lockId } = JSON.parse(held.body.toString()) as { lockId: string };
  const token = fc.constant(held.headers['x-kv-session']);
  known = {
    key: fc.constantFrom(...KEYS),
    name: fc.constant(LOCK),
    lockId: fc.constant(lockId),
    'X-KV-Session': token,
    'Last-Event-ID': token,
    from: token,
    server: fc.constant('kv-0'),
    version: fc.constantFrom('1', '2', '1000'),
    dryRun: fc.constant('true'),
    expect: fc.constantFrom('0', '1'),
    // Nobody is to wait here for a lock that is held.
    wait: fc.constantFrom(0, '10ms'),
  };
}, WITHIN_MS);

afterAll(async () => {
  agent.destroy();
  await stage.close();
});

/** There, whatever the operation before has done. */
beforeEach(async () => {
  for (const key of KEYS) await ask({ method: 'PUT', path: `/v1/keys/${key}`, body: '7' });
});

const codeOf = ({ body }: Answer): string => (JSON.parse(body.toString()) as { readonly code: string }).code;

test('the document that is served is the one that requests are drawn from', async () => {
  expect(JSON.parse((await ask({ path: '/openapi.json' })).body.toString())).toEqual(document);
});

test.each(operationsIn(document).map((operation) => [operation.operationId, operation] as const))(
  '%s: answers as documented, and refuses what its schemas do not take',
  async (_name, operation) => {
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(requestsOf(operation, known), async ({ sent, values }) => {
        const answer = await ask(sent);
        statuses.add(answer.status);
        const wrong = answers.violations(operation, answer);
        const isTaken = values.every(({ schema, value }) => schemas.validate(schema, value));
        // The earlier services overlooked what they did not know.
        if (!isTaken && operation.path.startsWith('/v1') && (answer.status < 400 || answer.status >= 500))
          wrong.push(`${answer.status}, where a schema says no`);
        expect({ sent, wrong }).toEqual({ sent, wrong: [] });
      }),
      { numRuns: RUNS },
    );
    // Else nothing but refusals were looked at.
    expect([...statuses].filter((status) => status < 400)).not.toEqual([]);
  },
  WITHIN_MS,
);

test('older versions: those that are kept, those that are not, and those that never were', async () => {
  const [getKey] = operationsIn(document);
  if (getKey?.operationId !== 'getKey') throw new Error('getKey is not the first operation');
  for (let number = 1; number <= 10; number += 1)
    await ask({ method: 'PUT', path: '/v1/keys/older', body: String(number) });
  const look = async (query: string, operation = getKey): Promise<unknown> => {
    const answer = await ask({ path: `/v1/keys/older?${query}` });
    expect(answers.violations(operation, answer)).toEqual([]);
    return [answer.status, answer.status === 200 ? answer.body.toString() : codeOf(answer)];
  };
  expect(await look('version=10')).toEqual([200, '10']);
  expect(await look('version=3')).toEqual([200, '3']);
  expect(await look('version=2')).toEqual([410, 'compacted']);
  expect(await look('version=11')).toEqual([404, 'no-version']);
  expect(await look('revision=1')).toEqual([410, 'compacted']);
  expect(await look('revision=99999999')).toEqual([404, 'no-version']);

  // A value may be any JSON, so that the schema of a history is the first of two: here only that one will do.
  const { anyOf } = getKey.responses['200']?.content?.['application/json']?.schema as {
    readonly anyOf: readonly Json[];
  };
  const content = { 'application/json': { schema: anyOf[0] ?? {} } };
  const history = { ...getKey, responses: { '200': { ...getKey.responses['200'], content } } };
  await look('history=true', history);
  const [status, body] = (await look('history=true&values=true', history)) as [number, string];
  expect(status).toBe(200);
  expect((JSON.parse(body) as { versions: { value: string }[] }).versions.map(({ value }) => value)).toEqual([
    ...['10', '9', '8', '7', '6', '5', '4', '3'],
  ]);
});
