import type { LogIndex, MonotonicMs } from '../core/base/numbers.ts';
import type { Random } from '../core/base/random.ts';
import { chooseReader } from '../core/routing/readers.ts';
import {
  watchNewsBytes,
  type WatchEnding,
  type WatchNews,
  type WatchRange,
  type WatchRequest,
  type WatchStart,
} from '../core/store/watching.ts';
import type { Unavailable, Watch } from '../ports/data-operations.ts';
import type { PeerRequestFailed, PeerWatcher } from '../ports/peer-client.ts';
import type { ReplicaLink } from './replica-link.ts';
import type { Replicas } from './replicas.ts';

/** Between two rounds of asking everybody; it doubles up to this. News of a leader or a replica ends it. */
const HOLD_MIN_MS = 20;
const HOLD_MAX_MS = 500;
/** Who has been told nothing for so long, because no replica could, is told that. */
export const UPSTREAM_WAIT_MS = 10_000;
/** Where some could not tell and the others keep too little, those that could not are asked for so long. */
const COMPACTED_WAIT_MS = 2000;
/** A replica that owes a word on how it stands for so long is left: the connection may be dead, and nobody has said so. */
const SILENCE_MS = 1500;

export interface UpstreamListener {
  /** `synced` of the first time only, whichever replica says so. */
  onNews(news: WatchNews): void;
  /** Once, and nothing after it: no replica can go on, or it would be of no use. */
  onEnded(ending: WatchEnding | Unavailable): void;
}

/**
 * A watch that outlives the replicas that it is told by: when one is gone, or cannot go on, another is asked to go on from the
 * place that was reached.
 */
export class UpstreamWatch {
  readonly range: WatchRange;
  readonly #replicas: Replicas;
  readonly #random: Random;
  readonly #nowMs: () => MonotonicMs;
  /** Whoever takes it over listens from then on. */
  listener: UpstreamListener;
  #start: WatchStart;
  /** What the listener takes still. */
  #credit: number;
  #link: ReplicaLink | null = null;
  #watch: Watch | null = null;
  /** An answer of an earlier attempt is no news. */
  #attempt = 0;
  #tried: ReplicaLink[] = [];
  /** Of those that were tried: the lowest revision that any keeps; null: none has said so. */
  #oldest: LogIndex | null = null;
  /** And whether one of them could have, but for something else. */
  #someFailed = false;
  #hold: NodeJS.Timeout | null = null;
  #holdMs = HOLD_MIN_MS;
  /** When somebody last told anything, or the first was asked. */
  #toldMs: MonotonicMs;
  #state: 'open' | 'ended' = 'open';
  #hasSynced = false;
  /** Up to date at the replica that tells it now. */
  isLive = false;

  constructor(
    request: WatchRequest,
    listener: UpstreamListener,
    host: { readonly replicas: Replicas; readonly random: Random; readonly nowMs: () => MonotonicMs },
  ) {
    this.range = request.range;
    this.listener = listener;
    this.#start = request.start;
    this.#credit = request.credit;
    this.#replicas = host.replicas;
    this.#random = host.random;
    this.#nowMs = host.nowMs;
    this.#toldMs = host.nowMs();
    this.#askNext();
  }

  get credit(): number {
    return this.#credit;
  }

  grant(bytes: number): void {
    this.#credit += bytes;
    this.#watch?.grant(bytes);
  }

