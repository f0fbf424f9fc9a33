import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Key } from '../../../core/base/key.ts';
import type { ReplicaSummary } from '../../../core/group/summary.ts';
import { valueBytes } from '../../../core/store/store.ts';
import type { KnownReplica, KnownReplicas } from '../../../ports/known-replicas.ts';
import { lenientParameter, splitTarget } from '../../../protocol/http/query.ts';
import type { ApiContext } from '../context.ts';
import { sendJson } from '../respond.ts';
import type { Route } from '../routes.ts';
import { getOnly, usedServer } from './answers.ts';

/** What the gateway of the service with versions told of its servers, which are the replicas here, by their pods' names. */
export function gatewayRoutes(known: KnownReplicas): readonly Route[] {
  if (known.kind === 'self') return [getOnly('/system/stats', systemStats)];
  return [
    getOnly('/servers', (_context, _request, response) => {
      const servers = namesOf(known.replicas());
      sendJson(response, 200, { servers, count: servers.length });
    }),
    getOnly('/insights', (_context, _request, response) => {
      sendJson(response, 200, insightsOf(known.replicas()));
    }),
    getOnly('/system/stats', systemStats),
    getOnly('/cache/stats', (context, request, response) =>
      sendStats(
        { path: 'cache/stats', of: cacheStatsOf, servers: namesOf(known.replicas()) },
        context,
        request,
        response,
      ),
    ),
    getOnly('/db/stats', (context, request, response) =>
      sendStats(
        { path: 'db/stats', of: databaseStatsOf, servers: namesOf(known.replicas()) },
        context,
        request,
        response,
      ),
    ),
  ];
}

const namesOf = (replicas: readonly KnownReplica[]): string[] => replicas.map(({ podName }) => podName).sort();

interface Stats {
  readonly path: string;
  readonly of: (summary: ReplicaSummary) => object;
  readonly servers: readonly string[];
}

async function sendStats(
  { path, of, servers }: Stats,
  context: ApiContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const asked = lenientParameter(splitTarget(request.url ?? '').query, 'server');
  const server = asked.kind === 'text' ? asked.text : asked.kind === 'bad' ? asked.raw : '';
  const refusal = refusalOf(path, server, servers);
  if (refusal !== null) {
    sendJson(response, 503, { detail: `No servers available: ${refusal}` });
    return;
  }
  const { replicas } = await context.operations.cluster();
  const summary = replicas.find(({ podName }) => podName === server);
  if (summary === undefined) sendJson(response, 503, { detail: 'Backend service is unavailable' });
  else sendJson(response, 200, of(summary), usedServer(server));
}

function refusalOf(path: string, server: string, servers: readonly string[]): string | null {
  if (servers.length === 0) return 'No servers configured';
  // As Python prints a list of names.
  const available = `Available servers: [${servers.map((name) => `'${name}'`).join(', ')}]`;
  if (server === '') return `Server parameter is required for ${path}. ${available}`;
  return servers.includes(server) ? null : `Server '${server}' not found. ${available}`;
}

const SMALLEST_VALUE_BYTES = valueBytes('k' as Key, new Uint8Array(0));

/** The cache is the memory that values may take, in bytes; nothing expires by being in it. */
function cacheStatsOf({ memoryBytes, historyBytes, memoryBytesMax }: ReplicaSummary): object {
  return {
    current_size: memoryBytes,
    max_size: memoryBytesMax,
    // Older versions yield.
    is_full: memoryBytes - historyBytes + SMALLEST_VALUE_BYTES > memoryBytesMax,
    expiration_minutes: null,
  };
}

function databaseStatsOf({ keys, olderVersions, storeBytes }: ReplicaSummary): object {
  return { total_keys: keys, total_versions: keys + olderVersions, database_size_bytes: storeBytes };
}

async function systemStats(context: ApiContext, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { cpuPercent, memoryPercent, diskPercent } = await context.machine();
  const stats = {
    cpu_percent: rounded(cpuPercent, 1),
    memory_percent: rounded(memoryPercent, 1),
    disk_percent: rounded(diskPercent, 1),
  };
  sendJson(response, 200, stats, usedServer(context.serverName));
}

/** A server is a hot spot with so many times the requests of the average one, and slow with so many times the latency. */
const REMARKABLE = 1.5;

function insightsOf(replicas: readonly KnownReplica[]): object {
  if (replicas.length === 0) return { error: 'No metrics data available' };
  const byName = replicas.toSorted((a, b) => (a.podName < b.podName ? -1 : 1));
  const total = byName.reduce((sum, { answers }) => sum + answers, 0);
  const latency = byName.reduce((sum, { answerMsMean }) => sum + answerMsMean, 0) / byName.length;
  return {
    total_requests: total,
    avg_latency_ms: rounded(latency, 2),
    hot_spots: namesOf(byName.filter(({ answers }) => answers > (total / byName.length) * REMARKABLE)),
    slow_servers: namesOf(byName.filter(({ answerMsMean }) => answerMsMean > latency * REMARKABLE)),
    servers: Object.fromEntries(
      byName.map(({ podName, answers, answerMsMean, summary }) => [
        podName,
        {
          requests: answers,
          latency_ms: rounded(answerMsMean, 2),
          cpu_percent: summary === null ? null : rounded(summary.cpuPercent, 1),
          memory_percent: summary === null ? null : rounded(summary.memoryPercent, 1),
        },
      ]),
    ),
  };
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
