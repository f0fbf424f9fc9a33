import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { openApiDocument } from '../../../src/protocol/http/openapi/document.ts';
import { ask } from '../row.ts';
import { Stage } from '../stage.ts';
import { AnswerCheck } from '../openapi/answers.ts';
import { operationsIn, type Json, type ShownOperation } from '../openapi/document.ts';
import type { Answer } from '../openapi/exchange.ts';
import { REFUSED_BODIES } from './bodies.ts';
import { casesOf, CONTRADICTIONS, QUERIES, type Case } from './cases.ts';
import { ADVICE, EXCEPTIONS, expectedOf, familyOf, isOfConnection, REFUSALS, type Expected } from './rules.ts';
import { answerTo } from './wire.ts';

/**
 * Every parameter and every member that the document has, given wrongly in every way that it can be: the answer is that of the
 * rules, it names what is wrong, the document has it, and nothing has changed. Made of the document, so that a new route is
 * looked at without anybody's doing.
 */
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(() => stage.close());

/** What the examples name is there, so that a deletion would be seen. */
beforeEach(async () => {
  for (const key of ['app/theme', 'a', 'k']) await ask(stage.proxy, `PUT /v1/keys/${key}`, '7', 'text/plain');
});

const AT_ONCE = 16;

describe.each(['proxy', 'kvstore'] as const)('asked of a %s', (process) => {
  const document = JSON.parse(JSON.stringify(openApiDocument({ process, release: '1.2.3' }))) as Json;
  const answers = new AnswerCheck(document);
  const base = (): string => (process === 'proxy' ? stage.proxy : (stage.nodes[0] ?? ''));

  test('the document is the one that it shows', async () => {
    expect(JSON.parse((await ask(base(), 'GET /openapi.json')).text)).toEqual(document);
  });

  const operations = operationsIn(document).map((operation) => [operation.operationId, operation] as const);

  test.each(operations)('%s refuses what is wrong, and changes nothing', async (_name, operation) => {
    const cases = [...casesOf(operation)].map((one) => ({ ...one, expected: expectedOf(operation, one) }));
    const refused = cases.filter(({ expected }) => expected !== 'overlooked');
    const before = await stateAt(base());
    const wrong = await inTurn(refused, async (one) => {
      const answer = await answerTo(base(), one.request);
      return [...violations(operation, one, answer), ...undocumented(answers, operation, one, answer)];
    });
    expect(wrong).toEqual([]);
    expect(await stateAt(base())).toEqual(before);

    const overlooked = cases.filter(({ expected }) => expected === 'overlooked');
    const noticed = await inTurn(overlooked, async ({ request }) => {
      const { status } = await answerTo(base(), request);
      return REFUSALS.includes(status) ? [`refused with ${status}`] : [];
    });
    expect(noticed).toEqual([]);
  });

  test('no parameter is left out', () => {
    for (const [operationId, operation] of operations) {
      if (familyOf(operation) !== 'native') continue;
      const refused = new Set(
        [...casesOf(operation)].filter((one) => expectedOf(operation, one) !== 'overlooked').map(({ names }) => names),
      );
      const missed = operation.parameters.filter(({ name }) => !refused.has(name)).map(({ name }) => name);
      expect([operationId, missed]).toEqual([operationId, []]);
    }
  });
});

test('what the tables name is there', () => {
  const shown = JSON.parse(JSON.stringify(openApiDocument({ process: 'proxy', release: '1.2.3' }))) as Json;
  const there = new Set(operationsIn(shown).map(({ operationId }) => operationId));
  const named = [REFUSED_BODIES, EXCEPTIONS, QUERIES, CONTRADICTIONS].flatMap((table) => Object.keys(table));
  expect(named.filter((name) => !there.has(name))).toEqual([]);
});

/** All that a bad request could have changed: every key with its revision, and who holds the lock of the examples. */
async function stateAt(base: string): Promise<readonly unknown[]> {
  const { text } = await ask(base, 'GET /v1/keys?values=true&limit=1000&consistency=linearizable');
  const { status } = await ask(base, 'GET /v1/locks/nightly?consistency=linearizable');
  return [(JSON.parse(text) as { readonly keys: unknown }).keys, status];
}

function undocumented(answers: AnswerCheck, operation: ShownOperation, { kind }: Case, answer: Answer): string[] {
  // A slash too many or too few makes another route, or none.
  if (kind === 'path empty') return [];
  // Which method it was is not known yet, and a connection that ends needs no care for what follows.
  const { method } = operation;
  return answers.violations({ ...operation, method: isOfConnection(kind) ? 'GET' : method }, answer);
}

async function inTurn<C extends Case>(cases: readonly C[], look: (one: C) => Promise<string[]>): Promise<string[]> {
  const wrong: string[] = [];
  for (let from = 0; from < cases.length; from += AT_ONCE) {
    const some = cases.slice(from, from + AT_ONCE);
    const found = await Promise.all(some.map(look));
    for (const [at, messages] of found.entries()) {
      const { kind, names, value } = some[at] as C;
      wrong.push(...messages.map((message) => `${kind} ${names} ${JSON.stringify(value.slice(0, 100))}: ${message}`));
    }
  }
  return wrong;
}

interface Told {
  readonly code?: string;
  readonly detail?: unknown;
}

/** What of an answer is not as the rules have it. */
function violations(
  operation: ShownOperation,
  { names, kind, expected }: Case & { readonly expected: Expected },
  { status, headers, body }: Answer,
): string[] {
  const [expectedStatus, says] = expected as Exclude<Expected, 'overlooked'>;
  const text = body.toString('utf8');
  if (status !== expectedStatus) return [`${status} ${text.slice(0, 300)}, and not ${expectedStatus}`];
  if (operation.method === 'HEAD' && text === '') return [];
  if (headers['content-type'] !== 'application/problem+json') return namedInDetail({ names, kind, says, text });
  const { code, detail } = JSON.parse(text) as Told;
  const told = String(detail);
  if (code !== says) return [`${String(code)}: ${told}`];
  const wrong = told.includes(ADVICE[says] ?? '…') ? [] : [`no advice: ${told}`];
  // What is too large is not read.
  return code === 'too-large' || isNamed(told, names) ? wrong : [...wrong, `${names} is not named: ${told}`];
}

/** As the earlier services say it: with the place of each error. */
function namedInDetail({
  names,
  kind,
  says,
  text,
}: {
  names: string;
  kind: string;
  says: string;
  text: string;
}): string[] {
  if (!text.includes(says)) return [`does not say ${says}: ${text.slice(0, 300)}`];
  const { detail } = (JSON.parse(text === '' ? '{}' : text) as Told | null) ?? {};
  if (!Array.isArray(detail) || names === '' || kind.startsWith('body')) return [];
  const places = detail.map(({ loc }: { readonly loc: readonly unknown[] }) => loc.at(-1));
  return places.includes(names) ? [] : [`${names} is not named: ${text.slice(0, 300)}`];
}

/** The key in a path is `the key`, and a name that of the lock. */
const isNamed = (detail: string, name: string): boolean => detail.includes(name === 'lockId' ? 'this id' : name);
