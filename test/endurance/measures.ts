/** Everything that is recorded. */
export type MeasureId =
  | 'rssMiB'
  | 'heapMiB'
  | 'openFiles'
  | 'sockets'
  | 'resources'
  | 'lagMs'
  | 'requestsPerS'
  | 'leaseWritesPerS'
  | 'apiWritesPerS'
  | 'keys'
  | 'storeMiB'
  | 'logEntries'
  | 'sessions'
  | 'idempotencyKeys';

export interface Measure {
  readonly id: MeasureId;
  readonly title: string;
  readonly unit: string;
  /**
   * How much it may grow between warm-up and end and still be called flat: this share of its median, or `atLeast`, which
   * is there for small numbers; null: it is shown, not judged.
   */
  readonly growthMax: { readonly share: number; readonly atLeast: number } | null;
  /**
   * Garbage counts, too, until it is collected: judged is the least of so many seconds, which is about what there is just
   * after a collection.
   */
  readonly leastOfS?: number;
}

export const MEASURES: readonly Measure[] = [
  { id: 'rssMiB', title: 'Resident memory', unit: 'MiB', growthMax: { share: 0.1, atLeast: 5 } },
  { id: 'heapMiB', title: 'Heap in use', unit: 'MiB', growthMax: { share: 0.15, atLeast: 4 }, leastOfS: 180 },
  { id: 'openFiles', title: 'Open files', unit: 'file descriptors', growthMax: { share: 0.1, atLeast: 3 } },
  { id: 'sockets', title: 'Sockets', unit: 'of the open files', growthMax: { share: 0.1, atLeast: 3 } },
  {
    id: 'resources',
    title: 'Handles and timers',
    unit: 'that keep the process',
    growthMax: { share: 0.1, atLeast: 4 },
  },
  { id: 'lagMs', title: 'Event loop delay', unit: 'ms, 99th percentile', growthMax: { share: 0.5, atLeast: 10 } },
  { id: 'leaseWritesPerS', title: 'Writes of the Lease', unit: 'per second', growthMax: { share: 0.1, atLeast: 0.3 } },
  {
    id: 'apiWritesPerS',
    title: 'Writes at the API server',
    unit: 'per second',
    growthMax: { share: 0.15, atLeast: 0.5 },
  },
  { id: 'logEntries', title: 'Log', unit: 'entries', growthMax: { share: 0.05, atLeast: 10 } },
  { id: 'sessions', title: 'Sessions', unit: 'open', growthMax: { share: 0.2, atLeast: 3 } },
  { id: 'idempotencyKeys', title: 'Idempotency keys', unit: 'kept', growthMax: { share: 0.1, atLeast: 20 } },
  { id: 'keys', title: 'Keys', unit: 'in the store', growthMax: { share: 0.05, atLeast: 10 } },
  { id: 'storeMiB', title: 'Store', unit: 'MiB by its own account', growthMax: { share: 0.1, atLeast: 0.2 } },
  { id: 'requestsPerS', title: 'Requests of the client', unit: 'answered per second', growthMax: null },
];
