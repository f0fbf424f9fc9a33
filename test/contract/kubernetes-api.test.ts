import { afterAll, describe, test } from '@jest/globals';
import { startEmbeddedApi, startRealApi, type ApiUnderTest } from './apis.ts';
import { errorContract } from './suites/errors.ts';
import { eventContract } from './suites/events.ts';
import { leaseContract } from './suites/leases.ts';
import { listContract } from './suites/lists.ts';
import { podContract } from './suites/pods.ts';
import { restartContract } from './suites/restarts.ts';
import { sliceContract } from './suites/endpoint-slices.ts';
import { watchContract } from './suites/watches.ts';

const apis: readonly (readonly [string, ApiUnderTest | { readonly skip: string }])[] = [
  ['the embedded API', await startEmbeddedApi()],
  ['a real kube-apiserver', await startRealApi()],
];

for (const [name, api] of apis) {
  if ('skip' in api) {
    test.skip(`${name}: ${api.skip}`, () => {});
    continue;
  }
  describe(name, () => {
    afterAll(() => api.close());
    describe('Leases', () => leaseContract(api.client));
    describe('requests that are wrong', () => errorContract(api.client));
    describe('lists', () => listContract(api.client));
    describe('watches', () => watchContract(api.client));
    describe('Pods', () => podContract(api.client));
    describe('EndpointSlices', () => sliceContract(api.client));
    describe('Events', () => eventContract(api.client));
    // Last: what the others began does not survive it.
    describe('after a restart', () => restartContract(api));
  });
}
