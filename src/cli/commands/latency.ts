import { setTimeout as wait } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { durationMs, wholeNumber } from '../arguments.ts';
import type { Invocation } from '../invocation.ts';
import { Latencies, type LatencySummary } from '../latencies.ts';
import { aligned, countText, durationText } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';

interface LatencyFlags {
  readonly interval: number;
  readonly count?: number;
  readonly readOnly?: true;
}

export function addLatency(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'latency',
    summary: 'how long a write and a read take',
    description: `Writes a key of its own and reads it, again and again, one request at a time, until Ctrl-C or --count; tells how long that took, and at the end the
percentiles. The key, kv-latency/…, goes by itself.`,
    examples: ['kv latency', 'kv latency --count 100 -o json', 'kv latency --read-only --interval 50ms'],
  })
    .addOption(new Option('--interval <time>', 'between two probes').argParser(durationMs).default(500, '500ms'))
    .addOption(new Option('-n, --count <count>', 'so many probes').argParser(wholeNumber({ min: 1, max: 1e9 })))
    .option('--read-only', 'write nothing')
    .action(doing(terminal, (call, flags: LatencyFlags) => probing(call, flags)));
}

async function probing(call: Invocation, { interval, count = Infinity, readOnly }: LatencyFlags): Promise<void> {
  const { client, terminal, output } = call;
  const key = `kv-latency/${crypto.randomUUID()}`;
  const [writes, reads] = [new Latencies(), new Latencies()];
  try {
    for (let probe = 1; probe <= count; probe += 1) {
      const write = readOnly
        ? null
        : await timed(() => client.put(key, String(probe), { ttl: '60s', idempotencyKey: false }));
      const read = await timed(() => client.get(key));
      if (write !== null) writes.add(write);
      reads.add(read);
      if (output.format === 'text') {
        terminal.out(
          `${String(probe).padStart(5)}  ${write === null ? '' : `write ${durationText(write).padStart(8)}  `}read ${durationText(read).padStart(8)}`,
        );
      }
      if (probe < count) await wait(interval, undefined, { signal: terminal.signal });
    }
  } finally {
    if (reads.count > 0) {
      const result = { write: writes.summary(), read: reads.summary() };
      const text = () => percentileLines(result).join('\n');
      await output.one({ json: () => result, text: () => `\n${text()}`, raw: text });
    }
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganAtMs = performance.now();
  await work();
  return performance.now() - beganAtMs;
}

export function percentileLines(summaries: Readonly<Record<string, LatencySummary | null>>): string[] {
  const rows = Object.entries(summaries).flatMap(([name, summary]) => {
    if (summary === null) return [];
    const { count, p50Ms, p90Ms, p99Ms, maxMs } = summary;
    return [[name, countText(count), ...[p50Ms, p90Ms, p99Ms, maxMs].map(durationText)]];
  });
  return aligned([['', 'COUNT', 'P50', 'P90', 'P99', 'MAX'], ...rows], [1, 2, 3, 4, 5]);
}
