import type { Instant } from '../base/numbers.ts';
import type { Effect, LinkId } from '../group/io.ts';
import type { Answer } from '../replication/messages.ts';
import type { ReplicaId } from '../replication/replica-id.ts';
import type { PodInfo } from './api.ts';

/** What came of asking one address. */
export type Testimony =
  | { readonly kind: 'pending' }
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** Nobody listens there. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent' };

/** Somebody who says that it leads. */
export interface FoundLeader {
  readonly address: string;
  readonly answer: Answer;
}

interface Asked {
  readonly address: string;
  readonly link: LinkId;
  testimony: Testimony;
}

/**
 * Asks a number of addresses, each on a connection of its own, how things stand there (R8, R13, R14), until all have
 * answered or the time is up.
 */
export class Survey {
  readonly #asked = new Map<string, Asked>();
  readonly #byLink = new Map<LinkId, Asked>();
  readonly #number: number;
  readonly #from: ReplicaId;
  readonly #deadlineMs: number;

  constructor(
    options: {
      readonly addresses: readonly string[];
      readonly number: number;
      readonly from: ReplicaId;
      readonly waitMs: number;
      readonly nextLink: () => LinkId;
    },
    now: Instant,
    effects: Effect[],
  ) {
    this.#number = options.number;
    this.#from = options.from;
    this.#deadlineMs = now.monotonicMs + options.waitMs;
    for (const address of new Set(options.addresses)) {
      const asked: Asked = { address, link: options.nextLink(), testimony: { kind: 'pending' } };
      this.#asked.set(address, asked);
      this.#byLink.set(asked.link, asked);
      effects.push({ kind: 'connect', link: asked.link, address });
    }
  }

  owns(link: LinkId): boolean {
    return this.#byLink.has(link);
  }

  onConnected(link: LinkId, effects: Effect[]): void {
    effects.push({ kind: 'send', link, message: { kind: 'question', number: this.#number, from: this.#from } });
  }

  onAnswer(link: LinkId, answer: Answer, effects: Effect[]): void {
    const asked = this.#byLink.get(link);
    if (asked === undefined || answer.number !== this.#number) return;
    asked.testimony = { kind: 'answered', answer };
    this.#byLink.delete(link);
    effects.push({ kind: 'disconnect', link, reason: 'the question is answered' });
  }

  onClosed(link: LinkId, reason: 'refused' | 'lost'): void {
    const asked = this.#byLink.get(link);
    if (asked === undefined) return;
    asked.testimony = { kind: reason === 'refused' ? 'refused' : 'silent' };
    this.#byLink.delete(link);
  }

  /** True once there is nothing more to wait for. */
  done(now: Instant): boolean {
    return this.#byLink.size === 0 || now.monotonicMs >= this.#deadlineMs;
  }

  /** Ends what is still open. */
  close(effects: Effect[]): void {
    for (const asked of this.#byLink.values()) {
      asked.testimony = { kind: 'silent' };
      effects.push({ kind: 'disconnect', link: asked.link, reason: 'the survey is over' });
    }
    this.#byLink.clear();
  }

  testimony(address: string | null): Testimony {
    return (address === null ? undefined : this.#asked.get(address)?.testimony) ?? { kind: 'silent' };
  }

  /** Where somebody says that it leads, and in what epoch. */
  leaders(): FoundLeader[] {
    const leaders: FoundLeader[] = [];
    for (const { address, testimony } of this.#asked.values()) {
      if (testimony.kind === 'answered' && testimony.answer.leads) leaders.push({ address, answer: testimony.answer });
    }
    return leaders;
  }

  answers(): Answer[] {
    const answers: Answer[] = [];
    for (const { testimony } of this.#asked.values()) if (testimony.kind === 'answered') answers.push(testimony.answer);
    return answers;
  }
}

/** The pods that the API server listed, each with what its process said. */
export interface PodTestimony {
  readonly pod: PodInfo;
  readonly testimony: Testimony;
}

export const podTestimonies = (pods: readonly PodInfo[], survey: Survey, self: Answer): PodTestimony[] =>
  pods.map((pod) => {
    const own = podUidOf(self.from) === pod.uid;
    return { pod, testimony: own ? { kind: 'answered', answer: self } : survey.testimony(pod.peerAddress) };
  });

export const podUidOf = (id: ReplicaId): string => id.split('/')[1] ?? '';
