import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { isKvError, type KvCluster } from '../../client/index.ts';
import { READ } from '../../client/exchange.ts';
import { lagOf, summaryLines } from '../cluster-view.ts';
import type { Invocation } from '../invocation.ts';
import { isLive, live } from '../live.ts';
import { aligned, bytesText, countText, durationText } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { everyOption, headOf } from './status.ts';

/** Of a proxy: what it has sent to each replica so far, and how they are. */
interface Insights {
  readonly total_requests: number;
  readonly avg_latency_ms: number;
  readonly servers: Readonly<
    Record<
      string,
      {
        readonly requests: number;
        readonly latency_ms: number;
        readonly cpu_percent: number | null;
        readonly memory_percent: number | null;
      }
    >
  >;
}

interface Sample {
  readonly atMs: number;
  readonly cluster: KvCluster;
  /** null: a replica was asked, which has none. */
  readonly insights: Insights | null;
}

export function addTop(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'top',
    summary: 'what the replicas do',
    description: `Shows requests a second, latency, processor time, memory and lag of each replica, as the proxy that answers sees them: on a terminal again and again
until Ctrl-C, elsewhere, or with --once, once.`,
    examples: ['kv top', 'kv top --once -o json'],
  })
    .option('--once', 'only once')
    .addOption(everyOption())
    .action(
      doing(terminal, async (call, { once, every }: { readonly once?: true; readonly every: number }) => {
        let before = await sampleOf(call);
        const next = async () => {
          const sample = await sampleOf(call);
          const rows = rowsOf(before, sample);
          before = sample;
          return { sample, rows };
        };
        if (isLive(call) && !once) {
          const linesOf = async () => {
            const { sample, rows } = await next();
            return [headOf(call.settings.urls), '', ...summaryLines(sample.cluster), '', ...linesOfRows(rows)];
          };
          await live(terminal, { everyMs: every, linesOf });
          return;
        }
        await wait(every, undefined, { signal: terminal.signal });
        const { rows } = await next();
        const text = () => linesOfRows(rows).join('\n');
        await call.output.one({ json: () => rows, text, raw: text });
      }),
    );
}

async function sampleOf({ client, transport }: Invocation): Promise<Sample> {
  const [cluster, insights] = await Promise.all([client.cluster(), insightsOf(transport)]);
  return { atMs: performance.now(), cluster, insights };
}

async function insightsOf(transport: Invocation['transport']): Promise<Insights | null> {
  try {
    const answer = await transport.call({ method: 'GET', target: '/insights', effect: READ });
    return JSON.parse(answer?.text ?? '') as Insights;
  } catch (error) {
    if (isKvError(error) && error.status === 404) return null;
    throw error;
  }
}

interface Row {
  readonly podName: string;
  readonly standing: string;
  readonly requestsPerSecond: number | null;
  readonly latencyMs: number | null;
  readonly cpuPercent: number | null;
  readonly memoryPercent: number | null;
  readonly lagEntries: number | null;
  readonly lagMs: number | null;
  readonly keys: number;
  readonly storeBytes: number;
}

function rowsOf(before: Sample, { cluster, insights, atMs }: Sample): readonly Row[] {
  const seconds = Math.max(0.001, (atMs - before.atMs) / 1000);
  return cluster.replicas.map((replica) => {
    const { podName, standing, keys, storeBytes } = replica;
    const server = insights?.servers[podName];
    const was = before.insights?.servers[podName];
    const lag = lagOf(cluster, replica);
    return {
      podName,
      standing,
      requestsPerSecond:
        server === undefined || was === undefined ? null : Math.max(0, server.requests - was.requests) / seconds,
      latencyMs: server?.latency_ms ?? null,
      cpuPercent: server?.cpu_percent ?? null,
      memoryPercent: server?.memory_percent ?? null,
      lagEntries: lag?.lagEntries ?? null,
      lagMs: lag?.lagMs ?? null,
      keys,
      storeBytes,
    };
  });
}

function linesOfRows(rows: readonly Row[]): readonly string[] {
  const or = (value: number | null, text: (value: number) => string): string => (value === null ? '-' : text(value));
  const percent = (value: number) => `${value.toFixed(1)}%`;
  const head = ['POD', 'STANDING', 'REQ/S', 'LATENCY', 'CPU', 'MEMORY', 'BEHIND', 'LAG', 'KEYS', 'BYTES'];
  const cells = rows.map((row) => [
    row.podName,
    row.standing,
    or(row.requestsPerSecond, (rate) => countText(Math.round(rate))),
    or(row.latencyMs, durationText),
    or(row.cpuPercent, percent),
    or(row.memoryPercent, percent),
    or(row.lagEntries, countText),
    or(row.lagMs, durationText),
    countText(row.keys),
    bytesText(row.storeBytes),
  ]);
  return aligned([head, ...cells], [2, 3, 4, 5, 6, 7, 8, 9]);
}
