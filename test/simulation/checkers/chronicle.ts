import type { Key } from '../../../src/core/base/key.ts';
import type { Entry, KeyEffect, StateEffect } from '../../../src/core/replication/entry.ts';
import type { Lineage } from '../../../src/core/replication/lineage.ts';
import type { DecidedOutcome, SessionId, StepResult } from '../../../src/core/store/commands.ts';
import type { Superseded } from '../../../src/core/store/history.ts';
import type { Session } from '../../../src/core/store/sessions.ts';
import type { Listed, ListSelection, Stay, StoredValue } from '../../../src/core/store/reads.ts';
import { inWords, inWordsOf, valueNumber } from '../trace.ts';
import { check } from '../violation.ts';
import { HistoryChronicle, type PastState } from './history-chronicle.ts';
import type { IdleModel } from './idle-model.ts';
import { LockChronicle } from './lock-chronicle.ts';
import { lockIn, type WriteOperation } from './operations.ts';
import {
  rehearse,
  sameValue,
  type Before,
  type Change,
  gone,
  type ExpectedChange,
  type ExpectedResult,
  type Rehearsal,
} from './rehearsal.ts';

/**
 * The one history of a lineage, as the first leader to commit each entry told it. Everybody else must agree with it: a
 * pure model of what the log, the store and the table of outcomes should say.
 */
export class Chronicle implements Before {
  readonly lineage: Lineage;
  /** In the order in which lineages came into being; numbers can repeat when the record was lost with all data. */
  readonly ordinal: number;
  /** By index: committed, each of them by the leader first. */
  readonly entries: (Entry | undefined)[];
  committed: number;
  /** Up to here it is the history of the lineage before. */
  readonly baseIndex: number;
  readonly #parent: { readonly chronicle: Chronicle; readonly beganInEpoch: number } | null;
  /** Every entry that ever stood at an index, with the epoch of the one before it: two at most, as a rule. */
  readonly #seen: ({ readonly entry: Entry; readonly prevEpoch: number }[] | undefined)[] = [];
  readonly #keys: Map<Key, Change[]>;
  readonly locks: LockChronicle;
  readonly history: HistoryChronicle;
  /** Where each operation took effect, under whatever request id. */
  readonly #operations: Map<WriteOperation, number>;
  readonly #idempotency: Map<string, number>;
  /** Of some deleted keys only the highest version is remembered. */
  readonly #forgetsTombstones: boolean;
  readonly #sessionIdleMs: number;
  readonly #idles: IdleModel;
  /** By session: the log's time when it was last used. */
  readonly #sessions: Map<SessionId, number>;
  /** What a replica knew of all sessions at an index, in words, and which one. */
  readonly #toldOfSessions = new Map<number, { readonly words: string; readonly label: string }>();

