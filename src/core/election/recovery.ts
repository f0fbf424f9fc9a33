import type { Epoch, Instant, LogIndex } from '../base/numbers.ts';
import type { Lineage } from '../replication/lineage.ts';
import type { RecordVersion } from './record.ts';

/**
 * The operator's word (`kv admin recover`): where no rule can show that going on is safe, one replica begins a new lineage
 * with the data that it has. The word holds for what the operator was shown and for nothing else, so that the request
 * names it; what has changed meanwhile is to be looked at again.
 */
export interface RecoverRequest {
  /** What this replica held: it must still hold as much. */
  readonly shown: Holding;
  /** What stood in the record's place; null: nothing. */
  readonly record: RecordVersion | null;
  /** Names of pods that did not answer, and may hold what nobody else does. Any other pod has to answer. */
  readonly silentPods: readonly string[];
  /** What the operator has weighed, and sets aside. */
  readonly despite: readonly Objection[];
}

/** How much of which history a replica has. */
export interface Holding {
  /** null: no data. */
  readonly lineage: Lineage | null;
  readonly lastEpoch: Epoch;
  readonly lastIndex: LogIndex;
}

export const OBJECTIONS = ['not-frozen', 'more-elsewhere'] as const;

/** What an operator may set aside. That a leader works is not among them: whoever wants it gone stops it first. */
export type Objection = (typeof OBJECTIONS)[number];

export type RecoverRefusal =
  | Objection
  | 'leader-works'
  /** What was shown has changed. */
  | 'view-outdated'
  /** The API server does not list this replica's pod: others may have been told that it is gone. */
  | 'pod-not-listed'
  | 'kubernetes-away'
  | 'recovery-under-way'
  | 'stopping';

export type RecoverOutcome =
  | { readonly kind: 'begun'; readonly lineage: Lineage; readonly epoch: Epoch }
  /** Nothing was changed. `detail` is a clause. */
  | { readonly kind: 'refused'; readonly code: RecoverRefusal; readonly detail: string }
  /** The record was asked to change, and whether it did was not learned. */
  | { readonly kind: 'unknown'; readonly detail: string };

/** What a replica that was asked tells of itself to an operator. */
export interface RecoveryView {
  readonly replica: string;
  readonly role: 'seeking' | 'following' | 'leading';
  /** Why nothing can be done without an operator; null while something can. */
  readonly frozen: string | null;
  /** It leads, and its epoch's first entry is committed. */
  readonly takesWrites: boolean;
  /** The highest epoch seen. */
  readonly epoch: Epoch;
  /** The lineage that it obeys. */
  readonly obeys: Lineage | null;
  readonly holding: Holding;
  readonly commitIndex: number;
  readonly keys: number;
  readonly record: SeenRecord;
}

/** What stands in the record's place, as this replica read it last. */
export type SeenRecord =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'there'; readonly state: 'unfilled' | 'obeyed' | 'lost'; readonly version: RecordVersion };

export interface AnsweredRecovery {
  readonly ticket: number;
  readonly outcome: RecoverOutcome;
}

/** How long an operator is kept waiting for an outcome. */
const PATIENCE_MS = 10_000;

/**
 * The one request of an operator that a group has in hand. It outlives the role: a leader that carries it out asks for
 * the lineage, and the candidate that it becomes begins it.
 */
export class Recovery {
  #ticket: number | null = null;
  #request: RecoverRequest | null = null;
  #asked: Lineage | null = null;
  #deadlineMs = Infinity;
  #answered: AnsweredRecovery[] = [];

  /** Takes a request in, or refuses it. */
  give(ticket: number, request: RecoverRequest, now: Instant): void {
    if (this.#ticket !== null) {
      const detail = 'this replica carries out another request of an operator';
      this.#answered.push({ ticket, outcome: { kind: 'refused', code: 'recovery-under-way', detail } });
      return;
    }
    this.#ticket = ticket;
    this.#request = request;
    this.#asked = null;
    this.#deadlineMs = now.monotonicMs + PATIENCE_MS;
  }

  refuse(ticket: number, code: RecoverRefusal, detail: string): void {
    this.#answered.push({ ticket, outcome: { kind: 'refused', code, detail } });
  }

  /** What is to be carried out now: whoever takes it does. */
  take(): RecoverRequest | null {
    const request = this.#request;
    this.#request = null;
    return request;
  }

  /** The record was asked to name this lineage. */
  ask(lineage: Lineage): void {
    this.#asked = lineage;
  }

  /** This replica has begun a lineage, for whatever reason. */
  onBegun(lineage: Lineage, epoch: Epoch): void {
    if (this.#asked?.id === lineage.id) this.settle({ kind: 'begun', lineage, epoch });
  }

  /** Ends the request that is in hand. */
  settle(outcome: RecoverOutcome): void {
    if (this.#ticket === null) return;
    this.#answered.push({ ticket: this.#ticket, outcome });
    this.#ticket = null;
    this.#request = null;
    this.#asked = null;
    this.#deadlineMs = Infinity;
  }

  /** What the former role was doing has been given up; what was asked of the record stands. */
  onRoleChanged(): void {
    const isUnderWay = this.#ticket !== null && this.#request === null;
    if (isUnderWay && this.#asked === null)
      this.settle({ kind: 'refused', code: 'view-outdated', detail: 'the role of this replica has just changed' });
  }

  tick(now: Instant): void {
    if (now.monotonicMs < this.#deadlineMs) return;
    const detail = `it was not done within ${PATIENCE_MS} ms`;
    if (this.#asked === null) this.settle({ kind: 'refused', code: 'kubernetes-away', detail });
    else this.settle({ kind: 'unknown', detail });
  }

  /** Outcomes to be told, each once. */
  takeAnswered(): readonly AnsweredRecovery[] {
    if (this.#answered.length === 0) return NONE;
    const answered = this.#answered;
    this.#answered = [];
    return answered;
  }
}

const NONE: readonly AnsweredRecovery[] = [];
