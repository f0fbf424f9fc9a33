import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyOf, type Key } from '../../../../src/core/base/key.ts';
import { logIndex, monotonicMs } from '../../../../src/core/base/numbers.ts';
import { Random } from '../../../../src/core/base/random.ts';
import {
  defaultWriteSessionOptions,
  WriteSession,
  type WriteSessionEffect,
  type WriteSettlement,
} from '../../../../src/core/routing/write-session.ts';
import type { PutCommand, SessionId, WriteOutcome, WriteRequest } from '../../../../src/core/store/commands.ts';

/**
 * The session against a model of everything on the other side: replicas that lead or do not, a table of outcomes as R15
 * has it, sessions that are forgotten or full, requests and answers that are lost, late, or overtaken.
 */

interface Flight {
  readonly attempt: number;
  readonly request: WriteRequest | 'openSession';
}

interface OpenedSession {
  readonly outcomes: Set<number>;
  settledThrough: number;
}

class Model {
  readonly session = new WriteSession({ ...defaultWriteSessionOptions, writeWaitMs: 3000, waitingMax: 40 });
  readonly random: Random;
  nowMs = 0;
  tickets = 0;
  readonly settled = new Map<number, WriteSettlement>();
  /** How often each ticket's write was applied, for good. */
  readonly applied = new Map<number, number>();
  /** Requests under way, and those that the proxy has given up and that arrive all the same. */
  flights: Flight[] = [];
  /** In a leader's log, and not committed: the next leader may have them or not. */
  uncommitted: Flight[] = [];
  readonly sessions = new Map<SessionId, OpenedSession>();
  #sessionsOpened = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  step(): void {
    const drawn = this.random.below(100);
    if (drawn < 25) this.#submit();
    else if (drawn < 60) this.#arrive();
    else if (drawn < 66) this.#loseConnection();
    else if (drawn < 74) this.#perform((effects) => this.session.onRoadOpened(this.#now(), effects));
    else if (drawn < 78) this.#decideUncommitted();
    else if (drawn < 80) this.sessions.clear();
    else if (drawn < 82) this.flights = this.flights.filter(() => this.random.below(2) === 0);
    else this.#pass(this.random.below(drawn < 99 ? 40 : 4000));
  }

  /** No more faults: everything that waits must come to its end. */
  calmDown(): void {
    for (let steps = 0; this.session.waiting > 0; steps += 1) {
      if (steps > 20_000) throw new Error('writes wait for ever');
      this.#decideUncommitted();
      if (steps % 50 === 0) this.#perform((effects) => this.session.onRoadOpened(this.#now(), effects));
      const flight = this.flights.shift();
      if (flight === undefined) this.#pass(10);
      else this.#answer(flight, this.#handle(flight, 'leader'));
    }
    // What is still under way arrives after all.
    for (const flight of this.flights) this.#handle(flight, 'leader');
    this.#decideUncommitted();
  }

  #submit(): void {
    const ticket = ++this.tickets;
    const key = keyOf(String(ticket)) as Key;
    const command = { kind: 'delete', key, condition: { kind: 'none' } } as const;
    this.#perform((effects) => this.session.submit(ticket, { command, idempotencyKey: null }, this.#now(), effects));
  }

  /** Any of those under way: nothing is said of their order. */
  #arrive(): void {
    const [flight] = this.flights.splice(this.random.below(this.flights.length), 1);
    if (flight === undefined) return;
    const answer = this.#handle(flight, this.random.below(5) === 0 ? 'follower' : 'leader');
    const fate = this.random.below(10);
    if (fate < 8) this.#answer(flight, answer);
    else if (fate < 9) this.session.onAttemptLost(flight.attempt, 'may-have-arrived', this.#now());
  }

  #handle(flight: Flight, at: 'leader' | 'follower'): WriteOutcome | SessionId | null {
    const { request } = flight;
    if (request === 'openSession') return at === 'leader' ? this.#open() : null;
    const refused = (code: 'not-leader' | 'unknown-session' | 'session-full' | 'overloaded'): WriteOutcome => ({
      kind: 'refused',
      code,
      leaderHint: null,
    });
    if (at === 'follower') return refused('not-leader');
    const opened = this.sessions.get(request.id.session);
    // R15: ids that were forgotten are refused.
    if (opened === undefined) return refused('unknown-session');
    if (request.id.number <= opened.settledThrough) return { kind: 'unknown', code: 'session-lost' };
    opened.settledThrough = Math.max(opened.settledThrough, request.settledThrough);
    for (const number of opened.outcomes) if (number <= opened.settledThrough) opened.outcomes.delete(number);
    if (opened.outcomes.has(request.id.number)) return COMMITTED;
    if (opened.outcomes.size >= 8) return refused('session-full');
    if (this.random.below(12) === 0) return refused('overloaded');
    if (this.random.below(6) === 0) {
      this.uncommitted.push(flight);
      return { kind: 'unknown', code: this.random.below(2) === 0 ? 'deposed' : 'not-enough-in-sync' };
    }
    this.#apply(request);
    return COMMITTED;
  }

  /** The next leader has them in its log, or has never seen them. */
  #decideUncommitted(): void {
    for (const { request } of this.uncommitted) {
      if (request === 'openSession' || this.random.below(2) === 0) continue;
      const opened = this.sessions.get(request.id.session);
      const { number } = request.id;
      if (opened === undefined || number <= opened.settledThrough || opened.outcomes.has(number)) continue;
      this.#apply(request);
    }
    this.uncommitted = [];
  }

  #apply(request: WriteRequest): void {
    this.sessions.get(request.id.session)?.outcomes.add(request.id.number);
    const ticket = Number((request.command as PutCommand).key);
    this.applied.set(ticket, (this.applied.get(ticket) ?? 0) + 1);
  }

  #open(): SessionId {
    const id = `s${++this.#sessionsOpened}` as SessionId;
    this.sessions.set(id, { outcomes: new Set(), settledThrough: 0 });
    return id;
  }

  #answer({ attempt, request }: Flight, answer: WriteOutcome | SessionId | null): void {
    this.#perform((effects) => {
      if (request !== 'openSession') {
        this.session.onWriteAnswered(attempt, answer as WriteOutcome, this.#now(), effects);
        return;
      }
      const session = answer as SessionId | null;
      const outcome =
        session === null
          ? ({ kind: 'refused', code: 'not-leader', leaderHint: null } as const)
          : ({ kind: 'opened', session } as const);
      this.session.onSessionAnswered(attempt, outcome, this.#now(), effects);
    });
  }

  /** What was under way is lost or arrives later; nobody hears of it again. */
  #loseConnection(): void {
    this.session.onRoadLost();
    for (const { attempt } of this.flights) this.session.onAttemptLost(attempt, 'may-have-arrived', this.#now());
  }

  #pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const wakeMs = this.session.wakeMs;
      if (wakeMs === null || wakeMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, wakeMs);
      this.#perform((effects) => this.session.tick(this.#now(), effects));
    }
    this.nowMs = endMs;
  }

  #now() {
    return monotonicMs(this.nowMs);
  }

  #perform(call: (effects: WriteSessionEffect[]) => void): void {
    const effects: WriteSessionEffect[] = [];
    call(effects);
    for (const effect of effects) {
      if (effect.kind === 'openSession') this.flights.push({ attempt: effect.attempt, request: 'openSession' });
      else if (effect.kind === 'sendWrite') this.flights.push({ attempt: effect.attempt, request: effect.request });
      else {
        expect(this.settled.has(effect.ticket)).toBe(false);
        this.settled.set(effect.ticket, effect.settlement);
      }
    }
  }
}

