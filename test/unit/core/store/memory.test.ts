import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const program = resolve(import.meta.dirname, 'fixtures/memory-of.ts');

function measure(kind: string, valueBytes: number): { readonly costBytes: number; readonly accountedBytes: number } {
  const node = ['--expose-gc', '--max-semi-space-size=4', '--disable-warning=ExperimentalWarning'];
  const { stdout, stderr } = spawnSync(process.execPath, [...node, program, kind, String(valueBytes)], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as ReturnType<typeof measure>;
}

/**
 * KV_MEMORY_MAX is half of what the cgroup grants, and holds by what is accounted: if that were far less than the truth,
 * the kernel would end the process before the first write is refused.
 */
test.each([
  ['value', 32],
  ['value', 65],
  ['idle', 32],
  ['evictable', 32],
  ['value', 1000],
  ['older', 32],
  ['versions', 32],
  ['versions', 1000],
  ['tombstone', 0],
  ['idempotencyKey', 0],
  ['outcome', 0],
  ['lock', 0],
] as const)('a %s of %i bytes is accounted for with what it costs the process', (kind, valueBytes) => {
  const { costBytes, accountedBytes } = measure(kind, valueBytes);
  expect(accountedBytes / costBytes).toBeGreaterThan(0.8);
  expect(accountedBytes / costBytes).toBeLessThan(1.3);
});
