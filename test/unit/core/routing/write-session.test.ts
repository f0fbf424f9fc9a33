import { expect, test } from '@jest/globals';
import { keyOf, type Key } from '../../../../src/core/base/key.ts';
import { logIndex, monotonicMs, version } from '../../../../src/core/base/numbers.ts';
import {
  defaultWriteSessionOptions,
  WriteSession,
  type WriteSessionEffect,
  type WriteSessionOptions,
  type WriteSettlement,
} from '../../../../src/core/routing/write-session.ts';
import type {
  CommittedOutcome,
  RefusedOutcome,
  SessionId,
  UnknownOutcome,
  WriteRefusal,
  WriteRequest,
} from '../../../../src/core/store/commands.ts';

const committed: CommittedOutcome = {
  kind: 'committed',
  decided: { kind: 'written', version: version(1), created: true },
  revision: logIndex(7),
  lineage: { number: 1, id: 'one' },
  acks: 3,
  members: 3,
};
const refused = (code: WriteRefusal): RefusedOutcome => ({ kind: 'refused', code, leaderHint: null });
const unknown = (code: UnknownOutcome['code']): UnknownOutcome => ({ kind: 'unknown', code });

interface Sent {
  readonly attempt: number;
  readonly request: WriteRequest;
}

/** A session with a clock, that remembers what it wanted. */
class Bench {
  readonly session: WriteSession;
  nowMs = 1000;
  sent: Sent[] = [];
  opening: number[] = [];
  readonly settled = new Map<number, WriteSettlement>();
  #sessions = 0;

  constructor(options: Partial<WriteSessionOptions> = {}) {
    this.session = new WriteSession({ ...defaultWriteSessionOptions, ...options });
  }

  /** With a road and a session, and nothing sent. */
  static ready(options: Partial<WriteSessionOptions> = {}): Bench {
    const bench = new Bench(options);
    bench.roadOpened();
    bench.submit(999);
    bench.openSession();
    bench.answer(bench.only(), committed);
    bench.settled.clear();
    return bench;
  }

  submit(ticket: number, valueBytes = 1): void {
    const command = {
      kind: 'put',
      key: keyOf('k') as Key,
      value: new Uint8Array(valueBytes),
      contentType: null,
      condition: { kind: 'none' },
      lifetime: { kind: 'unlimited' },
      idle: { kind: 'unlimited' },
    } as const;
    this.#perform((effects) => this.session.submit(ticket, { command, idempotencyKey: null }, this.#now(), effects));
  }

  roadOpened(): void {
    this.#perform((effects) => this.session.onRoadOpened(this.#now(), effects));
  }

