import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeStore, reply } from '../client/fake-store.ts';
import { fetchUnderFence } from '../../../src/cli/fence.ts';

let store: FakeStore;

beforeEach(async () => {
  store = await FakeStore.start(reply(204));
});

afterEach(() => store.end());

test.each([
  ['PUT', '/v1/keys/a', 'n:7'],
  ['POST', '/v1/batch', 'n:7'],
  ['POST', '/below/v1/txn?x=1', 'n:7'],
  ['DELETE', '/v1/keys?prefix=a', 'n:7'],
  // A key that is called as a route of locks.
  ['PUT', '/v1/keys/v1/locks/a', 'n:7'],
  ['GET', '/v1/keys/a', undefined],
  ['POST', '/v1/locks/a', undefined],
  // A lock that is called as a route of keys.
  ['POST', '/below/v1/locks/v1/keys', undefined],
])('%s %s is sent under the fence %s', async (method, target, fence) => {
  await fetchUnderFence('n:7')(`${store.url}${target}`, { method, headers: { 'X-Own': 'kept' } });
  expect([store.last.headers['x-kv-fence'], store.last.headers['x-own']]).toEqual([fence, 'kept']);
});
