import type { Key } from '../../src/core/base/key.ts';
import type { LogIndex, Version } from '../../src/core/base/numbers.ts';
import type { LeaseRecord } from '../../src/core/election/record.ts';
import type { Ticket } from '../../src/core/group/io.ts';
import type {
  CommittedOutcome,
  DataCommand,
  Comparison,
  Condition,
  DeletePrefixCommand,
  IdempotencyKey,
  KeyCommand,
  Lifetime,
  OpenSessionOutcome,
  Relation,
  RevisionTag,
  SessionId,
  Step,
  WriteCommand,
  WriteOutcome,
} from '../../src/core/store/commands.ts';
import type { FencingToken, LockCommand } from '../../src/core/store/locks.ts';
import type { ListSelection, ReadOutcome, ReadRequest, ReadTerms, SessionToken } from '../../src/core/store/reads.ts';
import { type ReadOperation, subjectOf, WriteOperation } from './checkers/operations.ts';
import { CLIENT_MACHINES } from './network.ts';
import { MS } from './plan.ts';
import { Prng, streams } from './prng.ts';
import type { Asker, Process } from './process.ts';
import type { Wish } from './story.ts';
import { valueOf } from './trace.ts';
import { check } from './violation.ts';
import type { World } from './world.ts';

interface Session {
  readonly id: SessionId;
  nextNumber: number;
  /** Numbers whose outcome is still wanted. */
  readonly unsettled: Set<number>;
}

/** A write on its way: its id, and how many of its attempts may still take effect. */
interface PendingWrite {
  readonly random: Prng;
  readonly operation: WriteOperation;
  readonly session: Session;
  readonly number: number;
  /** Attempts that left and were neither refused nor answered. */
  openAttempts: number;
  attempts: number;
  isDone: boolean;
}

const unanswered = (): never => {
  throw new Error('another kind of answer than was asked for');
};

/** All numbers up to it are settled: the session asks no more for any of them. */
function settledThroughOf(session: Session): number {
  let lowest = session.nextNumber;
  for (const number of session.unsettled) if (number < lowest) lowest = number;
  return lowest - 1;
}

/**
 * A client as a proxy would be: it has a session, numbers its writes, repeats them elsewhere under the same id when it
 * could not learn the outcome, and reads wherever it likes.
 */
export class Client {
  readonly #world: World;
  /** For what it does between its operations; each of those has a generator of its own. */
  readonly random: Prng;
  readonly #arrivals: Prng;
  readonly #number: number;
  readonly #label: string;
  readonly machine: number;
  #session: Session | null = null;
  #isOpening = false;
  readonly #waiting: { readonly operation: WriteOperation; readonly random: Prng }[] = [];
  #inFlight = 0;
  #token: SessionToken | null = null;
  #leader: Process | null = null;
  #tags: RevisionTag[] = [];
  /** Keys under a prefix, as last told. */
  readonly #counts = new Map<string, number>();
  /** Locks that it has got, held or not. */
  #locks: { readonly lock: Key; readonly lockId: string; readonly token: FencingToken }[] = [];
  #idempotencyKeys: { readonly key: IdempotencyKey; readonly command: WriteCommand }[] = [];
  /** How often its time to do something came. */
  arrived = 0;
  operations = 0;
  answered = 0;
  readonly writesCommittedAtUs: number[] = [];

  constructor(world: World, number: number) {
    this.#world = world;
    this.#number = number;
    this.#label = `client ${number}`;
    this.random = new Prng(world.plan.seed, streams.client + number);
    this.#arrivals = new Prng(world.plan.seed, streams.arrivals + number);
    this.machine = CLIENT_MACHINES + number;
  }

  start(): void {
    this.#world.after(this.#arrivals.exponential(this.#world.plan.clients.operationMeanUs), this.#arrive);
  }

  /** It follows the record, as proxies do. */
  onRecordHinted(record: LeaseRecord | null): void {
    const holder = record?.content.holder ?? null;
    if (holder === null) return;
    this.#leader = this.#world.processOf(holder) ?? this.#leader;
  }

