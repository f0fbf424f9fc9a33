/**
 * The keys of a run. A generation of them is written for a time, then the next: what is in doubt about a key then stays
 * little, however long the run.
 */
export const KEYS_PER_GENERATION = 8;
export const GENERATION_US = 3_000_000;

export function generationAt(atUs: number, startUs: number): number {
  return Math.max(0, Math.floor((atUs - startUs) / GENERATION_US));
}

export function keyName(prefix: string, generation: number, number: number): string {
  return `${prefix}/g${generation}-${number}`;
}

/** All that were written by then. */
export function keysUntil(prefix: string, startUs: number, endUs: number): readonly string[] {
  return Array.from({ length: generationAt(endUs, startUs) + 1 }, (_, generation) =>
    Array.from({ length: KEYS_PER_GENERATION }, (_empty, number) => keyName(prefix, generation, number)),
  ).flat();
}
