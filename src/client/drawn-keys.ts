import type { Effect } from './exchange.ts';
import type { KvError } from './kv-error.ts';

/** Long enough that nobody asks in vain again and again, short enough that a rush of others is soon forgotten. */
const WITHOUT_MS = 60_000;

/**
 * The keys that this client draws for its writes, while the store has room for them. A write that it has refused for want of
 * room is sent without one, and so are those that follow for a minute: at once, never twice, and no more repeated where it may
 * have been applied.
 */
export class DrawnKeys {
  #withoutUntilMs = -Infinity;

  /** As what a write is sent first. */
  first(effect: Effect, nowMs: number): Effect {
    return nowMs < this.#withoutUntilMs ? withoutDrawn(effect) : effect;
  }

  /**
   * As what it is sent next. One of which an attempt may still be under way keeps its key: by that alone the store can tell that it
   * is the same.
   */
  next(effect: Effect, { failure, isUnknown, nowMs }: Failed): Effect {
    if (failure.code !== 'idempotency-full') return effect;
    this.#withoutUntilMs = nowMs + WITHOUT_MS;
    return isUnknown ? effect : withoutDrawn(effect);
  }
}

interface Failed {
  readonly failure: Pick<KvError, 'code'>;
  /** Whether any attempt so far may have been applied. */
  readonly isUnknown: boolean;
  readonly nowMs: number;
}

/** A key that somebody has chosen stays: it is there to be repeated under by others, too. */
function withoutDrawn(effect: Effect): Effect {
  return effect.kind === 'write' && effect.isDrawn ? { ...effect, idempotencyKey: null } : effect;
}
