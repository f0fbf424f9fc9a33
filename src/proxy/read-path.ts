import { ChurningSet } from '../core/base/churning.ts';
import type { Key } from '../core/base/key.ts';
import type { MonotonicMs } from '../core/base/numbers.ts';
import type { Random } from '../core/base/random.ts';
import type { LookupOutcome } from '../core/routing/frames.ts';
import { chooseReader } from '../core/routing/readers.ts';
import type { ListItem, ReadMode, ReadOutcome, ReadRequest } from '../core/store/reads.ts';
import type { Clock } from '../ports/clock.ts';
import type { LookupResult, ReadResult, Unavailable } from '../ports/data-operations.ts';
import type { PeerAnswer, PeerRequest, PeerWaiter } from '../ports/peer-client.ts';
import type { ProxyOptions } from './proxy-options.ts';
import type { ReplicaLink } from './replica-link.ts';
import type { Replicas } from './replicas.ts';

/** One timer for all reads that wait. Most are answered long before it looks at them. */
const LOOK_INTERVAL_MS = 10;
/** A look that comes later than this says more of us than of the replicas. */
const LATE_MS = 25;
/** Between two rounds of asking everybody; it doubles up to this. News of a leader or a replica ends it. */
const HOLD_MAX_MS = 80;
/** A replica that declined would, for about this long, for the same reason. */
const DECLINE_REST_MS = 50;
/** A replica may hold a read until our own time is over: it gets a moment to say why it could not answer. */
const ATTEMPT_SLACK_MS = 250;
/** Second requests for slow reads, as a share of all reads: so that they cannot double the load of slow replicas. */
const HEDGE_SHARE = 0.05;
const HEDGES_SAVED_MAX = 100;

/** Of the store, or of the data file that a replica has beside it. */
type Question = { readonly kind: 'read'; readonly read: ReadRequest } | { readonly kind: 'lookup'; readonly key: Key };
type Outcome = ReadOutcome | LookupOutcome;
type DeclineCode = Extract<Outcome, { kind: 'declined' }>['code'];
/** Of the kind that belongs to the question. */
type Result = ReadResult | LookupResult;

/**
 * Sends each read to a replica that can answer it, by load. Reads change nothing, so whatever fails, is declined or takes
 * long goes to another; a read that all decline is held for a moment and asked again, since that is how a change of
 * leader looks.
 */
export class ReadPath {
  readonly #replicas: Replicas;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: ProxyOptions;
  /** In the order of their arrival. */
  readonly #reads = new ChurningSet<WaitingRead>();
  #timer: NodeJS.Timeout | null = null;
  #timerDueMs = 0;
  #hedgesSaved = HEDGES_SAVED_MAX;
  #answerBytesMean = 0;
  #state: 'running' | 'stopped' = 'running';

  /** For the metrics. */
  hedges = 0;

  constructor(replicas: Replicas, clock: Clock, random: Random, options: ProxyOptions) {
    this.#replicas = replicas;
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
  }

  get waiting(): number {
    return this.#reads.size;
  }

  /** What the answers that are awaited will probably take. */
  get expectedBytes(): number {
    return this.#reads.size * this.#answerBytesMean;
  }

  read(request: ReadRequest): Promise<ReadResult> {
    return this.#begin({ kind: 'read', read: request }, request.mode) as Promise<ReadResult>;
  }

  /** Any replica will do: none is asked to vouch for its file. */
  lookUp(key: Key): Promise<LookupResult> {
    return this.#begin({ kind: 'lookup', key }, 'eventual') as Promise<LookupResult>;
  }

