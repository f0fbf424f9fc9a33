import type { EntryImage } from './replicas.ts';
import { exchangeInText, exchangePlace, type Place } from './names.ts';

/** A write as its client sees it. */
export interface WriteMemory {
  readonly status: 'unsent' | 'open' | 'committed' | 'unknown' | 'refused';
  /** Who was asked last. */
  readonly at: Place | null;
  readonly attempts: number;
  /** Where it was committed, as the client was told; 0: it was not told. */
  readonly revision: number;
}

export interface ReadMemory {
  readonly status: 'unsent' | 'open' | 'answered' | 'declined';
  readonly at: Place | null;
  /** The newest write that had been acknowledged when it began: it must show no less. */
  readonly floor: number;
  readonly revision: number;
}

/** What no replica may forget or contradict: what the history so far has promised. Never changed, only replaced. */
export interface Ledger {
  /** By index from 1: every entry that a leader has committed. */
  readonly committed: readonly EntryImage[];
  /** Epochs in the order in which they were first led. */
  readonly leaders: readonly { readonly epoch: number; readonly place: Place; readonly run: number }[];
  readonly writes: readonly WriteMemory[];
  readonly reads: readonly ReadMemory[];
  /** What a replica wrote last into the record; what others put there binds nobody. null: nothing yet. */
  readonly record: { readonly epoch: number; readonly members: readonly string[] } | null;
}

export function textOf(ledger: Ledger, naming: 'own' | 'exchanged'): string {
  const place = (of: Place | null): Place | null => (of === null || naming === 'own' ? of : exchangePlace(of));
  return JSON.stringify([
    ledger.committed.map((entry) => entry.id),
    ledger.leaders.map((led) => [led.epoch, place(led.place), led.run]),
    ledger.writes.map((write) => ({ ...write, at: place(write.at) })),
    ledger.reads.map((read) => ({ ...read, at: place(read.at) })),
    ledger.record?.epoch,
    ledger.record?.members.map((member) => (naming === 'own' ? member : exchangeInText(member))).sort(),
  ]);
}

/** The newest revision that a client was told of, by an acknowledgement or a read. */
export const acknowledged = (ledger: Ledger): number =>
  [...ledger.writes, ...ledger.reads].reduce((newest, seen) => Math.max(newest, seen.revision), 0);

export const isInFlight = (ledger: Ledger): boolean =>
  ledger.writes.some((write) => write.status === 'open' || (write.status === 'unknown' && write.revision === 0));
