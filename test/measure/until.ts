import { setTimeout as wait } from 'node:timers/promises';

export interface UntilOptions {
  /** @default 30000 */
  readonly withinMs?: number;
  /** Between two looks. @default 50 */
  readonly everyMs?: number;
}

/** Waits for a condition, never for a time: rejects with what was waited for once the deadline has passed. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { withinMs = 30_000, everyMs = 50 }: UntilOptions = {},
): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await wait(everyMs);
  }
}
