import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { machineUsage, processUsage } from '../../../../src/adapters/system/usage.ts';

function workFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end) Math.sqrt(end);
}

test('what a process takes is measured, over a second', () => {
  const usage = processUsage();
  expect(usage().cpuPercent).toBe(0);
  expect(usage().memoryPercent).toBeGreaterThan(0);
  expect(usage().memoryPercent).toBeLessThan(100);
  const cpuBefore = process.cpuUsage();
  workFor(1100);
  const { user, system } = process.cpuUsage(cpuBefore);
  const { cpuPercent } = usage();
  // Not of the wall clock: others may have the core.
  expect(cpuPercent).toBeGreaterThan(((user + system) / 1000 / 2200) * 100 * 0.5);
  // Asked again at once, it is the same figure, not one of a millisecond.
  expect(usage().cpuPercent).toBe(cpuPercent);
});

test('what the machine takes is measured, and is a share', async () => {
  const usage = machineUsage();
  expect((await usage()).cpuPercent).toBe(0);
  await sleep(1200);
  const { cpuPercent, memoryPercent, diskPercent } = await usage();
  for (const percent of [cpuPercent, memoryPercent, diskPercent]) {
    expect(percent).toBeGreaterThanOrEqual(0);
    expect(percent).toBeLessThanOrEqual(100);
  }
  expect(memoryPercent).toBeGreaterThan(0);
  expect(diskPercent).toBeGreaterThan(0);
});
