/** What one process has taken note of (`../fixtures/record-pauses.ts`). */
export interface Pauses {
  readonly collections: readonly Collection[];
  readonly stalls: readonly Stall[];
  /** How late the event loop was, of every millisecond. */
  readonly delayP99Ms: number;
  readonly delayP999Ms: number;
  readonly delayMaxMs: number;
  /** In the end. */
  readonly heapBytes: number;
}

/** In which nothing else ran. */
export interface Collection {
  readonly kind: 'young space' | 'whole heap' | 'marking step' | 'weak callbacks' | 'other';
  /** Since the process began. */
  readonly atMs: number;
  readonly ms: number;
}

/** In which the event loop came round to no timer: of 5 ms or more. */
export interface Stall {
  readonly atMs: number;
  readonly ms: number;
  /** Of it, what the thread has used: for the rest it had no processor. */
  readonly processorMs: number;
}

/** How much of a stall was collections. */
export function collectedMs({ collections }: Pauses, { atMs, ms }: Stall): number {
  const within = collections.filter((one) => one.atMs >= atMs && one.atMs < atMs + ms + 1);
  return within.reduce((sum, one) => sum + one.ms, 0);
}

export function longest<T extends { readonly ms: number }>(all: readonly T[]): T | null {
  return all.reduce<T | null>((most, one) => (most === null || one.ms > most.ms ? one : most), null);
}