  cancel(): void {
    this.#state = 'ended';
    this.#leave();
    if (this.#hold !== null) clearTimeout(this.#hold);
  }

  /** A replica or a leader has come or gone, or time has passed. */
  onReplicasChanged(): void {
    const link = this.#link;
    if (link === null) {
      if (this.#hold !== null && this.#tried.length === 0) this.askAgain();
      return;
    }
    const isGone = !this.#replicas.links.includes(link);
    if (isGone || link.isOutOfReach({ downMs: 0, silentMs: SILENCE_MS }, this.#nowMs())) this.#goOn(link);
  }

  askAgain(): void {
    if (this.#hold !== null) clearTimeout(this.#hold);
    this.#hold = null;
    this.#tried = [];
    this.#oldest = null;
    this.#someFailed = false;
    this.#askNext();
  }

  #askNext(): void {
    const nowMs = this.#nowMs();
    const link = chooseReader(this.#replicas.links, { mode: 'eventual', tried: this.#tried, nowMs }, this.#random);
    if (link === null) {
      this.#holdOrEnd(nowMs);
      return;
    }
    const { group, epoch } = this.#replicas;
    this.#link = link;
    this.#attempt += 1;
    const watch = { range: this.range, start: this.#start, credit: Math.max(0, this.#credit) };
    this.#watch = link.client.watch({ group, epoch, watch }, new Attempt(this, link, this.#attempt));
  }

  /** Nobody is left to ask. */
  #holdOrEnd(nowMs: MonotonicMs): void {
    const isHopeless = !this.#someFailed || nowMs - this.#toldMs >= COMPACTED_WAIT_MS;
    if (this.#oldest !== null && isHopeless) this.#end({ kind: 'compacted', oldestRevision: this.#oldest });
    else if (nowMs - this.#toldMs >= UPSTREAM_WAIT_MS) {
      const detail = `no replica could tell what happens within ${UPSTREAM_WAIT_MS} ms`;
      this.#end({ kind: 'unavailable', code: 'no-replica', outcome: 'none', detail });
    } else {
      this.#tried = [];
      this.#hold = setTimeout(askAgain, this.#holdMs, this);
      this.#holdMs = Math.min(2 * this.#holdMs, HOLD_MAX_MS);
    }
  }

  onNews(attempt: number, news: WatchNews): void {
    if (attempt !== this.#attempt || this.#state === 'ended') return;
    this.#start = { kind: 'resume', token: { lineage: news.lineage, place: news.place } };
    this.#credit -= watchNewsBytes(news.events);
    this.#toldMs = this.#nowMs();
    this.#holdMs = HOLD_MIN_MS;
    this.#tried = [];
    this.#oldest = null;
    this.#someFailed = false;
    const isRepeated = news.synced && this.#hasSynced;
    if (news.synced) this.#hasSynced = this.isLive = true;
    this.listener.onNews(isRepeated ? { ...news, synced: false } : news);
  }

  onEnded(attempt: number, link: ReplicaLink, ending: WatchEnding | PeerRequestFailed): void {
    if (attempt !== this.#attempt || this.#state === 'ended') return;
    if (ending.kind === 'replaced-lineage') {
      this.#end(ending);
      return;
    }
    if (ending.kind === 'compacted')
      this.#oldest = Math.min(this.#oldest ?? Infinity, ending.oldestRevision) as LogIndex;
    else this.#someFailed = true;
    this.#goOn(link);
  }

  #goOn(from: ReplicaLink): void {
    // Until now it has told all that there was.
    if (this.isLive) this.#toldMs = this.#nowMs();
    this.#leave();
    this.#tried.push(from);
    this.#askNext();
  }

  #leave(): void {
    this.#attempt += 1;
    this.isLive = false;
    this.#link = null;
    const watch = this.#watch;
    this.#watch = null;
    watch?.cancel();
  }

  #end(ending: WatchEnding | Unavailable): void {
    this.cancel();
    this.listener.onEnded(ending);
  }
}

const askAgain = (watch: UpstreamWatch): void => {
  watch.askAgain();
};

class Attempt implements PeerWatcher {
  readonly #upstream: UpstreamWatch;
  readonly #link: ReplicaLink;
  readonly #attempt: number;

  constructor(upstream: UpstreamWatch, link: ReplicaLink, attempt: number) {
    this.#upstream = upstream;
    this.#link = link;
    this.#attempt = attempt;
  }

  onNews(news: WatchNews): void {
    this.#upstream.onNews(this.#attempt, news);
  }

  onEnded(ending: WatchEnding | PeerRequestFailed): void {
    this.#upstream.onEnded(this.#attempt, this.#link, ending);
  }
}
