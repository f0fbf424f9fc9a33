import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ClockFault } from '../../chaos/clock-preload.ts';
import { until } from '../../measure/until.ts';

const preload = new URL('../../chaos/clock-preload.ts', import.meta.url).href;
const PROGRAM = `setInterval(() => process.send({
  now: Date.now(), made: new Date().getTime(), given: new Date(5).getTime(), isDate: new Date() instanceof Date,
  monotonicMs: performance.now(),
}), 10)`;

interface Reading {
  readonly now: number;
  readonly made: number;
  readonly given: number;
  readonly isDate: boolean;
  readonly monotonicMs: number;
}

let folder = '';
let child: ChildProcess;
let readings: { readonly atMs: number; readonly reading: Reading }[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-clock-'));
  readings = [];
  child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--import', preload, '-e', PROGRAM], {
    env: { ...process.env, KV_CHAOS_CLOCK: join(folder, 'clock') },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', (reading: Reading) => readings.push({ atMs: performance.now(), reading }));
  await until('it reads its clocks', () => readings.length > 0, { everyMs: 5 });
});

afterEach(() => {
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function set(fault: ClockFault): void {
  writeFileSync(join(folder, 'part'), JSON.stringify(fault));
  renameSync(join(folder, 'part'), join(folder, 'clock'));
}

const latest = (): Reading => (readings.at(-1) as { reading: Reading }).reading;

test('the wall clock jumps, and back, in whichever way it is asked', async () => {
  expect(Math.abs(latest().now - Date.now())).toBeLessThan(1000);
  set({ wallOffsetMs: 3_600_000, rate: 1 });
  await until('it is an hour ahead', () => latest().now - Date.now() > 3_500_000, { everyMs: 5 });
  expect(latest().made - latest().now).toBeLessThan(100);
  expect(latest()).toMatchObject({ given: 5, isDate: true });
  set({ wallOffsetMs: 0, rate: 1 });
  await until('it is right again', () => Math.abs(latest().now - Date.now()) < 1000, { everyMs: 5 });
});

test('the monotonic clock goes faster or slower, and never back', async () => {
  for (const rate of [3, 0.3]) {
    set({ wallOffsetMs: 0, rate });
    await until(`it goes ${rate} times as fast`, () => Math.abs(rateOver(200) / rate - 1) < 0.3, { everyMs: 20 });
  }
  const shown = readings.map(({ reading }) => reading.monotonicMs);
  expect(shown).toEqual(shown.toSorted((a, b) => a - b));
});

/** Of its clock against ours, over the last so many milliseconds. */
function rateOver(ms: number): number {
  const last = readings.at(-1);
  const first = readings.find(({ atMs }) => last !== undefined && last.atMs - atMs < ms);
  if (last === undefined || first === undefined || last.atMs - first.atMs < ms / 2) return NaN;
  return (last.reading.monotonicMs - first.reading.monotonicMs) / (last.atMs - first.atMs);
}