  #begin(question: Question, mode: ReadMode): Promise<Result> {
    if (this.#state === 'stopped') return Promise.resolve(unavailable('stopping', 'this process is stopping'));
    const nowMs = this.#nowMs();
    const read = new WaitingRead(question, mode, nowMs);
    this.#reads.add(read);
    this.#hedgesSaved = Math.min(HEDGES_SAVED_MAX, this.#hedgesSaved + HEDGE_SHARE);
    this.#askNext(read, nowMs);
    if (this.#timer === null) this.#armTimer(LOOK_INTERVAL_MS);
    return read.result;
  }

  onAnswered(read: WaitingRead, link: ReplicaLink, askedMs: MonotonicMs, answer: PeerAnswer): void {
    const nowMs = this.#nowMs();
    if (answer.kind !== 'failed') link.answered(askedMs, nowMs);
    if (!this.#reads.has(read)) return;
    if (answer.kind === 'readAnswered' || answer.kind === 'lookupAnswered') {
      const { outcome } = answer;
      if (outcome.kind !== 'declined') {
        this.#settle(read, { kind: 'answered', outcome, servedBy: link.podName });
        this.#weigh(answerBytes(outcome));
        return;
      }
      read.declined = outcome.code;
      // Behind is what one session has seen; the rest hold for whoever asks.
      if (outcome.code !== 'replica-behind') link.declinesUntilMs = nowMs + DECLINE_REST_MS;
    }
    read.closeAttempt(link);
    // One that was asked later still has it, or it is held.
    if (read.asked !== null || read.heldUntilMs > nowMs) return;
    if (nowMs < read.startedMs + this.#options.readWaitMs) this.#askNext(read, nowMs);
    else if (read.unanswered === 0) this.#giveUp(read);
  }

  /** A replica has come, or a leader: what is held is asked again at once. */
  onReplicasChanged(): void {
    const nowMs = this.#nowMs();
    for (const read of this.#reads) {
      if (read.asked === null) this.#askAfresh(read, nowMs);
    }
  }

  onTimer(): void {
    this.#timer = null;
    if (this.#reads.size === 0) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#timerDueMs > LATE_MS) {
      // Answers may lie in our sockets, unread: look after the event loop has been round.
      this.#armTimer(0);
      return;
    }
    for (const link of this.#replicas.links) link.judgeSilence(this.#options.hedgeMs, nowMs);
    for (const read of this.#reads) {
      if (nowMs - read.startedMs < LOOK_INTERVAL_MS) break;
      this.#lookAt(read, nowMs);
    }
    if (this.#reads.size > 0) this.#armTimer(LOOK_INTERVAL_MS);
  }

  stop(): void {
    this.#state = 'stopped';
    for (const read of this.#reads) this.#settle(read, unavailable('stopping', 'this process is stopping'));
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #lookAt(read: WaitingRead, nowMs: MonotonicMs): void {
    const overdueMs = nowMs - read.startedMs - this.#options.readWaitMs;
    if (overdueMs >= 0) {
      if (read.unanswered === 0 || overdueMs >= ATTEMPT_SLACK_MS) this.#giveUp(read);
    } else if (read.asked === null) {
      if (nowMs >= read.heldUntilMs) this.#askAfresh(read, nowMs);
    } else if (this.#isSlow(read, read.asked, nowMs)) {
      const isSilent = read.asked.health !== 'answering';
      if (this.#ask(read, nowMs)) {
        this.hedges += 1;
        if (!isSilent) this.#hedgesSaved -= 1;
      }
      // Those that declined may have come to another view before the silent one answers.
      else if (isSilent) this.#hold(read, nowMs);
    }
  }

  /** Whoever is silent is not waited for; a slow answer gets one rival, as far as there is room for it. */
  #isSlow(read: WaitingRead, asked: ReplicaLink, nowMs: MonotonicMs): boolean {
    if (asked.health !== 'answering') return true;
    return nowMs - read.askedMs >= this.#options.hedgeMs && read.unanswered === 1 && this.#hedgesSaved >= 1;
  }

  #askNext(read: WaitingRead, nowMs: MonotonicMs): void {
    if (!this.#ask(read, nowMs)) this.#hold(read, nowMs);
  }

  /** Everybody may be asked again, but for those that still have it. */
  #askAfresh(read: WaitingRead, nowMs: MonotonicMs): void {
    read.tried = read.overtaken === null ? null : [...read.overtaken];
    this.#askNext(read, nowMs);
  }

  /** False, and nothing has changed: there is nobody who was not asked already. */
  #ask(read: WaitingRead, nowMs: MonotonicMs): boolean {
    const { mode, asked } = read;
    const tried = asked === null ? read.tried : [...(read.tried ?? []), asked];
    const link = chooseReader(this.#replicas.links, { mode, tried, nowMs }, this.#random);
    if (link === null) return false;
    read.tried = tried;
    read.overtake();
    read.asked = link;
    read.askedMs = nowMs;
    const { group, epoch } = this.#replicas;
    const { question } = read;
    const request: PeerRequest =
      question.kind === 'read'
        ? { kind: 'read', group, epoch, read: question.read }
        : { kind: 'lookup', group, epoch, key: question.key };
    const timeoutMs = this.#options.readWaitMs + ATTEMPT_SLACK_MS;
    link.ask(request, new ReadAttempt(this, read, link, nowMs), { timeoutMs, nowMs });
    return true;
  }

  #hold(read: WaitingRead, nowMs: MonotonicMs): void {
    read.overtake();
    read.heldUntilMs = nowMs + read.holdMs;
    read.holdMs = Math.min(read.holdMs * 2, HOLD_MAX_MS);
  }

  #giveUp(read: WaitingRead): void {
    this.#settle(read, exhausted(read.declined, this.#options.readWaitMs));
  }

  #settle(read: WaitingRead, result: Result): void {
    this.#reads.delete(read);
    read.settle(result);
  }

  /** A mean that forgets: the last hundred or so count. */
  #weigh(bytes: number): void {
    this.#answerBytesMean += (bytes - this.#answerBytesMean) / 128;
  }

