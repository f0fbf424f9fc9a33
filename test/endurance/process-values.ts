import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { MeasureId } from './measures.ts';

type MutableValues = Partial<Record<MeasureId, number>>;

const MIB = 2 ** 20;

/** What Linux says of a process; null if it does not run. */
export function valuesOfProcess(pid: number): MutableValues | null {
  try {
    const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    // It has ended, and nobody has taken note yet.
    if (Number.isNaN(kib)) return null;
    const files = readdirSync(`/proc/${pid}/fd`);
    const sockets = files.filter((file) => isSocket(`/proc/${pid}/fd/${file}`));
    return { rssMiB: rounded((kib * 1024) / MIB), openFiles: files.length, sockets: sockets.length };
  } catch {
    return null;
  }
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith('socket:');
  } catch {
    // Closed since it was listed.
    return false;
  }
}

/** What a process publishes of itself at `/metrics`. */
export function valuesOfMetrics(text: string): MutableValues {
  const values: MutableValues = {};
  for (const [id, name, unit] of PUBLISHED) {
    const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1];
    if (found !== undefined) values[id] = rounded(Number(found) / unit);
  }
  return values;
}

const PUBLISHED: readonly (readonly [id: MeasureId, name: string, unit: number])[] = [
  ['heapMiB', 'nodejs_heap_size_used_bytes', MIB],
  ['resources', 'nodejs_active_resources_total', 1],
  ['lagMs', 'nodejs_eventloop_lag_p99_seconds', 0.001],
  ['keys', 'kvstore_keys', 1],
  ['storeMiB', 'kvstore_store_bytes', MIB],
  ['logEntries', 'kvstore_log_entries', 1],
  ['sessions', 'kvstore_sessions', 1],
  ['idempotencyKeys', 'kvstore_idempotency_keys', 1],
];

export const rounded = (value: number): number => Math.round(value * 100) / 100;
