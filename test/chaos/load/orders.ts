import type { OperationOutcome } from '../../history/operation.ts';
import type { Habits, Target } from './client.ts';
import type { ReadMode } from './requests.ts';

/** What the one who drives tells a process of clients. One order at a time, each answered by one {@link Report}. */
export type Order =
  | {
      readonly kind: 'begin';
      readonly seed: number;
      readonly prefix: string;
      readonly startUs: number;
      readonly historyFile: string;
      /** Each client by its number. */
      readonly clients: readonly {
        readonly id: number;
        readonly targets: readonly Target[];
        readonly habits: Habits;
      }[];
    }
  /** No further operations; answered when those under way have an outcome. */
  | { readonly kind: 'end' }
  /** Every key is read from every target in the mode, and the reads become part of the history. */
  | {
      readonly kind: 'audit';
      readonly client: number;
      readonly historyFile: string;
      readonly keys: readonly string[];
      readonly targets: readonly Target[];
      readonly mode: ReadMode;
    }
  /** Writes large values until the store says that it is full, deletes them, and writes one again. */
  | { readonly kind: 'fill'; readonly prefix: string; readonly valueBytes: number; readonly target: Target }
  /** Asks for much and reads no answer for a time. */
  | { readonly kind: 'deafen'; readonly key: string; readonly target: Target; readonly forMs: number };

export type Report =
  | { readonly kind: 'done' }
  | { readonly kind: 'counts'; readonly outcomes: Readonly<Record<OperationOutcome, number>> }
  | {
      readonly kind: 'filled';
      readonly written: number;
      readonly refused: number;
      /** Values that could not be deleted again. */
      readonly left: number;
      readonly acceptsAgain: boolean;
    }
  | { readonly kind: 'deafened'; readonly askedBytes: number; readonly ending: string | null };

export interface Envelope<T> {
  readonly id: number;
  readonly content: T;
}