  #armTimer(delayMs: number): void {
    this.#timerDueMs = this.#nowMs() + delayMs;
    this.#timer = setTimeout(onTimer, delayMs, this);
  }

  #nowMs(): MonotonicMs {
    return this.#clock.now().monotonicMs;
  }
}

const onTimer = (path: ReadPath): void => {
  path.onTimer();
};

class WaitingRead {
  readonly question: Question;
  readonly mode: ReadMode;
  readonly startedMs: MonotonicMs;
  readonly result: Promise<Result>;
  readonly settle: (result: Result) => void;
  /** Who has it, and is waited for; null: it is held. */
  asked: ReplicaLink | null = null;
  askedMs: MonotonicMs;
  /** Who have it still, and are waited for no more; almost always null. */
  overtaken: ReplicaLink[] | null = null;
  /** Who are not to be asked in this round. */
  tried: readonly ReplicaLink[] | null = null;
  heldUntilMs = 0;
  holdMs = LOOK_INTERVAL_MS;
  declined: DeclineCode | null = null;

  constructor(question: Question, mode: ReadMode, nowMs: MonotonicMs) {
    const { promise, resolve } = Promise.withResolvers<Result>();
    this.question = question;
    this.mode = mode;
    this.startedMs = nowMs;
    this.result = promise;
    this.settle = resolve;
    this.askedMs = nowMs;
  }

  /** Requests out for it. */
  get unanswered(): number {
    return (this.asked === null ? 0 : 1) + (this.overtaken?.length ?? 0);
  }

  overtake(): void {
    if (this.asked !== null) (this.overtaken ??= []).push(this.asked);
    this.asked = null;
  }

  closeAttempt(link: ReplicaLink): void {
    if (this.asked === link) {
      this.tried = [...(this.tried ?? []), link];
      this.asked = null;
    } else {
      const others = this.overtaken?.filter((other) => other !== link) ?? [];
      this.overtaken = others.length > 0 ? others : null;
    }
  }
}

class ReadAttempt implements PeerWaiter {
  readonly #path: ReadPath;
  readonly #read: WaitingRead;
  readonly #link: ReplicaLink;
  readonly #askedMs: MonotonicMs;

  constructor(path: ReadPath, read: WaitingRead, link: ReplicaLink, askedMs: MonotonicMs) {
    this.#path = path;
    this.#read = read;
    this.#link = link;
    this.#askedMs = askedMs;
  }

  onSettled(answer: PeerAnswer): void {
    this.#path.onAnswered(this.#read, this.#link, this.#askedMs, answer);
  }
}

function answerBytes(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'read':
      return outcome.found?.value.byteLength ?? 0;
    case 'past':
      return outcome.past.kind === 'found' ? outcome.past.stored.value.byteLength : 0;
    case 'history':
      return outcome.versions.reduce((sum, { stored }) => sum + stored.value.byteLength, 0);
    case 'listed':
      return outcome.items.reduce((sum, item) => sum + itemBytes(item), 0);
    case 'found':
      return outcome.value.byteLength;
    case 'absent':
    case 'lock':
    case 'declined':
    case 'replaced-lineage':
      return 0;
  }
}

const itemBytes = (item: ListItem): number =>
  item.kind === 'key' ? item.key.length + item.stored.value.byteLength : item.prefix.length;

function exhausted(declined: DeclineCode | null, waitMs: number): Unavailable {
  const within = `within ${waitMs} ms`;
  switch (declined) {
    case null:
      return unavailable('no-replica', `no replica answered ${within}`);
    case 'not-in-sync':
      return unavailable('no-replica', `no replica could show ${within} that it is in sync`);
    case 'empty':
      return unavailable('no-replica', `no replica that answered had data ${within}`);
    case 'loading':
      return unavailable('data-file-loading', `no replica that answered had loaded its data file ${within}`);
    case 'replica-behind':
      return unavailable('replica-behind', `no replica had applied ${within} what the session has seen`);
    case 'no-leader':
      return unavailable('no-leader', `no leader vouched for a replica ${within}`);
  }
}

function unavailable(code: Unavailable['code'], detail: string): Unavailable {
  return { kind: 'unavailable', code, outcome: 'none', detail };
}
