import { readFileSync } from 'node:fs';
import { cpus, release as systemRelease, totalmem, type as system } from 'node:os';
import { join } from 'node:path';
import { busyShare } from './busy.ts';
import { percent } from './markdown.ts';
import { root } from './page.ts';

/** When and where figures were taken. */
export interface Taken {
  readonly startedAt: string;
  readonly release: string;
  readonly machine: Machine;
}

export interface Machine {
  readonly processors: number;
  readonly model: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Share of all processors that others used, while none of our servers ran: the larger of before and after. */
  readonly busyShare: number;
}

/** Where others use more of all processors, the figures are theirs as much as ours. */
export const QUIET_SHARE_MAX = 0.1;
const LOOK_MS = 1000;

/** What a measurement has seen, with when and where. */
export async function taken<Seen extends object>(
  measure: () => Promise<Seen>,
  release = releaseOf(root),
): Promise<Taken & Seen> {
  const startedAt = new Date().toISOString();
  const before = await busyShare(LOOK_MS);
  const seen = await measure();
  const after = await busyShare(LOOK_MS);
  return { startedAt, release, machine: machineNow(Math.max(before, after)), ...seen };
}

/** Of several runs: as the first, on a machine as busy as it was in any of them. */
export function takenTogether(runs: readonly [Taken, ...Taken[]]): Taken {
  const [{ startedAt, release, machine }] = runs;
  const busyShare = Math.max(...runs.map((run) => run.machine.busyShare));
  return { startedAt, release, machine: { ...machine, busyShare } };
}

/** @param how - a sentence: how often and how long */
export function textOf({ startedAt, release, machine }: Taken, how: string): string {
  const { processors, model, memoryGiB, system, node, busyShare } = machine;
  const noise = busyShare > QUIET_SHARE_MAX ? ' **That is too much: the figures are worth nothing.**' : '';
  return [
    `${startedAt.slice(0, 10)}, release ${release}, Node ${node}, ${system}, ${processors} × ${model}, ${memoryGiB} GiB.`,
    `${how} What others used of the processors while none of the servers ran: ${percent(busyShare)}.${noise}`,
  ].join('\n');
}

/** Of a checkout. */
export function releaseOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version;
}

function machineNow(busyShare: number): Machine {
  const all = cpus();
  return {
    processors: all.length,
    model: all[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${system()} ${systemRelease()}`,
    node: process.version,
    busyShare,
  };
}
