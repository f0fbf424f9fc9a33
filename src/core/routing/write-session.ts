import { ChurningMap, ChurningSet } from '../base/churning.ts';
import type { MonotonicMs } from '../base/numbers.ts';
import type { Ticket } from '../group/io.ts';
import {
  commandBytes,
  type IdempotencyKey,
  type OpenSessionOutcome,
  type RefusedOutcome,
  type SessionId,
  type UnknownOutcome,
  type WriteCommand,
  type WriteOutcome,
  type WriteRequest,
} from '../store/commands.ts';

/**
 * R15 as seen by whoever writes: a proxy, or a replica that takes writes itself. A write gets a number of a session when
 * it first leaves, keeps it however often it is repeated, and is answered once.
 *
 * What makes a repetition safe is one count per write: its *open attempts*, those that left and whose fate was not
 * learnt. A refusal closes its own attempt and says nothing of the others. At zero the write is certainly in no log
 * under its id, and may be refused to the client or moved to another session; above zero it keeps its id, and only a
 * committed outcome, a session that is not known any more or its deadline ends it.
 *
 * Where the leader is, and whether a replica passes things on to it, is the host's business: it says when there is a
 * road to a leader and performs the effects.
 */
export type WriteSessionEffect =
  /** To the leader. `attempt` names it in whatever becomes of it: an answer, or its loss. */
  | { readonly kind: 'sendWrite'; readonly attempt: number; readonly request: WriteRequest }
  | { readonly kind: 'openSession'; readonly attempt: number }
  /** Exactly once for every ticket that was submitted. */
  | { readonly kind: 'settled'; readonly ticket: Ticket; readonly settlement: WriteSettlement };

export type WriteSettlement =
  | { readonly kind: 'answered'; readonly outcome: WriteOutcome }
  | {
      readonly kind: 'unavailable';
      readonly code: 'no-leader' | 'not-enough-in-sync' | 'overloaded' | 'stopping';
      /** `unknown`: it was sent, and may be applied. */
      readonly outcome: 'none' | 'unknown';
      /** What happened, as a clause. */
      readonly detail: string;
    };

export interface Write {
  readonly command: WriteCommand;
  readonly idempotencyKey: IdempotencyKey | null;
}

export interface WriteSessionOptions {
  /** How long a write may wait for its outcome. */
  readonly writeWaitMs: number;
  /** An attempt that nobody answered is repeated after this time, then after twice as long, and so on. */
  readonly repeatMs: number;
  /** Between attempts at a leader that says it is none, or is full: from the first to the second, doubling. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
  /** Writes that wait for their outcome, by count and by bytes; beyond them a new one is refused at once. */
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
}

export const defaultWriteSessionOptions: WriteSessionOptions = {
  writeWaitMs: 10_000,
  repeatMs: 1000,
  pauseMinMs: 2,
  pauseMaxMs: 50,
  waitingMax: 32_768,
  waitingBytesMax: 64 * 2 ** 20,
};

/** Whether an attempt that failed below us may have reached a replica. */
export type AttemptLoss = 'never-left' | 'may-have-arrived';

/** What a write holds besides its key and value, roughly. */
const WRITE_OVERHEAD_BYTES = 256;
const NEVER = Infinity;
const NO_ATTEMPT = 0;

export class WriteSession {
  readonly #options: WriteSessionOptions;
  /** In the order of submission, which is the order of sending. */
  readonly #waiting = new ChurningSet<WaitingWrite>();
  readonly #byAttempt = new ChurningMap<number, WaitingWrite>();
  #waitingBytes = 0;
  #nextAttempt = 1;

  /** Takes new writes. Sessions before it live on in the writes that keep their ids. */
  #session: Session | null = null;
  #openingAttempt = NO_ATTEMPT;
  #openingDueMs = NEVER;
  #openingRefusal: string | null = null;

  #road: 'open' | 'lost' = 'lost';
  /** Attempts before it took an older road; what they are told of leadership is old news. */
  #roadFirstAttempt = 1;
  /** Not before this time: the leader as we know it has just said that it is none. */
  #pausedUntilMs = 0;
  #pauseMs: number;
  /** Nothing is due before this time; it may be early, never late. */
  #wakeMs = NEVER;
  #stopping = false;

  /** Plain counters for the metrics. */
  repeatedAttempts = 0;
  sessionsOpened = 0;

