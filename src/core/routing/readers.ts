import type { Random } from '../base/random.ts';
import type { ReadMode } from '../store/reads.ts';

/** A replica, as far as it matters to whom a read is sent. */
export interface Reader {
  /** By the record for leader and members, by its own word for the rest. */
  readonly standing: 'leader' | 'member' | 'standby' | 'learner' | 'unknown';
  /**
   * `silent`: it owes answers and has sent nothing for a while: stopped, cut off or choked.
   * `unreachable`: it has no connection, so that asking it fails at once.
   */
  readonly health: 'answering' | 'silent' | 'unreachable';
  /** Requests that it owes us an answer to. */
  readonly load: number;
  /** It has declined a read, and would decline the next for the same reason until about this time. */
  readonly declinesUntilMs: number;
}

/**
 * Which replica to ask for a read: the least loaded of two drawn at random among the most suitable (so many proxies
 * that see the same loads do not all run to the same replica). Those that are `tried` are out; null if none is left.
 *
 * A preference and never a rule of safety: a replica that may not answer says so (R12).
 */
export function chooseReader<R extends Reader>(
  readers: readonly R[],
  read: { readonly mode: ReadMode; readonly tried: readonly R[] | null; readonly nowMs: number },
  random: Random,
): R | null {
  let best = UNSUITABLE;
  let first: R | null = null;
  let second: R | null = null;
  let seen = 0;
  for (const reader of readers) {
    const rank = rankOf(reader, read);
    if (rank > best || rank === UNSUITABLE) continue;
    if (rank < best) {
      best = rank;
      first = second = null;
      seen = 0;
    }
    seen += 1;
    // Two of all that come by, each as likely as any other: a reservoir of two.
    if (first === null) first = reader;
    else if (second === null) second = reader;
    else {
      const place = random.below(seen);
      if (place === 0) first = reader;
      else if (place === 1) second = reader;
    }
  }
  if (first === null || second === null) return first;
  if (first.load === second.load) return random.below(2) === 0 ? first : second;
  return first.load < second.load ? first : second;
}

const UNSUITABLE = 8;

/** Less is better. */
function rankOf<R extends Reader>(
  reader: R,
  read: { readonly mode: ReadMode; readonly tried: readonly R[] | null; readonly nowMs: number },
): number {
  if (reader.health === 'unreachable' || read.tried?.includes(reader) === true) return UNSUITABLE;
  const penalty = (reader.health === 'silent' ? 4 : 0) + (reader.declinesUntilMs > read.nowMs ? 2 : 0);
  return penalty + (maySuit(reader, read) ? 0 : 1);
}

function maySuit<R extends Reader>(
  reader: R,
  read: { readonly mode: ReadMode; readonly tried: readonly R[] | null },
): boolean {
  switch (reader.standing) {
    case 'leader':
    case 'member':
      return true;
    case 'standby':
      // A standby may lag behind what the session has seen: whoever asks again wants an answer.
      return (read.mode === 'session' || read.mode === 'eventual') && read.tried === null;
    case 'learner':
    case 'unknown':
      return false;
  }
}