  constructor(
    lineage: Lineage,
    options: {
      readonly ordinal: number;
      readonly forgetsTombstones: boolean;
      readonly sessionIdleMs: number;
      readonly idles: IdleModel;
    },
    from: { readonly chronicle: Chronicle; readonly throughIndex: number; readonly beganInEpoch: number } | null,
  ) {
    this.#parent = from === null ? null : { chronicle: from.chronicle, beganInEpoch: from.beganInEpoch };
    this.baseIndex = from?.throughIndex ?? 0;
    this.lineage = lineage;
    this.ordinal = options.ordinal;
    this.#forgetsTombstones = options.forgetsTombstones;
    this.#sessionIdleMs = options.sessionIdleMs;
    this.#idles = options.idles;
    this.#sessions = new Map();
    const through = from?.throughIndex ?? 0;
    this.committed = through;
    this.entries = from === null ? [] : from.chronicle.entries.slice(0, through + 1);
    this.#keys = new Map();
    this.locks = new LockChronicle(from === null ? null : { locks: from.chronicle.locks, throughIndex: through });
    this.history = new HistoryChronicle(
      from === null ? null : { history: from.chronicle.history, throughIndex: through },
    );
    this.#operations = new Map();
    this.#idempotency = new Map();
    if (from === null) return;
    // As they were then: the lineage before may have gone on, and used or ended some of them later.
    for (const entry of this.entries) if (entry !== undefined) this.#useSessions(entry);
    for (const [key, changes] of from.chronicle.#keys) {
      const kept = changes.filter((change) => change.index <= through);
      if (kept.length > 0) this.#keys.set(key, kept);
    }
    for (const [operation, index] of from.chronicle.#operations)
      if (index <= through) this.#operations.set(operation, index);
    for (const [key, index] of from.chronicle.#idempotency) if (index <= through) this.#idempotency.set(key, index);
  }

  /** Log matching: what agrees on the epoch at an index agrees on everything up to it. */
  see(entry: Entry, prevEpoch: number | null): void {
    const seen = (this.#seen[entry.index] ??= []);
    for (const other of seen) {
      if (other.entry.epoch !== entry.epoch) continue;
      check(
        sameEntry(other.entry, entry),
        'log-matching',
        () => `two entries ${entry.index} of epoch ${entry.epoch} in lineage ${this.lineage.id}`,
      );
      check(
        prevEpoch === null || other.prevEpoch < 0 || other.prevEpoch === prevEpoch,
        'log-matching',
        () =>
          `entry ${entry.index} of epoch ${entry.epoch} follows one of epoch ${prevEpoch} here, ${other.prevEpoch} there`,
      );
      if (other.entry === entry) return;
    }
    seen.push({ entry, prevEpoch: prevEpoch ?? -1 });
  }

  /** `entry` counts as committed at some replica. Only a leader may be the first to say so. */
  commit(
    entry: Entry,
    options: { readonly isLeader: boolean },
    operationOf: (session: string, number: number) => WriteOperation | undefined,
  ): void {
    const index = entry.index;
    if (index <= this.committed) {
      const known = this.entries[index];
      check(
        known === undefined || known === entry || sameEntry(known, entry),
        'committed-survives',
        () =>
          `entry ${index} of lineage ${this.lineage.id} was committed with epoch ${known?.epoch}, now another with epoch ${entry.epoch}`,
      );
      return;
    }
    check(
      options.isLeader,
      'committed-survives',
      () => `a follower counts entry ${index} as committed before any leader`,
    );
    check(
      index === this.committed + 1,
      'committed-survives',
      () => `entry ${index} is committed after ${this.committed}`,
    );
    this.entries[index] = entry;
    this.committed = index;
    this.#useSessions(entry);
    this.history.commit(entry);
    const { body } = entry;
    if (body.kind === 'expire') this.#expire(entry, body.effects);
    if (body.kind === 'evict') this.#evict(entry, body.effects);
    if (body.kind === 'write') this.#write(entry, body, operationOf(body.request.session, body.request.number));
  }

  #useSessions({ index, timeMs, body }: Entry): void {
    switch (body.kind) {
      case 'begin':
      case 'empty':
      case 'expire':
      case 'evict':
      case 'forget':
        break;
      case 'write':
        this.#sessions.set(body.request.session, timeMs);
        break;
      case 'openSession':
        this.#sessions.set(body.session, timeMs);
        break;
      case 'endSessions':
        for (const session of body.sessions) this.#endSession(session, { index, timeMs });
        break;
    }
  }

  /** R15: sessions are bounded by refusing new ones; one that is there ends only when nobody has used it for long. */
  #endSession(session: SessionId, entry: Pick<Entry, 'index' | 'timeMs'>): void {
    const usedMs = this.#sessions.get(session);
    check(
      usedMs === undefined || entry.timeMs - usedMs >= this.#sessionIdleMs,
      'sessions',
      () => `entry ${entry.index} ends session ${session}, which was used ${entry.timeMs - (usedMs ?? 0)} ms ago`,
    );
    this.#sessions.delete(session);
  }

  #write(entry: Entry, body: Extract<Entry['body'], { kind: 'write' }>, operation: WriteOperation | undefined): void {
    const { session, number } = body.request;
    const name = `write ${session}#${number} at ${entry.index}`;
    check(operation !== undefined, 'applied-once', () => `${name}: nobody asked for it`);
    const earlier = this.#operations.get(operation);
    check(earlier === undefined, 'applied-once', () => `${name}: was applied at ${earlier} already`);
    this.#operations.set(operation, entry.index);
    check(operation.outcome !== 'failed', 'refused-writes', () => `${name}: was refused to the client for good`);
    operation.isInLog = true;
    const idempotencyKey = operation.idempotencyKey?.key;
    // Whoever did not get a lock asks again, under the same key.
    if (idempotencyKey !== undefined && body.outcome.kind !== 'held') {
      const first = this.#idempotency.get(idempotencyKey);
      check(
        first === undefined,
        'applied-once',
        () => `${name}: idempotency key ${idempotencyKey} was used at ${first} already`,
      );
      this.#idempotency.set(idempotencyKey, entry.index);
    }

    check(
      body.outcome.kind !== 'held' || body.idempotencyKey === null,
      'locks',
      () => `${name}: that it got no lock is kept under ${body.idempotencyKey?.key}`,
    );
    const lineage = this.#lineageIn(entry.epoch);
    const { command } = operation;
    if (command.kind === 'acquire' || command.kind === 'renew' || command.kind === 'release') {
      this.locks.commit(name, entry, command, body);
      return;
    }
    if (command.kind === 'fenced') {
      const isRefused = this.locks.refuses(command.fence, entry, lineage.number);
      check(
        isRefused === (body.outcome.kind === 'stale'),
        'locks',
        () => `${name}: is ${isRefused ? 'under a stale fence' : 'by the holder'}, and told ${body.outcome.kind}`,
      );
      check(!isRefused || body.effects.length === 0, 'locks', () => `${name}: is refused, and changes something`);
      if (isRefused) return;
    }
    const at = { index: entry.index, timeMs: entry.timeMs, lineageId: lineage.id };
    const expected = rehearse(command.kind === 'fenced' ? command.command : command, this, at);
    if (expected.kind === 'cleared' || expected.kind === 'counted') {
      this.#clear(name, entry, body, expected);
      return;
    }
    const results = resultsOf(body.outcome);
    const told = shapeOf(body.outcome);
    check(
      told === expected.kind &&
        (expected.kind === 'abandoned' ||
          (results.length === expected.results.length &&
            results.every(({ kind }, place) => kind === expected.results[place]?.kind))),
      'conditional-writes',
      () => `${name}: ${JSON.stringify(body.outcome, inWords)}, should be ${JSON.stringify(expected, inWords)}`,
    );
    if (expected.kind === 'abandoned') {
      const { outcome } = body;
      check(
        outcome.kind === 'abandoned' &&
          outcome.chose === expected.chose &&
          outcome.step === expected.step &&
          tellsTheSame(outcome.outcome, expected.result),
        'conditional-writes',
        () => `${name}: ${JSON.stringify(outcome, inWords)}, should be ${JSON.stringify(expected, inWords)}`,
      );
      check(body.effects.length === 0, 'refused-writes', () => `${name}: abandoned, yet it changes something`);
      return;
    }
    this.#checkEffects(name, entry, body.effects, { expected: expected.results, told: results });
  }

