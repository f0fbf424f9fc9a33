import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { busyShare } from './busy.ts';
import { machineNow, type Surroundings } from './report.ts';

const LOOK_MS = 1000;

/** Runs it, and looks at the machine before and after. */
export async function withSurroundings<Result>(
  run: () => Promise<Result>,
): Promise<{ readonly surroundings: Surroundings; readonly result: Result }> {
  const startedAt = new Date().toISOString();
  const before = await busyShare(LOOK_MS);
  const result = await run();
  const after = await busyShare(LOOK_MS);
  const file = join(resolve(import.meta.dirname, '../../..'), 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return { surroundings: { startedAt, release: version, machine: machineNow(Math.max(before, after)) }, result };
}