  constructor(options: WriteSessionOptions) {
    this.#options = options;
    this.#pauseMs = options.pauseMinMs;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** When to call {@link tick} next, if nothing else happens; null: never. */
  get wakeMs(): number | null {
    return this.#wakeMs === NEVER ? null : this.#wakeMs;
  }

  submit(ticket: Ticket, write: Write, nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    const bytes = bytesOf(write);
    const refusal = this.#refusalOfNew(bytes);
    if (refusal !== null) {
      effects.push({ kind: 'settled', ticket, settlement: refusal });
      return;
    }
    const waiting = new WaitingWrite(ticket, write, bytes, nowMs + this.#options.writeWaitMs);
    this.#waiting.add(waiting);
    this.#waitingBytes += bytes;
    this.#wakeAt(waiting.deadlineMs);
    this.#dispatch(waiting, nowMs, effects);
  }

  /**
   * There is a road to a leader, or a new one: what was held goes out at once, and what the old road has not answered is
   * repeated. Late answers of the old road still count.
   */
  onRoadOpened(nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    this.#road = 'open';
    this.#pausedUntilMs = 0;
    this.#pauseMs = this.#options.pauseMinMs;
    this.#roadFirstAttempt = this.#nextAttempt;
    if (this.#openingAttempt !== NO_ATTEMPT) this.#openSession(nowMs, effects);
    for (const write of this.#waiting) this.#dispatch(write, nowMs, effects);
  }

  /** There is no road any more. Attempts that it took with it are reported one by one, or repeated when a road opens. */
  onRoadLost(): void {
    this.#road = 'lost';
  }

  /** What was sent as `attempt` will not be answered any more. Also for attempts to open a session. */
  onAttemptLost(attempt: number, loss: AttemptLoss, nowMs: MonotonicMs): void {
    if (attempt === this.#openingAttempt) {
      this.#retryOpening(nowMs);
      return;
    }
    const write = this.#closeAttempt(attempt);
    if (write === null) return;
    if (loss === 'never-left') write.openAttempts -= 1;
    if (write.attempt !== NO_ATTEMPT) return;
    if (this.#road === 'open') this.#dueAt(write, nowMs + this.#options.pauseMinMs);
    else write.dueMs = NEVER;
  }

  onWriteAnswered(attempt: number, outcome: WriteOutcome, nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    const write = this.#closeAttempt(attempt);
    if (write === null) return;
    switch (outcome.kind) {
      case 'committed':
        this.#pauseMs = this.#options.pauseMinMs;
        this.#settle(write, { kind: 'answered', outcome }, effects);
        return;
      case 'refused':
        write.openAttempts -= 1;
        if (outcome.code === 'not-leader') this.#pause(attempt, nowMs);
        this.#onRefused(write, outcome, nowMs, effects);
        return;
      case 'unknown':
        if (outcome.code === 'deposed') this.#pause(attempt, nowMs);
        this.#onUnknown(write, outcome, nowMs, effects);
        return;
    }
  }

  onSessionAnswered(
    attempt: number,
    outcome: OpenSessionOutcome,
    nowMs: MonotonicMs,
    effects: WriteSessionEffect[],
  ): void {
    // An older attempt that was opened after all is left to end by itself: it has seen no write.
    if (attempt !== this.#openingAttempt) return;
    if (outcome.kind === 'refused') {
      if (outcome.code === 'not-leader') this.#pause(attempt, nowMs);
      else this.#openingRefusal = outcome.code;
      this.#retryOpening(nowMs);
      return;
    }
    this.#session = new Session(outcome.session);
    this.#openingAttempt = NO_ATTEMPT;
    this.#openingDueMs = NEVER;
    this.#openingRefusal = null;
    this.sessionsOpened += 1;
    for (const write of this.#waiting) {
      if (write.attempt === NO_ATTEMPT) this.#dispatch(write, nowMs, effects);
    }
  }

  /** Deadlines and repetitions. Due at {@link wakeMs}; earlier does no harm. */
  tick(nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    if (nowMs < this.#wakeMs) return;
    this.#wakeMs = NEVER;
    if (this.#openingDueMs <= nowMs) {
      if (this.#canSend(nowMs)) this.#openSession(nowMs, effects);
      else this.#openingDueMs = this.#road === 'open' ? this.#pausedUntilMs : NEVER;
    }
    this.#wakeAt(this.#openingDueMs);
    for (const write of this.#waiting) {
      if (write.deadlineMs <= nowMs) {
        this.#settle(write, this.#expired(write), effects);
        continue;
      }
      if (write.dueMs <= nowMs) this.#dispatch(write, nowMs, effects);
      this.#wakeAt(Math.min(write.deadlineMs, write.dueMs));
    }
  }

  /** Takes no new write. Those that wait go on to their outcome or deadline; the host waits for {@link waiting} to be 0. */
  refuseNew(): void {
    this.#stopping = true;
  }

  /** Settles all that waits. */
  stop(effects: WriteSessionEffect[]): void {
    this.#stopping = true;
    for (const write of this.#waiting) {
      this.#settle(write, unavailable('stopping', write.openAttempts > 0, 'this process is stopping'), effects);
    }
  }

  #refusalOfNew(bytes: number): WriteSettlement | null {
    if (this.#stopping) return unavailable('stopping', false, 'this process is stopping');
    const { waitingMax, waitingBytesMax } = this.#options;
    if (this.#waiting.size >= waitingMax) return unavailable('overloaded', false, `${waitingMax} writes wait already`);
    // One write is always let through, or a large value could never be written where the limit is small.
    if (this.#waitingBytes + bytes > waitingBytesMax && this.#waiting.size > 0) {
      return unavailable('overloaded', false, `${this.#waitingBytes} bytes of writes wait already`);
    }
    return null;
  }

  /** Refused as far as this attempt goes. */
  #onRefused(write: WaitingWrite, outcome: RefusedOutcome, nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    switch (outcome.code) {
      case 'not-leader':
        break;
      case 'unknown-session':
        if (write.session === this.#session) this.#session = null;
        if (write.openAttempts === 0) break;
        // What became of the other attempts is forgotten with the session.
        this.#settle(write, { kind: 'answered', outcome: { kind: 'unknown', code: 'session-lost' } }, effects);
        return;
      case 'session-full':
        // A write with open attempts keeps its id all the same: it is repeated until the leader says more.
        if (write.session === this.#session) this.#session = null;
        break;
      case 'idempotency-full':
      case 'idempotency-mismatch':
      case 'memory-full':
      case 'overloaded':
        if (write.openAttempts === 0) {
          this.#settle(write, { kind: 'answered', outcome }, effects);
          return;
        }
        break;
    }
    // Its newer attempt, if there is one, is still to be answered.
    if (write.attempt !== NO_ATTEMPT) return;
    if (write.openAttempts > 0) this.#hold(write, nowMs, effects);
    else this.#dispatch(write, nowMs, effects);
  }

  #onUnknown(write: WaitingWrite, outcome: UnknownOutcome, nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    switch (outcome.code) {
      case 'session-lost':
        this.#settle(write, { kind: 'answered', outcome }, effects);
        return;
      case 'deposed':
        break;
      case 'not-enough-in-sync':
        write.starved = true;
        break;
    }
    if (write.attempt === NO_ATTEMPT) this.#hold(write, nowMs, effects);
  }

  /** Sends it, if there is a road and a session for it; else it waits for them. */
  #dispatch(write: WaitingWrite, nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    write.dueMs = NEVER;
    if (!this.#canSend(nowMs)) {
      if (this.#road === 'open') this.#dueAt(write, this.#pausedUntilMs);
      return;
    }
    if (write.openAttempts === 0 && (write.session === null || write.session !== this.#session)) {
      // In no log under any id, so it may take a new one.
      write.leaveSession();
      if (this.#session === null) {
        if (this.#openingAttempt === NO_ATTEMPT && this.#openingDueMs === NEVER) this.#openSession(nowMs, effects);
        return;
      }
      write.enterSession(this.#session);
    }
    this.#send(write, nowMs, effects);
  }

  #send(write: WaitingWrite, nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    const session = write.session;
    if (session === null) return;
    const attempt = this.#nextAttempt++;
    if (write.openAttempts > 0) this.repeatedAttempts += 1;
    if (write.attempt !== NO_ATTEMPT) (write.olderAttempts ??= []).push(write.attempt);
    write.attempt = attempt;
    write.openAttempts += 1;
    this.#byAttempt.set(attempt, write);
    this.#dueAt(write, nowMs + write.nextRepeatMs(this.#options.repeatMs));
    effects.push({
      kind: 'sendWrite',
      attempt,
      request: {
        id: { session: session.id, number: write.number },
        settledThrough: session.settledThrough,
        idempotencyKey: write.idempotencyKey,
        command: write.command,
      },
    });
  }

  /** To be repeated under its id, but not at once: whoever answered would only say the same. */
  #hold(write: WaitingWrite, nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    if (this.#canSend(nowMs)) this.#dueAt(write, nowMs + this.#options.pauseMaxMs);
    else this.#dispatch(write, nowMs, effects);
  }

  #openSession(nowMs: MonotonicMs, effects: WriteSessionEffect[]): void {
    this.#openingAttempt = this.#nextAttempt++;
    this.#openingDueMs = nowMs + this.#options.repeatMs;
    this.#wakeAt(this.#openingDueMs);
    effects.push({ kind: 'openSession', attempt: this.#openingAttempt });
  }

  #retryOpening(nowMs: MonotonicMs): void {
    this.#openingAttempt = NO_ATTEMPT;
    this.#openingDueMs = Math.max(this.#pausedUntilMs, nowMs + this.#options.pauseMinMs);
    this.#wakeAt(this.#openingDueMs);
  }

  #canSend(nowMs: MonotonicMs): boolean {
    return this.#road === 'open' && nowMs >= this.#pausedUntilMs;
  }

  /** The winner of an election may be named to us before it knows: so the first pauses are short. */
  #pause(attempt: number, nowMs: MonotonicMs): void {
    // The answers to what left together are one refusal.
    if (attempt < this.#roadFirstAttempt || this.#pausedUntilMs > nowMs) return;
    this.#pausedUntilMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, this.#options.pauseMaxMs);
  }

  #expired(write: WaitingWrite): WriteSettlement {
    const sent = write.openAttempts > 0;
    const wait = `within ${this.#options.writeWaitMs} ms`;
    if (write.starved || (this.#road === 'open' && write.attempt !== NO_ATTEMPT)) {
      return unavailable('not-enough-in-sync', sent, `the leader could not commit the write ${wait}`);
    }
    if (this.#road === 'open' && this.#openingRefusal !== null) {
      return unavailable('overloaded', sent, `no session could be opened ${wait}: ${this.#openingRefusal}`);
    }
    return unavailable('no-leader', sent, `no leader took the write ${wait}`);
  }

  #settle(write: WaitingWrite, settlement: WriteSettlement, effects: WriteSessionEffect[]): void {
    this.#waiting.delete(write);
    this.#waitingBytes -= write.bytes;
    if (write.attempt !== NO_ATTEMPT) this.#byAttempt.delete(write.attempt);
    if (write.olderAttempts !== null) for (const attempt of write.olderAttempts) this.#byAttempt.delete(attempt);
    write.leaveSession();
    effects.push({ kind: 'settled', ticket: write.ticket, settlement });
  }

  /** The write that `attempt` belongs to; null if it was settled meanwhile. */
  #closeAttempt(attempt: number): WaitingWrite | null {
    const write = this.#byAttempt.get(attempt);
    if (write === undefined) return null;
    this.#byAttempt.delete(attempt);
    if (write.attempt === attempt) write.attempt = NO_ATTEMPT;
    else write.olderAttempts = write.olderAttempts?.filter((older) => older !== attempt) ?? null;
    return write;
  }

  #dueAt(write: WaitingWrite, dueMs: number): void {
    write.dueMs = dueMs;
    this.#wakeAt(dueMs);
  }

  #wakeAt(atMs: number): void {
    if (atMs < this.#wakeMs) this.#wakeMs = atMs;
  }
}

/** The numbers of one session. */
class Session {
  readonly id: SessionId;
  /** Nothing will be asked any more about numbers up to this one. */
  settledThrough = 0;
  #lastNumber = 0;
  readonly #settledAbove = new ChurningSet<number>();

  constructor(id: SessionId) {
    this.id = id;
  }

  takeNumber(): number {
    return ++this.#lastNumber;
  }

  settle(number: number): void {
    if (number !== this.settledThrough + 1) {
      this.#settledAbove.add(number);
      return;
    }
    this.settledThrough = number;
    while (this.#settledAbove.delete(this.settledThrough + 1)) this.settledThrough += 1;
  }
}

class WaitingWrite {
  readonly ticket: Ticket;
  readonly command: WriteCommand;
  readonly idempotencyKey: IdempotencyKey | null;
  readonly bytes: number;
  readonly deadlineMs: number;
  /** When to send it again if nothing happens. */
  dueMs = NEVER;
  session: Session | null = null;
  number = 0;
  /** The newest one, if it is still to be answered. */
  attempt = NO_ATTEMPT;
  /** Superseded, but still to be answered; almost always null. */
  olderAttempts: number[] | null = null;
  /** Attempts that left and whose fate is not known: unanswered, lost, or answered with `unknown`. */
  openAttempts = 0;
  /** The leader has said that it could not commit it. */
  starved = false;
  #repeats = 0;

  constructor(ticket: Ticket, write: Write, bytes: number, deadlineMs: number) {
    this.ticket = ticket;
    this.command = write.command;
    this.idempotencyKey = write.idempotencyKey;
    this.bytes = bytes;
    this.deadlineMs = deadlineMs;
  }

  enterSession(session: Session): void {
    this.session = session;
    this.number = session.takeNumber();
  }

  leaveSession(): void {
    this.session?.settle(this.number);
    this.session = null;
    this.number = 0;
  }

  nextRepeatMs(repeatMs: number): number {
    return repeatMs * 2 ** Math.min(this.#repeats++, 10);
  }
}

function bytesOf(write: Write): number {
  return WRITE_OVERHEAD_BYTES + commandBytes(write.command);
}

function unavailable(
  code: 'no-leader' | 'not-enough-in-sync' | 'overloaded' | 'stopping',
  sent: boolean,
  detail: string,
): WriteSettlement {
  return { kind: 'unavailable', code, outcome: sent ? 'unknown' : 'none', detail };
}