  /** The connection breaks with everything on it. */
  roadLost(attempts: readonly Sent[]): void {
    this.session.onRoadLost();
    for (const { attempt } of attempts) this.session.onAttemptLost(attempt, 'may-have-arrived', this.#now());
  }

  answer(sent: Sent, outcome: CommittedOutcome | RefusedOutcome | UnknownOutcome): void {
    this.#perform((effects) => this.session.onWriteAnswered(sent.attempt, outcome, this.#now(), effects));
  }

  openSession(): SessionId {
    const id = `s${++this.#sessions}` as SessionId;
    const attempt = this.opening.pop() ?? 0;
    this.#perform((effects) =>
      this.session.onSessionAnswered(attempt, { kind: 'opened', session: id }, this.#now(), effects),
    );
    return id;
  }

  refuseSession(code: 'not-leader' | 'sessions-full' | 'overloaded'): void {
    const attempt = this.opening.pop() ?? 0;
    this.#perform((effects) =>
      this.session.onSessionAnswered(attempt, { kind: 'refused', code, leaderHint: null }, this.#now(), effects),
    );
  }

  /** As a host would: at every time that the session asks for. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let wakes = 0; ; wakes += 1) {
      const wakeMs = this.session.wakeMs;
      if (wakeMs === null || wakeMs > endMs) break;
      if (wakes > 10_000) throw new Error('the session asks to be woken for nothing');
      this.nowMs = Math.max(this.nowMs, wakeMs);
      this.#perform((effects) => this.session.tick(this.#now(), effects));
    }
    this.nowMs = endMs;
  }

  stop(): void {
    this.#perform((effects) => this.session.stop(effects));
  }

  only(): Sent {
    const [first, ...rest] = this.take();
    if (first === undefined || rest.length > 0) throw new Error(`not one attempt: ${rest.length + 1}`);
    return first;
  }

  take(): Sent[] {
    const sent = this.sent;
    this.sent = [];
    return sent;
  }

  #now() {
    return monotonicMs(this.nowMs);
  }

  #perform(call: (effects: WriteSessionEffect[]) => void): void {
    const effects: WriteSessionEffect[] = [];
    call(effects);
    for (const effect of effects) {
      if (effect.kind === 'sendWrite') this.sent.push(effect);
      else if (effect.kind === 'openSession') this.opening.push(effect.attempt);
      else {
        if (this.settled.has(effect.ticket)) throw new Error(`ticket ${effect.ticket} settled twice`);
        this.settled.set(effect.ticket, effect.settlement);
      }
    }
  }
}

test('R15: a write waits for a road and a session, then leaves as the first attempt of number 1', () => {
  const bench = new Bench();
  bench.submit(1);
  expect(bench.opening).toEqual([]);
  bench.roadOpened();
  expect(bench.opening).toHaveLength(1);
  expect(bench.sent).toEqual([]);
  const session = bench.openSession();
  expect(bench.only().request).toMatchObject({ id: { session, number: 1 }, settledThrough: 0 });
});

test('R15: numbers count up, and settledThrough is the number before the lowest that waits', () => {
  const bench = Bench.ready();
  for (const ticket of [1, 2, 3]) bench.submit(ticket);
  const [second, third, fourth] = bench.take() as [Sent, Sent, Sent];
  expect([second, third, fourth].map(({ request }) => request.id.number)).toEqual([2, 3, 4]);
  bench.answer(third, committed);
  bench.submit(4);
  expect(bench.only().request.settledThrough).toBe(1);
  bench.answer(second, committed);
  bench.submit(5);
  expect(bench.only().request.settledThrough).toBe(3);
});

test('R15: a write whose connection broke is repeated under its id when a road opens, at once', () => {
  const bench = Bench.ready();
  bench.submit(1);
  const first = bench.only();
  bench.roadLost([first]);
  expect(bench.sent).toEqual([]);
  bench.roadOpened();
  const second = bench.only();
  expect(second.request.id).toEqual(first.request.id);
  bench.answer(second, committed);
  expect(bench.settled.get(1)).toEqual({ kind: 'answered', outcome: committed });
});

test('R15: a write that certainly never left is in no log, and may take a new session', () => {
  const bench = Bench.ready();
  bench.submit(1);
  const first = bench.only();
  bench.session.onRoadLost();
  bench.session.onAttemptLost(first.attempt, 'never-left', monotonicMs(bench.nowMs));
  bench.roadOpened();
  const second = bench.only();
  expect(second.request.id).toEqual(first.request.id);
  bench.answer(second, refused('unknown-session'));
  const session = bench.openSession();
  expect(bench.only().request.id).toEqual({ session, number: 1 });
});

test('a new road is no reason to wait for the old one: what it has not answered is repeated', () => {
  const bench = Bench.ready();
  bench.submit(1);
  const first = bench.only();
  bench.roadOpened();
  expect(bench.only().request).toMatchObject({ id: first.request.id });
});

test('a late answer of the old road counts, and the other attempt is forgotten', () => {
  const bench = Bench.ready();
  bench.submit(1);
  const first = bench.only();
  bench.roadOpened();
  const second = bench.only();
  bench.answer(first, committed);
  expect(bench.settled.get(1)).toEqual({ kind: 'answered', outcome: committed });
  bench.answer(second, committed);
  expect(bench.session.waiting).toBe(0);
});

test('a sole attempt refused by a replica that does not lead is sent again, after a pause', () => {
  const bench = Bench.ready();
  bench.submit(1);
  bench.answer(bench.only(), refused('not-leader'));
  bench.submit(2);
  expect(bench.sent).toEqual([]);
  bench.pass(2);
  expect(bench.take().map(({ request }) => request.id.number)).toEqual([2, 3]);
});

test('pauses grow while nobody leads, and a new road ends them', () => {
  const bench = Bench.ready({ pauseMinMs: 2, pauseMaxMs: 50 });
  bench.submit(1);
  let attempts = 0;
  const endMs = bench.nowMs + 1000;
  while (bench.nowMs < endMs) {
    for (const sent of bench.take()) {
      attempts += 1;
      bench.answer(sent, refused('not-leader'));
    }
    bench.pass(1);
  }
  expect(attempts).toBeGreaterThan(15);
  expect(attempts).toBeLessThan(40);
  bench.roadOpened();
  expect(bench.sent).toHaveLength(1);
});

test('a refusal that an old road brings late does not hold up the new one', () => {
  const bench = Bench.ready();
  bench.submit(1);
  const first = bench.only();
  bench.roadOpened();
  bench.take();
  bench.answer(first, refused('not-leader'));
  bench.submit(2);
  expect(bench.sent).toHaveLength(1);
});

test('R15: not-leader proves nothing about an earlier attempt: the write stays repeated under its id', () => {
  const bench = Bench.ready();
  bench.submit(1);
  const first = bench.only();
  bench.roadLost([first]);
  bench.roadOpened();
  bench.answer(bench.only(), refused('not-leader'));
  bench.pass(2);
  expect(bench.only().request).toMatchObject({ id: first.request.id });
});

test.each(['memory-full', 'overloaded', 'idempotency-full', 'idempotency-mismatch'] as const)(
  '%s ends a sole attempt, and only that',
  (code) => {
    const sole = Bench.ready();
    sole.submit(1);
    sole.answer(sole.only(), refused(code));
    expect(sole.settled.get(1)).toEqual({ kind: 'answered', outcome: refused(code) });

    const repeated = Bench.ready();
    repeated.submit(1);
    const first = repeated.only();
    repeated.roadLost([first]);
    repeated.roadOpened();
    repeated.answer(repeated.only(), refused(code));
    expect(repeated.settled.size).toBe(0);
    repeated.pass(50);
    expect(repeated.only().request).toMatchObject({ id: first.request.id });
  },
);

test('R15: an unknown session makes a first, sole attempt again in a new session', () => {
  const bench = Bench.ready();
  bench.submit(1);
  bench.answer(bench.only(), refused('unknown-session'));
  expect(bench.opening).toHaveLength(1);
  const session = bench.openSession();
  expect(bench.only().request).toMatchObject({ id: { session, number: 1 }, settledThrough: 0 });
});

test('R15: a repeated write of a session that is not known any more ends as unknown', () => {
  const bench = Bench.ready();
  bench.submit(1);
  bench.roadLost(bench.take());
  bench.roadOpened();
  bench.answer(bench.only(), refused('unknown-session'));
  expect(bench.settled.get(1)).toEqual({ kind: 'answered', outcome: unknown('session-lost') });
});

test('R15: many writes that find the session unknown share one new session', () => {
  const bench = Bench.ready();
  for (const ticket of [1, 2, 3]) bench.submit(ticket);
  for (const sent of bench.take()) bench.answer(sent, refused('unknown-session'));
  expect(bench.opening).toHaveLength(1);
  bench.openSession();
  const again = bench.take();
  expect(again.map(({ request }) => request.id.number)).toEqual([1, 2, 3]);
  for (const sent of again) bench.answer(sent, committed);
  bench.submit(4);
  expect(bench.only().request).toMatchObject({ id: { number: 4 }, settledThrough: 3 });
});

test('R15: a full session drains under its ids while a new one takes new writes', () => {
  const bench = Bench.ready();
  bench.submit(1);
  bench.submit(2);
  const [early, late] = bench.take() as [Sent, Sent];
  bench.answer(late, refused('session-full'));
  const session = bench.openSession();
  expect(bench.only().request).toMatchObject({ id: { session, number: 1 } });
  bench.roadLost([early]);
  bench.roadOpened();
  expect(bench.take().map(({ request }) => request.id)).toContainEqual(early.request.id);
});

test('R15: a full session does not take the id of a write that may be in a log', () => {
  const bench = Bench.ready();
  bench.submit(1);
  const first = bench.only();
  bench.roadLost([first]);
  bench.roadOpened();
  bench.answer(bench.only(), refused('session-full'));
  bench.pass(50);
  expect(bench.only().request).toMatchObject({ id: first.request.id });
});

test('R15: a deposed leader leaves the outcome open: the write is repeated under its id', () => {
  const bench = Bench.ready();
  bench.submit(1);
  const first = bench.only();
  bench.answer(first, unknown('deposed'));
  bench.pass(2);
  expect(bench.only().request).toMatchObject({ id: first.request.id });
});

test('an attempt that nobody answers is repeated, each time after twice as long', () => {
  const bench = Bench.ready({ repeatMs: 1000, writeWaitMs: 10_000 });
  bench.submit(1);
  const first = bench.only();
  bench.pass(999);
  expect(bench.sent).toEqual([]);
  bench.pass(1);
  expect(bench.only().request).toMatchObject({ id: first.request.id });
  bench.pass(1999);
  expect(bench.sent).toEqual([]);
  bench.pass(1);
  expect(bench.sent).toHaveLength(1);
});

test('a write that nobody took is refused at its deadline, with no effect', () => {
  const bench = new Bench({ writeWaitMs: 10_000 });
  bench.submit(1);
  bench.pass(9999);
  expect(bench.settled.size).toBe(0);
  bench.pass(1);
  expect(bench.settled.get(1)).toMatchObject({ kind: 'unavailable', code: 'no-leader', outcome: 'none' });
});

test('a write that was sent ends at its deadline as unknown', () => {
  const bench = Bench.ready();
  bench.submit(1);
  bench.roadLost(bench.take());
  bench.pass(10_000);
  expect(bench.settled.get(1)).toMatchObject({ kind: 'unavailable', code: 'no-leader', outcome: 'unknown' });
});

test('R6: a write that the leader has and cannot commit ends as not-enough-in-sync, unknown', () => {
  const bench = Bench.ready();
  bench.submit(1);
  bench.pass(10_000);
  expect(bench.settled.get(1)).toMatchObject({ code: 'not-enough-in-sync', outcome: 'unknown' });

  const told = Bench.ready();
  told.submit(1);
  told.answer(told.only(), unknown('not-enough-in-sync'));
  told.session.onRoadLost();
  told.pass(10_000);
  expect(told.settled.get(1)).toMatchObject({ code: 'not-enough-in-sync', outcome: 'unknown' });
});

test('a number that was given up is settled: a copy that arrives later is refused by the leader', () => {
  const bench = Bench.ready();
  bench.submit(1);
  const given = bench.only();
  bench.pass(10_000);
  bench.take();
  bench.submit(2);
  expect(bench.only().request.settledThrough).toBe(given.request.id.number);
});

test('writes beyond the limits of count and bytes are refused at once', () => {
  const byCount = new Bench({ waitingMax: 2 });
  for (const ticket of [1, 2, 3]) byCount.submit(ticket);
  expect([...byCount.settled.keys()]).toEqual([3]);
  expect(byCount.settled.get(3)).toMatchObject({ code: 'overloaded', outcome: 'none' });

  const byBytes = new Bench({ waitingBytesMax: 10_000 });
  byBytes.submit(1, 6000);
  byBytes.submit(2, 6000);
  expect([...byBytes.settled.keys()]).toEqual([2]);
  byBytes.submit(3, 1000);
  expect(byBytes.settled.has(3)).toBe(false);
});

test('a value larger than the limit of bytes goes through alone', () => {
  const bench = Bench.ready({ waitingBytesMax: 1000 });
  bench.submit(1, 5000);
  bench.answer(bench.only(), committed);
  expect(bench.session.waitingBytes).toBe(0);
});

test('a session that cannot be opened is asked for again, until the writes are told why', () => {
  const bench = new Bench();
  bench.roadOpened();
  bench.submit(1);
  for (let tries = 0; tries < 3; tries += 1) {
    expect(bench.opening).toHaveLength(1);
    bench.refuseSession('sessions-full');
    bench.pass(2);
  }
  bench.refuseSession('sessions-full');
  for (let ms = 0; ms < 10_000; ms += 2) {
    bench.pass(2);
    if (bench.opening.length > 0) bench.refuseSession('sessions-full');
  }
  expect(bench.settled.get(1)).toMatchObject({ code: 'overloaded', outcome: 'none' });
});

test('a lost request for a session is made again on the next road', () => {
  const bench = new Bench();
  bench.roadOpened();
  bench.submit(1);
  const lost = bench.opening.pop() ?? 0;
  bench.session.onRoadLost();
  bench.session.onAttemptLost(lost, 'may-have-arrived', monotonicMs(bench.nowMs));
  bench.pass(100);
  expect(bench.opening).toEqual([]);
  bench.roadOpened();
  expect(bench.opening).toHaveLength(1);
});

test('a host that stops learns of every write what is known of it', () => {
  const bench = Bench.ready();
  bench.submit(1);
  bench.take();
  bench.session.onRoadLost();
  bench.submit(2);
  bench.session.refuseNew();
  bench.submit(3);
  expect(bench.settled.get(3)).toMatchObject({ code: 'stopping', outcome: 'none' });
  bench.stop();
  expect(bench.settled.get(1)).toMatchObject({ code: 'stopping', outcome: 'unknown' });
  expect(bench.settled.get(2)).toMatchObject({ code: 'stopping', outcome: 'none' });
});

test('nothing asks to be woken when nothing waits', () => {
  const bench = Bench.ready();
  bench.submit(1);
  bench.answer(bench.only(), committed);
  bench.pass(20_000);
  expect(bench.session.wakeMs).toBeNull();
});