  /** All that is under a prefix goes, or nothing does. */
  #clear(
    name: string,
    entry: Entry,
    { effects, outcome }: Extract<Entry['body'], { kind: 'write' }>,
    expected: Extract<Rehearsal, { kind: 'cleared' | 'counted' }>,
  ): void {
    const count = expected.kind === 'counted' ? expected.count : expected.results.length;
    check(
      outcome.kind === expected.kind && outcome.count === count,
      'conditional-writes',
      () => `${name}: ${JSON.stringify(outcome, inWords)}, should be ${expected.kind}, ${count} keys`,
    );
    check(effects.length === expected.results.length, 'same-effects', () => `${name}: ${effects.length} keys go`);
    const due = new Map(
      expected.results.flatMap((result) => ('change' in result ? [[result.change.key, result.change]] : [])),
    );
    for (const effect of effects) {
      const key = 'key' in effect ? effect.key : effect.lock;
      const change = due.get(key);
      check(change !== undefined, 'same-effects', () => `${name}: ${key} is not to go, or goes twice`);
      due.delete(key);
      this.#checkEffect(name, entry, effect, change);
    }
  }

  /** Entries that were decided in the lineage before can be committed in this one. */
  #lineageIn(epoch: number): Lineage {
    const parent = this.#parent;
    return parent !== null && epoch < parent.beganInEpoch ? parent.chronicle.#lineageIn(epoch) : this.lineage;
  }

  #checkEffects(
    name: string,
    entry: Entry,
    effects: readonly StateEffect[],
    results: { readonly expected: readonly ExpectedResult[]; readonly told: readonly StepResult[] },
  ): void {
    let place = 0;
    for (const [at, expected] of results.expected.entries()) {
      const told = results.told[at] as StepResult;
      check(
        tellsTheSame(told, expected),
        'conditional-writes',
        () => `${name}: ${JSON.stringify(told, inWords)}, should be ${JSON.stringify(expected, inWords)}`,
      );
      if (expected.before !== null) {
        this.#checkEffect(name, entry, effects[place], expected.before);
        place += 1;
      }
      if (!('change' in expected)) continue;
      const version = this.#checkEffect(name, entry, effects[place], expected.change);
      place += 1;
      check(
        'version' in told && told.version === version,
        'revisions',
        () => `${name}: has version ${version}, and says ${JSON.stringify(told, inWords)}`,
      );
    }
    check(effects.length === place, 'refused-writes', () => `${name}: changes more than it says`);
  }

  /** The version that the key has afterwards. */
  #checkEffect(name: string, entry: Entry, effect: StateEffect | undefined, expected: ExpectedChange): number {
    check(effect !== undefined && !isOfLock(effect), 'same-effects', () => `${name}: does not do what it says`);
    const { key } = effect;
    check(
      key === expected.key && effect.kind === expected.kind,
      'same-effects',
      () => `${name}: ${effect.kind} of ${key}, should be ${expected.kind} of ${expected.key}`,
    );
    const before = this.last(key);
    if (effect.kind === 'touch') {
      check(
        staysAs(effect, expected) && before !== null,
        'same-effects',
        () =>
          `${name}: falls due at ${effect.expiresAtMs}, should at ${expected.expiresAtMs}; or unused for ${effect.idleMs}`,
      );
      const { expiresAtMs, idleMs } = expected;
      this.#change(key, { ...before, index: entry.index, expiresAtMs, idleMs });
      return before.version;
    }
    const made = effect.kind === 'put' ? effect.stored : effect.tombstone;
    const { version } = made;
    const next = (before?.version ?? 0) + 1;
    check(
      version === next || (this.#forgetsTombstones && version > next),
      'revisions',
      () => `${name}: version ${version}, should be ${next}`,
    );
    check(made.revision === entry.index, 'revisions', () => `${name}: stands for revision ${made.revision}`);
    if (effect.kind === 'put') {
      const { value, createRevision, modifiedMs, expiresAtMs, idleMs } = effect.stored;
      check(sameValue(value, expected.value), 'same-effects', () => `${name}: another value`);
      check(
        modifiedMs === entry.timeMs && staysAs(effect.stored, expected),
        'same-effects',
        () =>
          `${name}: written at ${modifiedMs}, due at ${expiresAtMs}, or unused for ${idleMs}; should be ${entry.timeMs}, ${expected.expiresAtMs}, ${expected.idleMs}`,
      );
      check(
        createRevision === expected.createRevision,
        'revisions',
        () => `${name}: created at ${createRevision}, should be ${expected.createRevision}`,
      );
    }
    this.#change(key, {
      index: entry.index,
      revision: entry.index,
      version,
      value: expected.value,
      createRevision: effect.kind === 'put' ? effect.stored.createRevision : 0,
      expiresAtMs: expected.expiresAtMs,
      idleMs: expected.idleMs,
    });
    return version;
  }

  #change(key: Key, change: Change): void {
    const changes = this.#keys.get(key);
    if (changes === undefined) this.#keys.set(key, [change]);
    else changes.push(change);
  }

  /** R17, R21: only what is due or idle goes, and only once. */
  #expire(entry: Entry, effects: readonly StateEffect[]): void {
    const name = `expiry at ${entry.index}`;
    check(effects.length > 0, 'expiry', () => `${name}: of nothing`);
    for (const effect of effects) {
      if (isOfLock(effect)) {
        check(effect.kind === 'free', 'locks', () => `${name}: gives ${effect.lock} to somebody`);
        this.locks.lapse(entry, effect.lock);
        continue;
      }
      const before = this.last(effect.key);
      check(
        before?.value != null && (before.expiresAtMs <= entry.timeMs || before.idleMs < Infinity),
        'expiry',
        () => `${name}: ${effect.key} goes at ${entry.timeMs}, is due at ${before?.expiresAtMs}`,
      );
      if (before.expiresAtMs > entry.timeMs) this.#idles.onEnded(entry, effect.key, before.idleMs);
      this.#checkEffect(name, entry, effect, gone('expire', effect.key));
    }
  }

  /** R22: only keys go, and only those that are there; what is remembered of them is that a version is never used again. */
  #evict(entry: Entry, effects: readonly StateEffect[]): void {
    const name = `eviction at ${entry.index}`;
    check(effects.length > 0, 'eviction', () => `${name}: of nothing`);
    for (const effect of effects) {
      check(!isOfLock(effect), 'eviction', () => `${name}: of what is no key`);
      check(this.last(effect.key)?.value != null, 'eviction', () => `${name}: ${effect.key} has no value`);
      this.#checkEffect(name, entry, effect, gone('evict', effect.key));
    }
  }

  /** The change of `key` that was newest at `index`; null if there was none. */
  changeAt(key: Key, index: number): Change | null {
    const changes = this.#keys.get(key);
    if (changes === undefined) return null;
    for (let place = changes.length - 1; place >= 0; place -= 1) {
      const change = changes[place] as Change;
      if (change.index <= index) return change;
    }
    return null;
  }

  keys(): Iterable<Key> {
    return this.#keys.keys();
  }

  last(key: Key): Change | null {
    return this.#keys.get(key)?.at(-1) ?? null;
  }

  /** A replica's store must be what the entries up to `appliedIndex` made. */
  checkStore(label: string, appliedIndex: number, store: Iterable<readonly [Key, StoredValue]>): void {
    let found = 0;
    for (const [key, stored] of store) {
      found += 1;
      this.checkValue(`${label}, key ${key}`, key, appliedIndex, stored, 'same-effects');
    }
    let expected = 0;
    for (const key of this.#keys.keys()) if (this.changeAt(key, appliedIndex)?.value != null) expected += 1;
    check(
      found === expected,
      'same-effects',
      () => `${label} has ${found} keys at ${appliedIndex}, should have ${expected}`,
    );
  }

  /** R20. */
  checkOlder(label: string, appliedIndex: number, table: Iterable<Superseded>): void {
    const changesOf = [...this.#keys.keys()].map((key) => [key, this.#changesOf(key, appliedIndex)] as const);
    this.history.checkTable(label, appliedIndex, table, changesOf);
  }

  /** R20: what is to be known of the key's past at `index`. */
  pastAt(key: Key, index: number): PastState {
    const changes = this.#changesOf(key, index);
    return { key, changes, index, isHidden: this.hides(key, index), forgetsTombstones: this.#forgetsTombstones };
  }

  #changesOf(key: Key, index: number): readonly Change[] {
    return (this.#keys.get(key) ?? []).filter((change) => change.index <= index);
  }

  /** Whoever has applied the same entries knows the same of every session (R15). */
  checkSessions(label: string, appliedIndex: number, sessions: Iterable<readonly [SessionId, Session]>): void {
    const words = [...sessions]
      .map(([id, { settledThrough, outcomes }]) => `${id} ${settledThrough} ${[...outcomes.keys()].sort().join()}`)
      .sort()
      .join('; ');
    const told = this.#toldOfSessions.get(appliedIndex);
    if (told === undefined) {
      this.#toldOfSessions.set(appliedIndex, { words, label });
      return;
    }
    check(
      told.words === words,
      'sessions',
      () => `at ${appliedIndex} ${label} knows of ${words}; ${told.label} knew of ${told.words}`,
    );
  }

  /** R17: what is due is hidden from reads before an entry removes it from the store. */
  hides(key: Key, index: number): boolean {
    const lock = lockIn(key);
    if (lock !== null) return this.locks.hides(lock, index, this.timeAt(index));
    const change = this.changeAt(key, index);
    return change !== null && change.expiresAtMs <= this.timeAt(index);
  }

  /** The time of the state at `index`. */
  timeAt(index: number): number {
    return this.entries[index]?.timeMs ?? -Infinity;
  }

  /** The index of the newest change of the key, or of the lock that is called so among keys, up to `index`; 0: there was none. */
  changedAt(key: Key, index: number): number {
    const lock = lockIn(key);
    return lock === null ? (this.changeAt(key, index)?.index ?? 0) : this.locks.changedAt(lock, index);
  }

  /** A page must be what the state of its revision has, no more and no less, in order. */
  checkPage(name: string, selection: ListSelection, { items, next, revision }: Listed): void {
    const { prefix, delimiter, after, limit, withValues } = selection;
    const nowMs = this.entries[revision]?.timeMs ?? -Infinity;
    const expected: string[] = [];
    for (const key of [...this.#keys.keys()].sort()) {
      const change = this.changeAt(key, revision);
      if (change?.value == null || change.expiresAtMs <= nowMs || !key.startsWith(prefix)) continue;
      if (after !== null && (key <= after.key || (after.isFolder && key.startsWith(after.key)))) continue;
      const at = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
      const folder = at < 0 ? null : `${key.slice(0, at + (delimiter ?? '').length)}…`;
      const value = withValues ? Buffer.from(change.value).toString('base64') : '';
      const words = folder ?? `${key} ${change.revision} ${change.version} ${value}`;
      if (expected.at(-1) !== words) expected.push(words);
    }
    const shown = items.map((item) =>
      item.kind === 'folder'
        ? `${item.prefix}…`
        : `${item.key} ${item.stored.revision} ${item.stored.version} ${Buffer.from(item.stored.value).toString('base64')}`,
    );
    check(
      shown.join() === expected.slice(0, limit).join() && (next === null) === expected.length <= limit,
      'committed-reads',
      () =>
        `${name}: ${shown.join()} (${next === null ? 'all' : 'more'}), should be ${expected.join()}, ${limit} at most`,
    );
  }

  checkValue(
    label: string,
    key: Key,
    index: number,
    found: StoredValue | null,
    invariant: 'same-effects' | 'committed-reads',
  ): void {
    const change = this.changeAt(key, index);
    const isHidden = invariant === 'committed-reads' && this.hides(key, index);
    const matches =
      found === null || isHidden
        ? found === null && (isHidden || change === null || change.value === null)
        : change !== null &&
          change.revision === found.revision &&
          change.version === found.version &&
          change.createRevision === found.createRevision &&
          staysAs(found, change) &&
          sameValue(change.value, found.value);
    check(matches, invariant, () => {
      const here =
        found === null
          ? 'nothing'
          : `#${valueNumber(found.value)} of revision ${found.revision}, version ${found.version}, created ${found.createRevision}`;
      return `${label} at ${index} of lineage ${this.lineage.id}: ${here}, should be ${JSON.stringify(change, inWords)}`;
    });
  }
}

type Stays = Pick<Change, 'expiresAtMs' | 'idleMs'>;

const staysAs = (told: Stay, { expiresAtMs, idleMs }: Stays): boolean =>
  (told.expiresAtMs ?? Infinity) === expiresAtMs && (told.idleMs ?? Infinity) === idleMs;

const isOfLock = (effect: StateEffect): effect is Exclude<StateEffect, KeyEffect> => 'lock' in effect;

function shapeOf(outcome: DecidedOutcome): Rehearsal['kind'] | 'tooMany' | 'overlong' | 'other' {
  switch (outcome.kind) {
    case 'batch':
    case 'abandoned':
    case 'overlong':
    case 'cleared':
    case 'counted':
    case 'tooMany':
      return outcome.kind;
    case 'transaction':
      return outcome.chose;
    case 'stale':
    case 'locked':
    case 'held':
    case 'released':
    case 'notHeld':
      return 'other';
    default:
      return 'one';
  }
}

function resultsOf(outcome: DecidedOutcome): readonly StepResult[] {
  switch (outcome.kind) {
    case 'batch':
    case 'transaction':
      return outcome.results;
    case 'abandoned':
    case 'overlong':
    case 'cleared':
    case 'counted':
    case 'tooMany':
    case 'stale':
    case 'locked':
    case 'held':
    case 'released':
    case 'notHeld':
      return [];
    default:
      return [outcome];
  }
}

function tellsTheSame(told: StepResult, expected: ExpectedResult): boolean {
  switch (expected.kind) {
    case 'written':
      return told.kind === 'written' && told.created === expected.created;
    case 'incremented':
      return told.kind === 'incremented' && told.created === expected.created && told.value === expected.value;
    case 'touched':
      return told.kind === 'touched' && staysAs(told, expected.change);
    case 'mismatch':
      return told.kind === 'mismatch' && (told.current?.revision ?? null) === expected.current;
    case 'uncountable':
      return told.kind === 'uncountable' && told.reason === expected.reason;
    case 'got': {
      if (told.kind !== 'got') return false;
      const [there, due] = [told.found, expected.found];
      if (there === null || due === null) return there === null && due === null;
      return (
        there.revision === due.revision &&
        there.createRevision === due.createRevision &&
        staysAs(there, due) &&
        sameValue(there.value, due.value)
      );
    }
    case 'deleted':
    case 'absent':
      return told.kind === expected.kind;
  }
}

/** In one process entries travel by reference; what comes out of a packed log is compared field by field. */
export function sameEntry(a: Entry, b: Entry): boolean {
  if (a === b) return true;
  return a.index === b.index && a.epoch === b.epoch && a.timeMs === b.timeMs && inWordsOf(a.body) === inWordsOf(b.body);
}
