import { readFileSync, writeFileSync } from 'node:fs';
import { faultKinds, type Plan } from './plan.ts';
import type { Invariant } from './violation.ts';

/** A run as data: what it showed, and the whole plan, so that it stays the same when seeds draw differently. */
export interface SavedSchedule {
  /** What went wrong, and why: for whoever meets it again. */
  readonly found: string;
  /** What it violated. */
  readonly invariant: Invariant;
  /** The mutant that has the mistake still; null if none has. */
  readonly mutant: string | null;
  readonly plan: Plan;
}

export function writeSchedule(file: string, schedule: SavedSchedule): void {
  writeFileSync(file, `${JSON.stringify(schedule, null, 2)}\n`);
}

/** @throws Error if the file holds something else, or faults that there are no longer. */
export function readSchedule(file: string): SavedSchedule {
  const read = JSON.parse(readFileSync(file, 'utf8')) as Partial<SavedSchedule>;
  const { found, invariant, mutant = null, plan } = read;
  if (found === undefined || invariant === undefined || plan?.schedule == null) {
    throw new Error(`${file}: a schedule has "found", "invariant" and "plan", with all its faults in "plan.schedule"`);
  }
  const known: ReadonlySet<string> = new Set(faultKinds);
  const unknown = plan.schedule.filter((fault) => !known.has(fault.kind));
  if (unknown.length > 0)
    throw new Error(`${file}: there is no fault ${unknown.map((fault) => fault.kind).join(', ')}`);
  return { found, invariant, mutant, plan };
}
