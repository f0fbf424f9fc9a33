import type { Key } from '../../../src/core/base/key.ts';
import type { Input } from '../../../src/core/group/io.ts';
import type { Entry } from '../../../src/core/replication/entry.ts';
import type { Ack } from '../../../src/core/replication/messages.ts';
import type { StoredValue } from '../../../src/core/store/reads.ts';
import { MS, type Plan } from '../plan.ts';
import type { Process } from '../process.ts';
import { check } from '../violation.ts';

/** A read that a replica has answered, or a write that a leader has put into its log. */
interface Use {
  readonly by: Process;
  readonly us: number;
  /** Of the value that it showed; null of a write. */
  readonly idleMs: number | null;
}

/** How long a key was not used when a leader decided that it goes. */
interface Unused {
  /** Since the last use of which it knows. */
  readonly sinceKnownUs: number;
  /** By any member, in one go that has lasted until then, or ended no longer ago than a round may be old. */
  readonly longestUs: number;
}

/** When a leader last took an acknowledgement, and when what it then had was sent; and the same before that turn. */
interface Heard {
  readonly atUs: number;
  readonly sentUs: number;
  readonly earlierUs: number;
}

const NOTHING: Heard = { atUs: -1, sentUs: -1, earlierUs: -1 };

/** Older uses decide nothing any more. */
const REMEMBERED_US = 30_000 * MS;
/** A turn takes no time here, but it may begin late. */
const TURN_US = 60;

/**
 * Who used which key when, and what the leader can know of it (R21), by the one clock that the simulated world has: without a look
 * at how the core counts. A leader knows of a use if it was its own, or if it has an acknowledgement that the replica sent
 * afterwards. A key that goes was not used for its idle time since the last use that is known; and nobody may have used it
 * for as long in one go, up to a moment that is no longer ago than a round may be old.
 */
export class IdleModel {
  /** How old a round may be that a decision rests on. */
  readonly #roundUs: number;
  readonly #uses = new Map<Key, Use[]>();
  readonly #sent = new WeakMap<Ack, { readonly by: Process; readonly us: number }>();
  /** By leader and follower: when the follower sent what the leader has of it, in the epoch of the leader. */
  readonly #heard = new Map<Process, Map<Process, Heard>>();
  readonly #leadsSinceUs = new Map<Process, number>();
  readonly #decisions = new WeakMap<Entry, ReadonlyMap<Key, Unused>>();
  /** Within a connection nothing is lost: else a touch may be, too. */
  readonly #isLossless: boolean;
  /** Values that have ended so. */
  ended = 0;

  constructor(plan: Plan) {
    this.#roundUs = plan.times.readStalenessMs * MS * (1 + 3 * plan.clock.drift) + TURN_US;
    const losses = [...plan.faults, ...(plan.schedule ?? [])].some(({ kind }) => kind === 'lossyLink');
    this.#isLossless = plan.network.loss === 0 && !losses;
  }

  onRead(process: Process, key: Key, { idleMs }: StoredValue, nowUs: number): void {
    if (idleMs !== null) this.#use(key, { by: process, us: nowUs, idleMs });
  }

  onAckSent(process: Process, ack: Ack, nowUs: number): void {
    this.#sent.set(ack, { by: process, us: nowUs });
  }

  onTaken(process: Process, input: Input, nowUs: number): void {
    if (input.kind !== 'received' || input.message.kind !== 'ack') return;
    const sent = this.#sent.get(input.message);
    const view = process.group.inspect();
    if (sent === undefined || view.role !== 'leading' || view.epoch !== input.message.epoch) return;
    const heard = this.#heard.get(process) ?? new Map<Process, Heard>();
    this.#heard.set(process, heard);
    const before = heard.get(sent.by) ?? NOTHING;
    const earlierUs = before.atUs < nowUs ? before.sentUs : before.earlierUs;
    heard.set(sent.by, { atUs: nowUs, sentUs: Math.max(before.sentUs, sent.us), earlierUs });
  }

  /** A leader has put the entry into its log; `keys` is what the write that it carries names. */
  onProposed(leader: Process, entry: Entry, keys: readonly Key[], nowUs: number): void {
    const { body } = entry;
    if (body.kind === 'begin') {
      this.#leadsSinceUs.set(leader, nowUs);
      this.#heard.delete(leader);
    }
    for (const key of keys) this.#use(key, { by: leader, us: nowUs, idleMs: null });
    if (body.kind !== 'expire') return;
    const members = new Set(leader.group.status(leader.instant()).inSync);
    const unused = new Map<Key, Unused>();
    for (const effect of body.effects)
      if ('key' in effect) unused.set(effect.key, this.#unused(leader, effect.key, { nowUs, members }));
    this.#decisions.set(entry, unused);
  }

  #unused(leader: Process, key: Key, { nowUs, members }: { nowUs: number; members: ReadonlySet<string> }): Unused {
    const sinceUs = this.#leadsSinceUs.get(leader) ?? 0;
    const heard = this.#heard.get(leader);
    const uses = this.#uses.get(key) ?? [];
    const shown = uses.findLast(({ idleMs }) => idleMs !== null)?.idleMs ?? null;
    let knownUs = sinceUs;
    let lastUs = sinceUs;
    let longestUs = 0;
    for (const { by, us, idleMs } of uses) {
      if (us < sinceUs || us >= nowUs) continue;
      const isOwn = by === leader;
      // What was written elsewhere was written before this leader began; a stale read may show another idle time.
      if (!isOwn && (idleMs === null || idleMs !== shown || !this.#isLossless)) continue;
      const { atUs, sentUs, earlierUs } = heard?.get(by) ?? NOTHING;
      // What has come in this very turn may have come after the decision.
      if (isOwn || (atUs < nowUs ? sentUs : earlierUs) > us) knownUs = us;
      if (!isOwn && !members.has(by.id)) continue;
      if (us >= nowUs - this.#roundUs) longestUs = Math.max(longestUs, us - lastUs);
      lastUs = us;
    }
    return { sinceKnownUs: nowUs - knownUs, longestUs: Math.max(longestUs, nowUs - lastUs) };
  }

  /** The entry is committed, and `key` goes by it though no moment had come at which it was due. */
  onEnded(entry: Entry, key: Key, idleMs: number): void {
    const unused = this.#decisions.get(entry)?.get(key);
    check(unused !== undefined, 'expiry', () => `entry ${entry.index}: nobody proposed that ${key} goes`);
    this.ended += 1;
    const { sinceKnownUs, longestUs } = unused;
    check(
      sinceKnownUs >= idleMs * MS && longestUs >= idleMs * MS,
      'expiry',
      () =>
        `entry ${entry.index}: ${key} goes ${sinceKnownUs / MS} ms after a use that is known, unused for ${longestUs / MS} ms; it may be for ${idleMs}`,
    );
  }

  /** When it was last used by anybody, or a leader began to count anew. */
  lastUsedUs(leader: Process, key: Key): number {
    return Math.max(this.#leadsSinceUs.get(leader) ?? 0, this.#uses.get(key)?.at(-1)?.us ?? 0);
  }

  #use(key: Key, use: Use): void {
    const uses = this.#uses.get(key) ?? [];
    this.#uses.set(key, uses);
    uses.push(use);
    if ((uses[0]?.us ?? 0) < use.us - 2 * REMEMBERED_US)
      this.#uses.set(
        key,
        uses.filter(({ us }) => us >= use.us - REMEMBERED_US),
      );
  }
}
