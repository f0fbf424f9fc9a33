/**
 * What a data file costs: `npm run bench -- dataset [lines] [value bytes]` makes one, loads it and looks keys up. 10 million
 * lines of 80 bytes unless told otherwise.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DataFile } from '../../src/adapters/dataset/data-file.ts';
import type { Key } from '../../src/core/base/key.ts';
import type { Log } from '../../src/ports/telemetry.ts';

const lines = Number(process.argv[2] ?? 10_000_000);
const valueBytes = Number(process.argv[3] ?? 42);

const LINES_AT_ONCE = 10_000;
const LOOKUPS = 1_000_000;
const SAMPLES = 100_000;
const MiB = 2 ** 20;

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Random UUIDs of version 4; a sample of them is returned. */
function makeFile(path: string): readonly Key[] {
  const file = openSync(path, 'w');
  const sample: Key[] = [];
  const value = 'zsda pl focnygogk x cjuu cmwrolqrmu wgdwxr'.repeat(Math.ceil(valueBytes / 42)).slice(0, valueBytes);
  const random = Buffer.alloc(16 * LINES_AT_ONCE);
  for (let made = 0; made < lines; made += LINES_AT_ONCE) {
    randomFillSync(random);
    let text = '';
    for (let line = 0; line < Math.min(LINES_AT_ONCE, lines - made); line += 1) {
      const digits = random.toString('hex', line * 16, line * 16 + 16);
      const uuid = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
      text += `${uuid} ${value}\n`;
      if (sample.length < SAMPLES && line % Math.ceil(lines / SAMPLES) === 0) sample.push(uuid as Key);
    }
    writeSync(file, text);
  }
  closeSync(file);
  return sample;
}

const milliseconds = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(1);
const folder = mkdtempSync(join(tmpdir(), 'kvstore-dataset-'));
try {
  const path = join(folder, 'pairs.data');
  const sample = makeFile(path);
  const { size } = statSync(path);
  console.log(`file      ${lines} lines, ${(size / MiB).toFixed(0)} MiB`);

  const rssBefore = process.memoryUsage.rss();
  const options = { bytesMax: Infinity, valueBytesMax: MiB, malformedLinesMax: 0, log: quiet };
  const dataFile = await DataFile.open({ path, ...options });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let rssMost = 0;
  const watch = setInterval(() => {
    rssMost = Math.max(rssMost, process.memoryUsage.rss());
  }, 50);
  const startedMs = performance.now();
  const before = process.cpuUsage();
  await dataFile.load(new AbortController().signal);
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  clearInterval(watch);
  delay.disable();
  const { heapUsed } = process.memoryUsage();
  // On a machine that does other things as well, the processor's time is what says something.
  const busy = (user + system) / 1e6;
  console.log(
    `loaded    ${seconds.toFixed(1)} s, ${busy.toFixed(1)} s of a processor: ${((busy / lines) * 1e6).toFixed(2)} µs a line`,
  );
  const { mean, max } = delay;
  const [p99, longest] = [milliseconds(delay.percentile(99)), milliseconds(max)];
  console.log(`loop      mean ${milliseconds(mean)} ms, p99 ${p99} ms, longest ${longest} ms`);
  console.log(
    `memory    ${(dataFile.memoryBytes / MiB).toFixed(0)} MiB, ${(dataFile.memoryBytes / size).toFixed(2)} of the file; ` +
      `resident set +${((rssMost - rssBefore) / MiB).toFixed(0)} MiB at the most; heap ${(heapUsed / MiB).toFixed(0)} MiB`,
  );

  const beforeLookups = process.cpuUsage();
  let found = 0;
  for (let at = 0; at < LOOKUPS; at += 1) {
    if (dataFile.lookUp(sample[at % sample.length] as Key).kind === 'found') found += 1;
  }
  const each = process.cpuUsage(beforeLookups).user / LOOKUPS;
  console.log(`lookups   ${each.toFixed(2)} µs each, ${found} of ${LOOKUPS} found`);
} finally {
  rmSync(folder, { recursive: true });
}
