import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ask, check, title, type Row } from './row.ts';
import { Stage } from './stage.ts';
import { queryKeys, uuidValues } from './tables/lookups.ts';
import { mainService } from './tables/main-service.ts';
import { refusals } from './tables/refusals.ts';
import { versionedValues } from './tables/versioned-values.ts';
import { controller, workerHealth, workers } from './tables/workers.ts';

/** Each route of the five earlier services, against what those answered: three replicas and a proxy, in this process. */
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(() => stage.close());

const named = (rows: readonly Row[]): (readonly [string, Row])[] =>
  rows.map((row) => [`${title(row)} (${row.source})`, row]);

describe.each([
  ['S0', versionedValues],
  ['S1', mainService],
  ['S2', uuidValues],
  ['S3', queryKeys],
  ['S4', [...workers, ...controller]],
  ['what is refused', refusals],
])('%s', (_service, rows) => {
  test.each(named(rows))('%s', (_name, row) => check(stage.proxy, row));
});

describe('on each kvstore', () => {
  test.each(named([...workers, workerHealth]))('%s', async (_name, row) => {
    for (const node of stage.nodes) await check(node, row);
  });

  test('a worker answers from its own copy', async () => {
    await ask(stage.proxy, 'PUT /kv/copy', { value: 'v' });
    const answers = await Promise.all(stage.nodes.map((node) => ask(node, 'GET /kv/copy')));
    expect(answers.map(({ text, headers }) => [text, headers.get('x-server-used')])).toEqual([
      ['{"value":"v"}', 'kv-0'],
      ['{"value":"v"}', 'kv-1'],
      ['{"value":"v"}', 'kv-2'],
    ]);
  });

  test.each(['/servers', '/workers', '/map?key=a', '/insights', '/cache/stats?server=kv-0', '/db/stats?server=kv-0'])(
    'what is about all of them is not there: %s',
    async (path) => {
      const { status, text } = await ask(stage.nodes[0] ?? '', `GET ${path}`);
      expect([status, text]).toEqual([404, '{"detail":"Not Found"}']);
    },
  );
});

test('nothing is there of what was refused', async () => {
  for (const node of stage.nodes) expect((await ask(node, 'GET /kv/r-k')).status).toBe(404);
});
