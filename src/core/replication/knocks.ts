import type { Instant } from '../base/numbers.ts';
import type { Effect, LinkId } from '../group/io.ts';
import type { ReplicaId } from './replica-id.ts';

/** Whoever answers is there, and says hello soon. */
const AGAIN_MS = 50;

/** At the address of one member. */
interface Knock {
  readonly id: ReplicaId;
  readonly address: string;
  /** null: between two. */
  link: LinkId | null;
  againMs: number;
  /** It was cut off, and repeated at once. */
  isRepeated: boolean;
}

/**
 * R6: where the link to a member is lost, whether anybody listens at its address. A process that died refuses it, which is known within a
 * round trip; a network that failed says nothing. It is only asked who is to be waited for: nothing is concluded about memory.
 */
export class Knocks {
  readonly #nextLink: () => LinkId;
  readonly #knocks = new Map<ReplicaId, Knock>();

  constructor(nextLink: () => LinkId) {
    this.#nextLink = nextLink;
  }

  owns(link: LinkId): boolean {
    return this.#at(link) !== undefined;
  }

  begin(id: ReplicaId, address: string, now: Instant, effects: Effect[]): void {
    this.end(id, effects);
    const knock: Knock = { id, address, link: null, againMs: now.monotonicMs, isRepeated: false };
    this.#knocks.set(id, knock);
    this.#dial(knock, effects);
  }

  /** Somebody is there. */
  onConnected(link: LinkId, now: Instant, effects: Effect[]): void {
    const knock = this.#at(link);
    if (knock === undefined) return;
    this.#hangUp(knock, effects);
    knock.againMs = now.monotonicMs + AGAIN_MS;
  }

  /**
   * Whose address refuses connections; null: it does not say so. A process that dies may still let a knock in, for its connections can
   * close before what it listens on; it cuts that off when it listens no more, and then the next is refused.
   */
  onClosed(link: LinkId, reason: 'refused' | 'lost', now: Instant, effects: Effect[]): ReplicaId | null {
    const knock = this.#at(link);
    if (knock === undefined) return null;
    if (reason === 'refused') {
      this.#knocks.delete(knock.id);
      return knock.id;
    }
    knock.link = null;
    knock.againMs = now.monotonicMs + AGAIN_MS;
    if (!knock.isRepeated) this.#dial(knock, effects);
    knock.isRepeated = true;
    return null;
  }

  /** It said hello, or is no member any more. */
  end(id: ReplicaId, effects: Effect[]): void {
    const knock = this.#knocks.get(id);
    if (knock === undefined) return;
    this.#hangUp(knock, effects);
    this.#knocks.delete(id);
  }

  tick(isMember: (id: ReplicaId) => boolean, now: Instant, effects: Effect[]): void {
    for (const knock of this.#knocks.values()) {
      if (!isMember(knock.id)) this.end(knock.id, effects);
      else if (knock.link === null && now.monotonicMs >= knock.againMs) this.#dial(knock, effects);
    }
  }

  endAll(effects: Effect[]): void {
    for (const id of [...this.#knocks.keys()]) this.end(id, effects);
  }

  #dial(knock: Knock, effects: Effect[]): void {
    knock.link = this.#nextLink();
    effects.push({ kind: 'connect', link: knock.link, address: knock.address });
  }

  #hangUp(knock: Knock, effects: Effect[]): void {
    if (knock.link !== null) effects.push({ kind: 'disconnect', link: knock.link, reason: 'it was only a knock' });
    knock.link = null;
  }

  #at(link: LinkId): Knock | undefined {
    for (const knock of this.#knocks.values()) if (knock.link === link) return knock;
    return undefined;
  }
}
