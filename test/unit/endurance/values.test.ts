import { expect, test } from '@jest/globals';
import { groupId } from '../../../src/core/base/numbers.ts';
import { Metrics } from '../../../src/adapters/observability/metrics.ts';
import { valuesOfMetrics, valuesOfProcess } from '../../endurance/process-values.ts';
import { leading } from '../runtime/fakes.ts';

test('what a kvstore publishes is read by the names that it publishes', async () => {
  const metrics = new Metrics({ process: 'kvstore' });
  metrics.addGroup(groupId(0), () => ({ ...leading, keys: 7, logEntries: 12, sessions: 3, idempotencyKeys: 5 }));
  const values = valuesOfMetrics(await metrics.text());
  expect(values).toMatchObject({ keys: 7, logEntries: 12, sessions: 3, idempotencyKeys: 5 });
  for (const id of ['heapMiB', 'resources', 'lagMs', 'storeMiB'] as const) expect(values[id]).toBeGreaterThanOrEqual(0);
  expect(values.heapMiB).toBeGreaterThan(1);
});

test('what is not published has no value', () => {
  expect(valuesOfMetrics('')).toEqual({});
  expect(valuesOfMetrics('kvstore_keys_total 4\n# kvstore_keys 3')).toEqual({});
});

test('of a process Linux tells its memory, its open files and which of them are sockets', () => {
  const values = valuesOfProcess(process.pid);
  expect(values?.rssMiB).toBeGreaterThan(20);
  expect(values?.openFiles).toBeGreaterThan(3);
  expect(values?.sockets).toBeLessThan(values?.openFiles ?? 0);
});

test('of one that does not run, nothing', () => {
  // Beyond what Linux gives.
  expect(valuesOfProcess(2 ** 22 + 1)).toBeNull();
});
