import { cpus } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

/** Share of all processors that was used, by whomever, in the next so many milliseconds. */
export async function busyShare(forMs: number): Promise<number> {
  const before = times();
  await wait(forMs);
  const after = times();
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

function times(): { readonly idle: number; readonly all: number } {
  let [idle, all] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, all };
}