const COMMITTED: WriteOutcome = {
  kind: 'committed',
  decided: { kind: 'absent' },
  revision: logIndex(1),
  lineage: { number: 1, id: 'one' },
  acks: 3,
  members: 3,
};

test('R15: whatever is lost, late or refused, an acknowledged write is applied once and a refused one never', () => {
  const ends: Record<string, number> = {};
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 50, max: 600 }), (seed, steps) => {
      const model = new Model(seed);
      for (let step = 0; step < steps; step += 1) model.step();
      model.calmDown();
      expect(model.settled.size).toBe(model.tickets);
      expect(model.session.waitingBytes).toBe(0);
      for (const [ticket, settlement] of model.settled) {
        const times = model.applied.get(ticket) ?? 0;
        const end = settlement.kind === 'answered' ? settlement.outcome.kind : settlement.outcome;
        ends[end] = (ends[end] ?? 0) + 1;
        if (end === 'committed') expect(times).toBe(1);
        else if (end === 'unknown') expect(times).toBeLessThanOrEqual(1);
        else expect(times).toBe(0);
      }
    }),
    { numRuns: 300 },
  );
  // The model reaches every end, or it shows nothing.
  expect(Object.keys(ends).sort()).toEqual(['committed', 'none', 'refused', 'unknown']);
});