  readonly #arrive = (): void => {
    const { clients } = this.#world.plan;
    // After the faults a little load shows that all works, and lets those catch up whose limits are tiny.
    const rest = this.#world.faultsEnded ? 5 : 1;
    this.#world.after(this.#arrivals.exponential(clients.operationMeanUs) * rest, this.#arrive);
    const arrival = this.arrived;
    this.arrived += 1;
    if (!this.#world.faultsEnded && clients.acts !== null && clients.acts[this.#number]?.includes(arrival) !== true)
      return;
    if (this.#inFlight >= clients.inFlightMax) return;
    this.#inFlight += 1;
    this.operations += 1;
    const random = new Prng(this.#world.plan.seed, streams.operation + this.#number * 0x10_0000 + arrival);
    if (random.chance(clients.readShare)) this.#read(random);
    else this.#write(random);
  };

  #drawKey(random: Prng): Key {
    const { keys, counterShare } = this.#world.plan.clients;
    if (counterShare > 0 && random.chance(counterShare)) return `n${random.below(2)}` as Key;
    return `k${random.below(keys)}` as Key;
  }

  // Writes

  #write(random: Prng): void {
    const { clients } = this.#world.plan;
    let command = this.#drawCommand(random);
    let idempotencyKey: IdempotencyKey | null = null;
    if (random.chance(clients.idempotencyShare)) {
      const earlier =
        this.#idempotencyKeys.length > 0 && random.chance(0.4) ? random.pick(this.#idempotencyKeys) : null;
      if (earlier === null) {
        const name = `i${this.#world.nextName()}`;
        idempotencyKey = { key: name, digest: `digest of ${name}` };
        this.#idempotencyKeys.push({ key: idempotencyKey, command });
      } else {
        idempotencyKey = earlier.key;
        // The same key for another request is a mistake of the client's, and is noticed by its digest.
        if (random.chance(0.8)) command = earlier.command;
        else idempotencyKey = { key: idempotencyKey.key, digest: 'another digest' };
      }
    }
    const operation = new WriteOperation(this.#number, this.#world.now, command, idempotencyKey);
    this.#world.trace.add(this.#world.now, this.#label, 'wants', command);
    this.#wait(operation, random);
  }

  /** Until there is a session. */
  #wait(operation: WriteOperation, random: Prng): void {
    const waiting = { operation, random };
    this.#waiting.push(waiting);
    this.#sendWaiting();
    this.#world.after(this.#world.plan.clients.deadlineUs, () => {
      const place = this.#waiting.indexOf(waiting);
      if (place < 0) return;
      this.#waiting.splice(place, 1);
      this.#end(operation, 'failed');
    });
  }

  #drawCommand(random: Prng): WriteCommand {
    const { lockShare } = this.#world.plan.clients;
    if (lockShare > 0 && random.chance(lockShare)) return this.#drawLockCommand(random);
    const command = this.#drawDataCommand(random);
    if (lockShare === 0 || this.#locks.length === 0 || !random.chance(lockShare)) return command;
    const { lock, token } = random.pick(this.#locks);
    return { kind: 'fenced', fence: { lock, token }, command };
  }

  #drawLockCommand(random: Prng): LockCommand {
    const ttlMs = random.pick([1, 30, 100, 400, 3000]);
    if (this.#locks.length > 0 && random.chance(0.5)) {
      const { lock, lockId } = random.pick(this.#locks);
      return random.chance(0.6) ? { kind: 'renew', lock, lockId, ttlMs } : { kind: 'release', lock, lockId };
    }
    const lockId = `id${this.#world.nextName()}`;
    return { kind: 'acquire', lock: drawLock(random), lockId, owner: this.#label, ttlMs };
  }

  #drawDataCommand(random: Prng): DataCommand {
    const { clearShare, compositeShare } = this.#world.plan.clients;
    if (clearShare > 0 && random.chance(clearShare)) return this.#drawClearing(random);
    if (compositeShare === 0 || !random.chance(compositeShare)) return this.#drawKeyCommand(random);
    if (random.chance(0.4)) return { kind: 'batch', steps: some(random, () => this.#drawStep(random)) };
    return {
      kind: 'transaction',
      comparisons: random.chance(0.8) ? some(random, () => this.#drawComparison(random)) : [],
      then: some(random, () => this.#drawStep(random)),
      otherwise: random.chance(0.5) ? some(random, () => this.#drawStep(random)) : [],
    };
  }

  /** It counts first, and expects what it was told last. */
  #drawClearing(random: Prng): DeletePrefixCommand {
    const prefix = random.pick(['', 'k', 'k1', 'k2', 'n']);
    const expected = random.chance(0.1) ? random.below(4) : (this.#counts.get(prefix) ?? null);
    return { kind: 'deletePrefix', prefix, expected };
  }

  #drawKeyCommand(random: Prng): KeyCommand {
    const { clients } = this.#world.plan;
    const key = this.#drawKey(random);
    const condition = this.#drawCondition(random);
    if (random.chance(clients.deleteShare)) return { kind: 'delete', key, condition };
    const [lifetime, idle] = [this.#drawLifetime(random), this.#drawIdle(random)];
    const isKept = lifetime.kind === 'kept' && idle.kind === 'kept';
    if ((clients.lifetimeShare > 0 || clients.idleShare > 0) && !isKept && random.chance(0.2))
      return { kind: 'touch', key, lifetime, idle, condition };
    if (!isCounter(key)) {
      const value = valueOf(this.#world.nextName(), random.between(4, clients.valueBytesMax));
      return { kind: 'put', key, value, contentType: null, condition, lifetime, idle };
    }
    if (random.chance(0.8)) return { kind: 'increment', key, by: BigInt(random.between(-3, 9)), condition };
    // Near the end of what can be counted, too.
    const digits = random.chance(0.2) ? '9223372036854775800' : String(this.#world.nextName());
    return { kind: 'put', key, value: Buffer.from(digits), contentType: null, condition, lifetime, idle };
  }

  #drawLifetime(random: Prng): Lifetime {
    const { lifetimeShare } = this.#world.plan.clients;
    if (lifetimeShare === 0 || !random.chance(lifetimeShare)) return { kind: 'unlimited' };
    return random.chance(0.2) ? { kind: 'kept' } : { kind: 'limited', ms: random.pick([1, 30, 100, 400, 3000]) };
  }

  #drawIdle(random: Prng): Lifetime {
    const { idleShare } = this.#world.plan.clients;
    // Schedules that were written down before there were idle times draw as they did.
    if (!(idleShare > 0) || !random.chance(idleShare)) return { kind: 'unlimited' };
    return random.chance(0.2) ? { kind: 'kept' } : { kind: 'limited', ms: random.pick([20, 100, 400, 1500]) };
  }

  #drawStep(random: Prng): Step {
    if (random.chance(0.3)) return { kind: 'get', key: this.#drawKey(random) };
    const command = this.#drawKeyCommand(random);
    return random.chance(0.9) ? { ...command, condition: { kind: 'none' } } : command;
  }

  #drawComparison(random: Prng): Comparison {
    const key = this.#drawKey(random);
    switch (random.below(3)) {
      case 0:
        return { kind: 'condition', key, condition: this.#drawCondition(random) };
      case 1: {
        const relation = random.pick<Relation>(['equal', 'unequal', 'less', 'greater']);
        return { kind: 'version', key, relation, number: random.below(6) };
      }
      default: {
        const revision = this.#tags.length === 0 ? 0 : random.pick(this.#tags).revision;
        const relation = random.pick<Relation>(['equal', 'unequal', 'less', 'greater']);
        return { kind: 'revision', key, relation, number: revision };
      }
    }
  }

  #drawCondition(random: Prng): Condition {
    if (!random.chance(this.#world.plan.clients.conditionShare)) return { kind: 'none' };
    const tags = this.#tags.length === 0 ? [] : [random.pick(this.#tags)];
    switch (random.below(5)) {
      case 0:
        return { kind: 'absent' };
      case 1:
        return { kind: 'present' };
      case 2:
        return { kind: 'noneMatch', tags };
      default:
        return { kind: 'match', tags };
    }
  }

  #rememberTag(lineageId: string, revision: LogIndex): void {
    this.#tags.push({ lineageId, revision });
    if (this.#tags.length > 6) this.#tags.shift();
  }

  #rememberLock(command: WriteCommand, { decided, lineage }: CommittedOutcome): void {
    if (command.kind !== 'acquire' || decided.kind !== 'locked') return;
    const { lockId, revision } = decided.held;
    this.#locks.push({ lock: command.lock, lockId, token: { lineageNumber: lineage.number, revision } });
    if (this.#locks.length > 3) this.#locks.shift();
  }

  #sendWaiting(): void {
    const session = this.#session;
    if (session === null) {
      if (this.#waiting.length > 0) this.#openSession();
      return;
    }
    for (const { operation, random } of this.#waiting.splice(0)) {
      const number = session.nextNumber;
      session.nextNumber += 1;
      session.unsettled.add(number);
      this.#world.checker.onRequestNamed(session.id, number, operation);
      const write: PendingWrite = { random, operation, session, number, openAttempts: 0, attempts: 0, isDone: false };
      this.#attempt(write);
      this.#world.after(this.#world.plan.clients.deadlineUs, () => {
        if (!write.isDone) this.#finish(write, write.openAttempts > 0 ? 'unknown' : 'failed');
      });
    }
  }

  #attempt(write: PendingWrite): void {
    if (write.isDone) return;
    const { random } = write;
    const target = this.#pickTarget(random, write.attempts === 0);
    if (target === null) {
      this.#again(write);
      return;
    }
    const world = this.#world;
    write.attempts += 1;
    write.openAttempts += 1;
    let isOpen = true;
    const ticket = world.nextTicket();
    const settle = (): boolean => {
      const wasOpen = isOpen;
      isOpen = false;
      return wasOpen;
    };
    const asker: Asker = {
      ticket,
      machine: this.machine,
      write: write.operation,
      read: null,
      onWriteAnswered: (outcome) => {
        this.#onAnswer(write, outcome, { isFirstNews: settle() });
      },
      onSessionAnswered: unanswered,
      onReadAnswered: unanswered,
      onLost: () => {
        if (settle()) this.#again(write);
      },
    };
    const settledThrough = settledThroughOf(write.session);
    this.#send(target, asker, random, () => {
      target.ask(asker, {
        kind: 'write',
        ticket,
        request: {
          id: { session: write.session.id, number: write.number },
          settledThrough,
          idempotencyKey: write.operation.idempotencyKey,
          command: write.operation.command,
        },
      });
    });
    world.after(random.within(0.7, 1.3) * world.plan.clients.attemptUs, () => {
      if (!settle() || write.isDone) return;
      if (random.chance(0.3)) this.#cancel(target, ticket);
      this.#leader = null;
      this.#attempt(write);
    });
  }

  #onAnswer(write: PendingWrite, outcome: WriteOutcome, options: { readonly isFirstNews: boolean }): void {
    this.#world.trace.add(this.#world.now, this.#label, 'hears', outcome);
    if (outcome.kind === 'refused') write.openAttempts -= 1;
    if (write.isDone) return;
    if (outcome.kind === 'committed') {
      this.#onCommitted(write, outcome);
      return;
    }
    if (outcome.kind === 'unknown') {
      if (outcome.code === 'session-lost' || (outcome.code === 'not-enough-in-sync' && write.random.chance(0.5))) {
        if (this.#session === write.session && outcome.code === 'session-lost') this.#session = null;
        this.#finish(write, 'unknown');
      } else if (options.isFirstNews) this.#again(write);
      return;
    }
    const isSole = write.openAttempts === 0;
    switch (outcome.code) {
      case 'not-leader':
        if (outcome.leaderHint !== null) this.#leader = this.#world.processAt(outcome.leaderHint);
        else if (options.isFirstNews) this.#leader = null;
        if (options.isFirstNews) this.#again(write);
        return;
      case 'unknown-session':
      case 'session-full':
        if (this.#session === write.session) this.#session = null;
        if (!isSole) {
          if (outcome.code === 'unknown-session') this.#finish(write, 'unknown');
          else if (options.isFirstNews) this.#again(write);
          return;
        }
        // A first, sole attempt is made again in a new session.
        write.isDone = true;
        write.session.unsettled.delete(write.number);
        this.#wait(write.operation, write.random);
        return;
      case 'overloaded':
        if (options.isFirstNews) this.#again(write);
        return;
      case 'idempotency-full':
      case 'idempotency-mismatch':
      case 'memory-full':
        if (isSole) this.#finish(write, 'failed');
        else if (options.isFirstNews) this.#again(write);
    }
  }

  #again(write: PendingWrite): void {
    if (write.isDone) return;
    this.#world.after(write.random.within(5, 80) * MS, () => {
      this.#attempt(write);
    });
  }

  #onCommitted(write: PendingWrite, outcome: CommittedOutcome): void {
    write.isDone = true;
    write.session.unsettled.delete(write.number);
    this.#inFlight -= 1;
    this.answered += 1;
    this.writesCommittedAtUs.push(write.operation.startUs);
    // An idempotency key that was used before is answered from the table, which shows no progress.
    if (write.operation.idempotencyKey === null) {
      this.#world.lastCommittedWriteStartUs = Math.max(this.#world.lastCommittedWriteStartUs, write.operation.startUs);
    }
    this.#world.checker.histories.onWriteAcknowledged(this.#world.now, write.operation, outcome);
    this.#rememberTag(outcome.lineage.id, outcome.revision);
    const { command } = write.operation;
    if (command.kind === 'deletePrefix') {
      if (outcome.decided.kind === 'counted') this.#counts.set(command.prefix, outcome.decided.count);
      else this.#counts.delete(command.prefix);
    }
    this.#rememberLock(write.operation.command, outcome);
    this.#see({ lineage: outcome.lineage, revision: outcome.revision });
  }

  #finish(write: PendingWrite, outcome: 'failed' | 'unknown'): void {
    write.isDone = true;
    write.session.unsettled.delete(write.number);
    this.#end(write.operation, outcome);
  }

  #end(operation: WriteOperation, outcome: 'failed' | 'unknown'): void {
    this.#inFlight -= 1;
    this.#world.checker.histories.onWriteEnded(this.#world.now, operation, outcome);
  }

  // Sessions

  #openSession(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    const target = this.#pickTarget(this.random, true);
    let isOpen = true;
    const close = (session: SessionId | null): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#isOpening = false;
      if (session !== null && this.#session === null) {
        this.#session = { id: session, nextNumber: 1, unsettled: new Set() };
        this.#sendWaiting();
      } else {
        this.#world.after(this.random.within(10, 100) * MS, () => {
          this.#sendWaiting();
        });
      }
    };
    this.#world.after(this.#world.plan.clients.attemptUs, () => {
      if (isOpen) this.#leader = null;
      close(null);
    });
    if (target === null) return;
    const ticket = this.#world.nextTicket();
    const asker: Asker = {
      ticket,
      machine: this.machine,
      write: null,
      read: null,
      onWriteAnswered: unanswered,
      onSessionAnswered: (outcome: OpenSessionOutcome) => {
        if (outcome.kind === 'refused') {
          this.#leader = outcome.leaderHint === null ? null : this.#world.processAt(outcome.leaderHint);
          close(null);
        } else close(outcome.session);
      },
      onReadAnswered: unanswered,
      onLost: () => {
        close(null);
      },
    };
    this.#send(target, asker, this.random, () => {
      target.ask(asker, { kind: 'openSession', ticket });
    });
  }

  // Reads

  #read(random: Prng): void {
    const mode = random.pick(this.#world.plan.clients.readModes);
    const token = mode === 'session' || random.chance(0.3) ? this.#token : null;
    const request = this.#drawRead(random, { mode, token });
    const subject = subjectOf(request);
    this.#world.trace.add(this.#world.now, this.#label, 'wants', { kind: 'read', subject, mode } satisfies Wish);
    const read = this.#world.checker.histories.beginRead(this.#world.now, this.#number, request);
    this.#tryRead(read, random, 4);
  }

  #drawRead(random: Prng, terms: ReadTerms): ReadRequest {
    const { listShare, lockShare, pastShare } = this.#world.plan.clients;
    if (pastShare > 0 && random.chance(pastShare)) return this.#drawPastRead(random, terms);
    if (lockShare > 0 && random.chance(lockShare)) return { kind: 'lock', lock: drawLock(random), ...terms };
    if (listShare === 0 || !random.chance(listShare)) return { kind: 'key', key: this.#drawKey(random), ...terms };
    const selection: ListSelection = {
      prefix: random.pick(['', 'k', 'k1', 'n']),
      delimiter: random.chance(0.2) ? '1' : null,
      after: random.chance(0.3) ? { key: this.#drawKey(random), isFolder: random.chance(0.3) } : null,
      limit: random.pick([1, 2, 5, 1000]),
      withValues: random.chance(0.5),
    };
    return { kind: 'list', selection, ...terms };
  }

  /** Of what it has seen, and of what it can only guess. */
  #drawPastRead(random: Prng, terms: ReadTerms): ReadRequest {
    const key = this.#drawKey(random);
    if (random.chance(0.3)) return { kind: 'history', key, withValues: random.chance(0.5), ...terms };
    const isVersion = this.#tags.length === 0 || random.chance(0.5);
    if (isVersion)
      return { kind: 'past', key, at: { kind: 'version', version: random.between(1, 30) as Version }, ...terms };
    const revision = random.pick(this.#tags).revision + random.between(-2, 4);
    return { kind: 'past', key, at: { kind: 'revision', revision: Math.max(1, revision) as LogIndex }, ...terms };
  }

  #tryRead(read: ReadOperation, random: Prng, attemptsLeft: number): void {
    const target = this.#pickReader(random);
    if (attemptsLeft === 0 || target === null) {
      this.#inFlight -= 1;
      return;
    }
    let isOpen = true;
    const ticket = this.#world.nextTicket();
    const close = (): boolean => {
      const wasOpen = isOpen;
      isOpen = false;
      return wasOpen;
    };
    const elsewhere = (): void => {
      if (!close()) return;
      this.#world.after(random.within(1, 40) * MS, () => {
        this.#tryRead(read, random, attemptsLeft - 1);
      });
    };
    const asker: Asker = {
      ticket,
      machine: this.machine,
      write: null,
      read: read.request,
      onWriteAnswered: unanswered,
      onSessionAnswered: unanswered,
      onReadAnswered: (outcome: ReadOutcome) => {
        if (!isOpen) return;
        this.#onReadAnswered(read, outcome, { close, elsewhere });
      },
      onLost: elsewhere,
    };
    this.#send(target, asker, random, () => {
      target.ask(asker, { kind: 'read', ticket, request: read.request });
    });
    this.#world.after(random.within(0.7, 1.3) * this.#world.plan.clients.attemptUs + 200 * MS, () => {
      if (!isOpen) return;
      this.#cancel(target, ticket);
      elsewhere();
    });
  }

  #onReadAnswered(
    read: ReadOperation,
    outcome: ReadOutcome,
    next: { readonly close: () => boolean; readonly elsewhere: () => void },
  ): void {
    switch (outcome.kind) {
      case 'declined':
        next.elsewhere();
        return;
      case 'replaced-lineage': {
        next.close();
        this.#inFlight -= 1;
        const { token } = read.request;
        check(
          token !== null && token.lineage.id !== outcome.lineage.id,
          'session-reads',
          () => 'a token is refused as that of a replaced lineage, which it is not',
        );
        if (this.#token?.lineage.id === token.lineage.id) this.#token = null;
        return;
      }
      case 'read':
      case 'listed':
      case 'lock':
      case 'past':
      case 'history':
        next.close();
        this.#inFlight -= 1;
        this.answered += 1;
        this.#world.trace.add(this.#world.now, this.#label, 'is shown', outcome);
        this.#world.checker.histories.endRead(read, outcome);
        if (outcome.kind === 'read' && outcome.found !== null)
          this.#rememberTag(outcome.lineage.id, outcome.found.revision);
        this.#see({ lineage: outcome.lineage, revision: outcome.revision });
    }
  }

  #see(token: SessionToken): void {
    const seen = this.#token;
    if (seen === null || token.lineage.number > seen.lineage.number) this.#token = token;
    else if (token.lineage.id === seen.lineage.id && token.revision > seen.revision) this.#token = token;
  }

  // The road to a replica

  #pickTarget(random: Prng, likesLeader: boolean): Process | null {
    const leader = this.#leader;
    if (leader !== null && leader.isAlive && (likesLeader || random.chance(0.7))) return leader;
    return this.#pickReader(random);
  }

  #pickReader(random: Prng): Process | null {
    const running = this.#world.pods.running();
    return running.length === 0 ? null : random.pick(running);
  }

  #send(target: Process, asker: Asker, random: Prng, arrive: () => void): void {
    const world = this.#world;
    const { network, plan } = world;
    const machine = target.pod.machine;
    world.trace.add(world.now, this.#label, 'asks', asker.ticket);
    if (network.isCut(this.machine, machine) || random.chance(plan.clients.loss)) {
      // Lost, or held back somewhere and delivered when nobody counts on it any more.
      if (random.chance(0.5)) return;
      world.after(random.within(0.3, 4) * plan.clients.attemptUs, arrive);
      return;
    }
    world.after(network.latency(this.machine, machine), () => {
      if (target.isAlive) arrive();
      else if (target.pod.machineUp) asker.onLost();
    });
  }

  #cancel(target: Process, ticket: Ticket): void {
    this.#world.after(this.#world.network.latency(this.machine, target.pod.machine), () => {
      target.cancel(ticket);
    });
  }
}

/** Two that everybody wants, and many that are soon forgotten. */
const drawLock = (random: Prng): Key => `l${random.below(random.chance(0.8) ? 2 : 30)}` as Key;

const isCounter = (key: Key): boolean => key.startsWith('n');

function some<T>(random: Prng, draw: () => T): T[] {
  return Array.from({ length: random.between(1, 4) }, draw);
}
