import { assert } from '../base/assert.ts';
import type { Instant } from '../base/numbers.ts';
import type { Effect, LinkId } from '../group/io.ts';
import type { Answer } from '../replication/messages.ts';
import type { ReplicaId } from '../replication/replica-id.ts';
import type { ApiAnswer, ApiRequest } from './api.ts';
import { Survey } from './survey.ts';

/**
 * An errand is a procedure of several steps, each of which waits for something: an answer of the API server, what others
 * say, a while. It is written as a generator, from top to bottom, as a person would tell it; it is still synchronous and
 * a function of its inputs, for it goes on only when the runner hands it what it waits for.
 *
 * There is one errand at a time, and so one call to the API: a read is then never older than the call before it.
 */
export type Errand<Verdict> = Generator<Wait, Verdict, Resumption>;

export type Wait =
  | { readonly kind: 'call'; readonly request: ApiRequest }
  | { readonly kind: 'survey'; readonly addresses: readonly string[]; readonly waitMs: number }
  /** Until the condition holds, or for that long. */
  | { readonly kind: 'pause'; readonly untilMs: number; readonly condition: (() => boolean) | null };

export type Resumption =
  | { readonly kind: 'answered'; readonly answer: ApiAnswer }
  | { readonly kind: 'surveyed'; readonly survey: Survey }
  | { readonly kind: 'paused' };

/** Asks the API server. */
export function* call(request: ApiRequest): Generator<Wait, ApiAnswer, Resumption> {
  if (request.kind === 'replaceLease') {
    const { holder, inSync } = request.content;
    assert(holder === null || inSync.includes(holder), 'R2: a record names its holder as a member');
  }
  const resumption = yield { kind: 'call', request };
  assert(resumption.kind === 'answered', 'R1: a call is resumed with its answer');
  return resumption.answer;
}

/** Asks others how things stand with them. */
export function* survey(addresses: readonly string[], waitMs: number): Generator<Wait, Survey, Resumption> {
  const resumption = yield { kind: 'survey', addresses, waitMs };
  assert(resumption.kind === 'surveyed', 'R8: a survey is resumed with what came of it');
  return resumption.survey;
}

/** Waits until a time, or until the condition holds. */
export function* pause(untilMs: number, condition: (() => boolean) | null = null): Generator<Wait, void, Resumption> {
  yield { kind: 'pause', untilMs, condition };
}

export interface ErrandPort {
  readonly replicaId: () => ReplicaId;
  readonly nextLink: () => LinkId;
  readonly nextCall: () => number;
}

export class ErrandRunner<Verdict> {
  readonly #port: ErrandPort;
  #errand: Errand<Verdict> | null = null;
  #wait: Wait | null = null;
  #call: number | null = null;
  #survey: Survey | null = null;
  #surveys = 0;

  constructor(port: ErrandPort) {
    this.#port = port;
  }

  isBusy(): boolean {
    return this.#errand !== null;
  }

  /** Runs it up to its first wait; what it returns at once is returned here. */
  start(errand: Errand<Verdict>, now: Instant, effects: Effect[]): Verdict | null {
    assert(this.#errand === null, 'R1: there is one errand at a time');
    this.#errand = errand;
    return this.#take(errand.next(), now, effects);
  }

  onApiAnswered(call: number, answer: ApiAnswer, now: Instant, effects: Effect[]): Verdict | null {
    if (call !== this.#call) return null;
    this.#call = null;
    return this.#resume({ kind: 'answered', answer }, now, effects);
  }

  /** Looks whether what is waited for has come. */
  poll(now: Instant, effects: Effect[]): Verdict | null {
    const survey = this.#survey;
    if (survey !== null) {
      if (!survey.done(now)) return null;
      survey.close(effects);
      this.#survey = null;
      return this.#resume({ kind: 'surveyed', survey }, now, effects);
    }
    if (this.#wait?.kind !== 'pause') return null;
    if (now.monotonicMs < this.#wait.untilMs && this.#wait.condition?.() !== true) return null;
    return this.#resume({ kind: 'paused' }, now, effects);
  }

  /** Gives it up. A call that is under way stays so, but its answer is nobody's any more. */
  cancel(effects: Effect[]): void {
    this.#survey?.close(effects);
    this.#survey = null;
    this.#errand = null;
    this.#wait = null;
    this.#call = null;
  }

  owns(link: LinkId): boolean {
    return this.#survey?.owns(link) ?? false;
  }

  onConnected(link: LinkId, effects: Effect[]): void {
    this.#survey?.onConnected(link, effects);
  }

  onAnswer(link: LinkId, answer: Answer, effects: Effect[]): void {
    this.#survey?.onAnswer(link, answer, effects);
  }

  onClosed(link: LinkId, reason: 'refused' | 'lost'): void {
    this.#survey?.onClosed(link, reason);
  }

  #resume(resumption: Resumption, now: Instant, effects: Effect[]): Verdict | null {
    const errand = this.#errand;
    assert(errand !== null, 'R1: only an errand that waits is resumed');
    return this.#take(errand.next(resumption), now, effects);
  }

  #take(result: IteratorResult<Wait, Verdict>, now: Instant, effects: Effect[]): Verdict | null {
    if (result.done === true) {
      this.#errand = null;
      this.#wait = null;
      return result.value;
    }
    const wait = result.value;
    this.#wait = wait;
    switch (wait.kind) {
      case 'call':
        this.#call = this.#port.nextCall();
        effects.push({ kind: 'callApi', call: this.#call, request: wait.request });
        break;
      case 'survey': {
        this.#surveys += 1;
        const { replicaId, nextLink } = this.#port;
        const { addresses, waitMs } = wait;
        this.#survey = new Survey(
          { addresses, waitMs, number: this.#surveys, from: replicaId(), nextLink },
          now,
          effects,
        );
        break;
      }
      case 'pause':
        break;
    }
    return null;
  }
}
