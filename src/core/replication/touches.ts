import type { Key } from '../base/key.ts';

/** In one acknowledgement: a tick's worth of many readers, and no frame that holds up what comes behind it. */
export const TOUCHES_PER_ACK_MAX = 1000;
/** That wait to be told. What is beyond it is told with a later read. */
const WAITING_MAX = 65_536;

/**
 * R21: keys that a follower has answered reads of, and is to tell its leader of. They travel with its acknowledgements. What
 * a broken connection may have lost is told again: any acknowledgement that a leader has tells it of all reads before it, but for
 * those that still wait here because there were so many.
 */
export class Touches {
  readonly #waiting = new Set<Key>();
  /** By when they were sent: those that the leader may not have. */
  #sent: { readonly sentMs: number; readonly keys: readonly Key[] }[] = [];

  /** Whether there is room for it. */
  add(key: Key): boolean {
    if (this.#waiting.size >= WAITING_MAX) return false;
    this.#waiting.add(key);
    return true;
  }

  /** What the acknowledgement that is sent now tells. */
  take(sentMs: number): readonly Key[] {
    if (this.#waiting.size === 0) return NONE;
    const keys: Key[] = [];
    for (const key of this.#waiting) {
      if (keys.length === TOUCHES_PER_ACK_MAX) break;
      this.#waiting.delete(key);
      keys.push(key);
    }
    this.#sent.push({ sentMs, keys });
    return keys;
  }

  /** The leader has had an acknowledgement of this time: of one connection it has all before it. */
  confirm(sentMs: number): void {
    if ((this.#sent[0]?.sentMs ?? Infinity) <= sentMs) this.#sent = this.#sent.filter((sent) => sent.sentMs > sentMs);
  }

  /** Another connection: what is not known to have arrived goes first. */
  begin(): void {
    for (const { keys } of this.#sent.splice(0)) for (const key of keys) this.add(key);
  }

  clear(): void {
    this.#waiting.clear();
    this.#sent = [];
  }
}

const NONE: readonly Key[] = [];
