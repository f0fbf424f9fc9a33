import { afterEach, expect, test } from '@jest/globals';
import { FakeStore, json, noKey, problem, written } from '../client/fake-store.ts';
import { kv } from './kv.ts';

let store: FakeStore;

afterEach(() => store.end());

test('the clean-up is no part of the time, and reads are in the mode that was asked for', async () => {
  store = await FakeStore.start((response, request) => {
    if (request.method === 'PUT') written(response, request);
    else if (request.method === 'GET') noKey(response, request);
    // Counts, and then deletes: both take as long as the bench itself.
    else setTimeout(() => json({ count: 3, deleted: 3 })(response, request), 500);
  });
  const argv = ['bench', '--duration', '500ms', '--clients', '1', '--consistency', 'eventual', '-o', 'json'];
  const run = await kv(argv, { env: { KV_URL: store.url } });
  const result = JSON.parse(run.out) as {
    requestsPerSecond: number;
    read: { count: number };
    write: { count: number };
  };
  expect([run.exitCode, run.notes, result]).toMatchObject([0, '', { failures: 0 }]);
  const done = result.read.count + result.write.count;
  // By the whole time it would be two thirds of a request a second for each that was done.
  expect(result.requestsPerSecond).toBeGreaterThan(done);
  const reads = store.received.filter(({ method }) => method === 'GET').map(({ target }) => target.split('?')[1]);
  expect([reads.length, new Set(reads)]).toEqual([result.read.count, new Set(['consistency=eventual'])]);
  const { method, target } = store.last;
  expect([method, target]).toEqual(['DELETE', expect.stringMatching(/^\/v1\/keys\?prefix=kv-bench%2F.*&expect=3$/)]);
});

test('a store that takes nothing is known before the bench begins', async () => {
  store = await FakeStore.start(problem(507, { code: 'memory-full' }));
  const run = await kv(['bench', '--duration', '1h'], { env: { KV_URL: store.url } });
  expect([run.exitCode, run.out, store.received.length]).toEqual([6, '', 1]);
});
