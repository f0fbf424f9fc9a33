import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Installation } from '../../measure/installation.ts';
import { Consumer, examples, node20, promisedBy } from './package.ts';

jest.setTimeout(180_000);

/** What is promised on the package's page, by the package, on the oldest Node that it takes and on this one. */
const older = node20();
let installation: Installation;
let consumer: Consumer;

beforeAll(async () => {
  consumer = new Consumer();
  installation = await Installation.start({});
});

afterAll(async () => {
  consumer.end();
  await installation.end();
});

test('the page has examples, and each says what it prints', () => {
  expect(examples().length).toBeGreaterThan(5);
  for (const example of examples()) expect(promisedBy(example)).not.toBe('');
});

describe.each([['this Node', process.execPath], ...(older === null ? [] : [['Node 20', older] as const])])(
  'on %s',
  (name, node) => {
    test('every example compiles, and prints what it says', async () => {
      const [proxy] = installation.cluster.proxies;
      const names = examples().map((example, at) => {
        const file = `${name.replace(' ', '-')}-${at}`;
        consumer.write(`${file}.ts`, example.replace('http://127.0.0.1:8001', proxy?.url ?? ''));
        return file;
      });
      consumer.compile(names.map((file) => `${file}.ts`));
      await forget(proxy?.url ?? '');
      const printed = names.map((file) => consumer.run(node, `${file}.js`));
      expect(printed).toEqual(examples().map(promisedBy));
    });
  },
);

if (older === null) test.skip('on Node 20: this machine has none in PATH', () => undefined);

/** The next round begins with an empty store. */
async function forget(url: string): Promise<void> {
  const all = `${url}/v1/keys?all=true`;
  const counted = await fetch(`${all}&dryRun=true`, { method: 'DELETE' });
  const { count } = (await counted.json()) as { count: number };
  const deleted = await fetch(`${all}&expect=${count}`, { method: 'DELETE' });
  expect(deleted.status).toBe(200);
}
