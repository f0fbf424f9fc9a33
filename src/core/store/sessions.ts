import { assert } from '../base/assert.ts';
import { ChurningMap } from '../base/churning.ts';
import type { LogIndex, WallMs } from '../base/numbers.ts';
import type { KeptOutcome } from '../replication/messages.ts';
import { outcomeExtraBytes, type DecidedOutcome, type SessionId } from './commands.ts';

/** Roughly, what one session costs; what one kept outcome does, as measured. */
const SESSION_OVERHEAD_BYTES = 300;
const OUTCOME_OVERHEAD_BYTES = 180;

export interface Session {
  lastUsedMs: WallMs;
  settledThrough: number;
  readonly outcomes: ChurningMap<number, KeptOutcome>;
}

/**
 * R15: the first outcome of every request number, until its session says that it no longer asks. Nothing here is ever
 * dropped to make room: bounds are kept by refusing what is new, at the leader.
 */
export class SessionTable {
  #sessions = new Map<SessionId, Session>();
  #outcomes = 0;
  #extraBytes = 0;

  get size(): number {
    return this.#sessions.size;
  }

  get bytes(): number {
    return this.#sessions.size * SESSION_OVERHEAD_BYTES + this.#outcomes * OUTCOME_OVERHEAD_BYTES + this.#extraBytes;
  }

  get(session: SessionId): Session | undefined {
    return this.#sessions.get(session);
  }

  open(session: SessionId, timeMs: WallMs): void {
    if (!this.#sessions.has(session))
      this.#sessions.set(session, { lastUsedMs: timeMs, settledThrough: 0, outcomes: new ChurningMap() });
  }

  end(session: SessionId): void {
    const ended = this.#sessions.get(session);
    if (ended === undefined) return;
    for (const number of ended.outcomes.keys()) this.#drop(ended, number);
    this.#sessions.delete(session);
  }

  /** Keeps the outcome and forgets what is settled. A session that has ended since (R11) keeps nothing. */
  record(
    id: { readonly session: SessionId; readonly number: number; readonly settledThrough: number },
    revision: LogIndex,
    outcome: DecidedOutcome,
    timeMs: WallMs,
  ): void {
    const session = this.#sessions.get(id.session);
    if (session === undefined) return;
    session.lastUsedMs = timeMs;
    const first = session.outcomes.get(id.number);
    // The same entry may be met twice: as part of a snapshot, and in the log that goes on beside it.
    assert(first === undefined || first.revision === revision, 'R15: a request takes effect once');
    if (first === undefined && id.number > session.settledThrough) {
      this.#keep(session, { number: id.number, revision, outcome });
    }
    this.#settle(session, id.settledThrough);
  }

  /** What a snapshot says of a session, beneath what entries have said of it already (R11). */
  restore(id: SessionId, lastUsedMs: WallMs, settledThrough: number, outcomes: readonly KeptOutcome[]): void {
    this.open(id, lastUsedMs);
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    for (const kept of outcomes) {
      if (kept.number <= session.settledThrough || session.outcomes.has(kept.number)) continue;
      this.#keep(session, kept);
    }
    this.#settle(session, settledThrough);
  }

  /** Sessions that nobody has written in since `beforeMs`. */
  idleSince(beforeMs: WallMs): SessionId[] {
    const idle: SessionId[] = [];
    for (const [id, session] of this.#sessions) if (session.lastUsedMs < beforeMs) idle.push(id);
    return idle;
  }

  clear(): void {
    this.#sessions = new Map();
    this.#outcomes = 0;
    this.#extraBytes = 0;
  }

  /** Live, as `Store.values`. */
  entries(): IterableIterator<[SessionId, Session]> {
    return this.#sessions.entries();
  }

  #settle(session: Session, through: number): void {
    if (through <= session.settledThrough) return;
    // Numbers come nearly in order: walking from the last settled one costs one step per request over its whole life.
    // Where a session jumps ahead, walking the table is shorter.
    if (through - session.settledThrough <= session.outcomes.size * 2) {
      for (let number = session.settledThrough + 1; number <= through; number += 1) {
        this.#drop(session, number);
      }
    } else {
      for (const number of session.outcomes.keys()) if (number <= through) this.#drop(session, number);
    }
    session.settledThrough = through;
  }

  #keep(session: Session, kept: KeptOutcome): void {
    session.outcomes.set(kept.number, kept);
    this.#outcomes += 1;
    this.#extraBytes += outcomeExtraBytes(kept.outcome);
  }

  #drop(session: Session, number: number): void {
    const kept = session.outcomes.get(number);
    if (kept === undefined) return;
    session.outcomes.delete(number);
    this.#outcomes -= 1;
    this.#extraBytes -= outcomeExtraBytes(kept.outcome);
  }
}
