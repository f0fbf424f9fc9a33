import { spawn, type ChildProcess } from 'node:child_process';
import { afterEach, expect, test } from '@jest/globals';
import { starve } from '../../chaos/cpu-quota.ts';
import { until } from '../../measure/until.ts';

/** Uses all it gets, and tells how much that was, in milliseconds of a processor. */
const BUSY = `setInterval(() => {
  for (const end = performance.now() + 20; performance.now() < end;);
  const { user, system } = process.cpuUsage();
  process.send((user + system) / 1000);
}, 0)`;

let child: ChildProcess | null = null;

afterEach(() => {
  child?.kill('SIGKILL');
});

test('a process that is starved gets little of a processor, and more again when that is over', async () => {
  child = spawn(process.execPath, ['-e', BUSY], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const readings: { readonly atMs: number; readonly usedMs: number }[] = [];
  child.on('message', (usedMs: number) => readings.push({ atMs: performance.now(), usedMs }));
  await until('it runs', () => readings.length > 3, { everyMs: 5 });

  const starvation = starve(child.pid ?? 0, { share: 0.05 });
  const share = await shareOver(readings, 1000);
  await starvation.end();
  if (starvation.how !== 'busy loops') expect(share).toBeLessThan(0.12);
  // What it gets of a busy machine is not ours to say; but it was given less than this.
  await until('it gets more', async () => (await shareOver(readings, 300)) > 2 * share, { withinMs: 20_000 });
}, 40_000);

test('one that dies while it is starved leaves nothing behind', async () => {
  child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const starvation = starve(child.pid ?? 0, { share: 0.05 });
  const ended = new Promise((resolve) => child?.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  await starvation.end();
});

/** Of a processor, over at least so long from now on. */
async function shareOver(readings: readonly { atMs: number; usedMs: number }[], ms: number): Promise<number> {
  const first = readings.at(-1);
  if (first === undefined) throw new Error('nothing was told yet');
  await until('it has told again', () => (readings.at(-1)?.atMs ?? 0) - first.atMs >= ms, { everyMs: 5 });
  const last = readings.at(-1) ?? first;
  return (last.usedMs - first.usedMs) / (last.atMs - first.atMs);
}
