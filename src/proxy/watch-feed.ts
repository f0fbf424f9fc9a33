import type { LogIndex } from '../core/base/numbers.ts';
import {
  placeAt,
  type WatchEnding,
  type WatchNews,
  type WatchPlace,
  type WatchRange,
  type WatchRequest,
} from '../core/store/watching.ts';
import type { Unavailable } from '../ports/data-operations.ts';
import type { UpstreamListener, UpstreamWatch } from './upstream-watch.ts';

/** Whoever keeps the feeds and the watches at replicas. */
export interface FeedHost {
  openUpstream(request: WatchRequest, listener: UpstreamListener): UpstreamWatch;
  closeUpstream(upstream: UpstreamWatch): void;
  onFeedGone(feed: WatchFeed): void;
}

export interface FeedClient {
  /** It begins where the feed is, if it has been told nothing yet. */
  welcome(): void;
  /** What the feed tells everybody, after all that came before the place `before`. */
  onFed(news: WatchNews, before: WatchPlace): void;
  onEnded(ending: WatchEnding | Unavailable): void;
}

/** What a feed takes from its replica before that is told that it was passed on. */
const FEED_CREDIT_BYTES = 256 * 1024;
const GRANT_BYTES = FEED_CREDIT_BYTES / 2;

/** One watch at a replica for all clients of a range that are up to date. What comes is passed on at once, or to nobody. */
export class WatchFeed implements UpstreamListener {
  readonly range: WatchRange;
  readonly #path: FeedHost;
  readonly #upstream: UpstreamWatch;
  readonly #clients = new Set<FeedClient>();
  /** The last that was told. */
  #news: WatchNews | null;

  constructor(
    path: FeedHost,
    range: WatchRange,
    from: { readonly upstream: UpstreamWatch; readonly news: WatchNews } | null,
  ) {
    this.#path = path;
    this.range = range;
    this.#news = from?.news ?? null;
    if (from === null) {
      this.#upstream = path.openUpstream({ range, start: { kind: 'now' }, credit: FEED_CREDIT_BYTES }, this);
    } else {
      this.#upstream = from.upstream;
      this.#upstream.listener = this;
      this.#replenish();
    }
  }

  /** Everything before it was told; null: nothing has come yet. */
  get place(): WatchPlace | null {
    return this.#news?.place ?? null;
  }

  get isBegun(): boolean {
    return this.#news !== null;
  }

  /** What somebody who comes now is told first; null: what comes first is that. */
  get welcome(): WatchNews | null {
    const news = this.#news;
    return news === null ? null : { events: [], place: news.place, synced: true, lineage: news.lineage };
  }

  add(client: FeedClient): void {
    this.#clients.add(client);
  }

  delete(client: FeedClient): void {
    if (!this.#clients.delete(client) || this.#clients.size > 0) return;
    this.#path.closeUpstream(this.#upstream);
    this.#path.onFeedGone(this);
  }

  onNews(news: WatchNews): void {
    const isFirst = !this.isBegun;
    const before = this.place ?? beginningOf(news);
    // Who came since the last news is told first that it is welcome, at the place where those ended.
    if (!isFirst) for (const client of this.#clients) client.welcome();
    this.#news = news;
    this.#replenish();
    // The very same object for all of them, so that it becomes bytes once.
    for (const client of this.#clients) client.onFed(news, before);
  }

  onEnded(ending: WatchEnding | Unavailable): void {
    this.#path.onFeedGone(this);
    this.#path.closeUpstream(this.#upstream);
    for (const client of [...this.#clients]) client.onEnded(ending);
  }

  #replenish(): void {
    const missing = FEED_CREDIT_BYTES - this.#upstream.credit;
    if (missing >= GRANT_BYTES) this.#upstream.grant(missing);
  }
}

/** Of the first news of a watch, which began before an entry. */
function beginningOf({ events: [first], place }: WatchNews): WatchPlace {
  if (first === undefined) return place;
  const { index, effects } = first.place;
  return placeAt((effects > 0 ? index : index - 1) as LogIndex);
}
