import type { MonotonicMs } from '../core/base/numbers.ts';
import type { Random } from '../core/base/random.ts';
import {
  isBefore,
  watchNewsBytes,
  type WatchEnding,
  type WatchNews,
  type WatchPlace,
  type WatchRange,
  type WatchRequest,
} from '../core/store/watching.ts';
import type { Clock } from '../ports/clock.ts';
import type { Unavailable, Watch, Watcher } from '../ports/data-operations.ts';
import type { Replicas } from './replicas.ts';
import { UpstreamWatch, type UpstreamListener } from './upstream-watch.ts';
import { type FeedClient, type FeedHost, WatchFeed } from './watch-feed.ts';

/**
 * Watches of clients. All that are up to date share one watch of their range at a replica, the *feed*. Whoever is not (it
 * resumes, wants the state, or was too slow for the feed) has a watch of its own at a replica, which keeps what it has missed,
 * until it has caught up with the feed. So nothing is kept here but places; and a place is the same at every replica, so that
 * neither loses anything when the replica that it is told by is gone.
 */
export class WatchPath implements FeedHost {
  readonly #host: { readonly replicas: Replicas; readonly random: Random; readonly nowMs: () => MonotonicMs };
  readonly #feeds = new Map<string, WatchFeed>();
  readonly #clients = new Set<WatchingClient>();
  readonly #upstreams = new Set<UpstreamWatch>();
  #state: 'running' | 'stopped' = 'running';

  constructor(replicas: Replicas, clock: Clock, random: Random) {
    this.#host = { replicas, random, nowMs: () => clock.now().monotonicMs };
  }

  get watchers(): number {
    return this.#clients.size;
  }

  /** Watches at replicas. */
  get upstreams(): number {
    return this.#upstreams.size;
  }

  watch(request: WatchRequest, watcher: Watcher): Watch {
    const client = new WatchingClient(this, request, watcher);
    this.#clients.add(client);
    if (this.#state === 'stopped') setImmediate(endStopped, client);
    else client.begin(request);
    return client;
  }

  onReplicasChanged(): void {
    for (const upstream of [...this.#upstreams]) upstream.onReplicasChanged();
  }

  /** Ends all watches, so that clients go elsewhere. */
  stop(): void {
    this.#state = 'stopped';
    for (const client of [...this.#clients]) client.onEnded(STOPPING);
  }

  openUpstream(request: WatchRequest, listener: UpstreamListener): UpstreamWatch {
    const upstream = new UpstreamWatch(request, listener, this.#host);
    this.#upstreams.add(upstream);
    return upstream;
  }

  closeUpstream(upstream: UpstreamWatch): void {
    this.#upstreams.delete(upstream);
    upstream.cancel();
  }

  feedOf(range: WatchRange): WatchFeed | undefined {
    return this.#feeds.get(nameOf(range));
  }

  /** Told by `upstream` from now on, whose last word is `news`; without, by one that begins now. */
  createFeed(
    range: WatchRange,
    from: { readonly upstream: UpstreamWatch; readonly news: WatchNews } | null,
  ): WatchFeed {
    const feed = new WatchFeed(this, range, from);
    this.#feeds.set(nameOf(range), feed);
    return feed;
  }

  onFeedGone(feed: WatchFeed): void {
    const name = nameOf(feed.range);
    if (this.#feeds.get(name) === feed) this.#feeds.delete(name);
  }

  onClientGone(client: WatchingClient): void {
    this.#clients.delete(client);
  }
}

const STOPPING: Unavailable = {
  kind: 'unavailable',
  code: 'stopping',
  outcome: 'none',
  detail: 'this process is stopping',
};

const endStopped = (client: WatchingClient): void => {
  client.onEnded(STOPPING);
};

const nameOf = (range: WatchRange): string => (range.kind === 'key' ? `k${range.key}` : `p${range.prefix}`);

/** One watch of one client: told by the feed of its range, or by an upstream of its own. */
class WatchingClient implements Watch, UpstreamListener, FeedClient {
  readonly #path: WatchPath;
  readonly #range: WatchRange;
  readonly #watcher: Watcher;
  #credit: number;
  #feed: WatchFeed | null = null;
  #own: UpstreamWatch | null = null;
  /** What it has seen that the feed has not told yet; null: nothing. */
  #ahead: WatchPlace | null = null;
  /** It has been told anything. */
  #isWelcome = false;
  /** It has been told that it is up to date. */
  #hasSynced = false;
  #state: 'open' | 'ended' = 'open';

  constructor(path: WatchPath, request: WatchRequest, watcher: Watcher) {
    this.#path = path;
    this.#range = request.range;
    this.#watcher = watcher;
    this.#credit = request.credit;
  }

  begin(request: WatchRequest): void {
    if (request.start.kind !== 'now') {
      this.#own = this.#path.openUpstream(request, this);
      return;
    }
    const feed = this.#path.feedOf(this.#range) ?? this.#path.createFeed(this.#range, null);
    this.#feed = feed;
    feed.add(this);
    if (feed.isBegun) setImmediate(welcome, this);
  }

  welcome(): void {
    const news = this.#feed?.welcome ?? null;
    if (news === null || this.#isWelcome || this.#state === 'ended') return;
    this.#isWelcome = this.#hasSynced = true;
    this.#credit -= watchNewsBytes(news.events);
    this.#watcher.onNews(news);
  }

  grant(bytes: number): void {
    this.#credit += bytes;
    this.#own?.grant(bytes);
  }

  cancel(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#feed?.delete(this);
    if (this.#own !== null) this.#path.closeUpstream(this.#own);
    this.#path.onClientGone(this);
  }

  onEnded(ending: WatchEnding | Unavailable): void {
    if (this.#state === 'ended') return;
    this.cancel();
    this.#watcher.onEnded(ending);
  }

  /** Of its own upstream. */
  onNews(news: WatchNews): void {
    this.#credit -= watchNewsBytes(news.events);
    this.#isWelcome = true;
    this.#watcher.onNews(this.#hasSynced && news.synced ? { ...news, synced: false } : news);
    if (news.synced) this.#hasSynced = true;
    this.#join(news);
  }

  onFed(news: WatchNews, before: WatchPlace): void {
    this.#isWelcome = true;
    if (news.synced) this.#hasSynced = true;
    const from = this.#ahead ?? before;
    const unseen = this.#ahead === null ? news : withoutSeen(news, this.#ahead);
    if (this.#ahead !== null && !isBefore(news.place, this.#ahead)) this.#ahead = null;
    if (unseen === null) return;
    const bytes = watchNewsBytes(unseen.events);
    if (bytes <= this.#credit) {
      this.#credit -= bytes;
      this.#watcher.onNews(unseen);
      return;
    }
    // Too slow for the feed: a replica keeps its place, and tells it when it takes more, or that nobody keeps what follows.
    this.#feed?.delete(this);
    this.#feed = null;
    this.#ahead = null;
    const start = { kind: 'resume', token: { lineage: news.lineage, place: from } } as const;
    this.#own = this.#path.openUpstream({ range: this.#range, start, credit: this.#credit }, this);
  }

  /** The feed, once that has nothing behind it which this one has not seen. */
  #join(news: WatchNews): void {
    const { place } = news;
    const own = this.#own;
    if (own === null || !own.isLive || this.#state === 'ended') return;
    const feed = this.#path.feedOf(this.#range);
    if (feed === undefined) {
      this.#feed = this.#path.createFeed(this.#range, { upstream: own, news });
    } else {
      if (feed.place === null || isBefore(place, feed.place)) return;
      this.#ahead = isBefore(feed.place, place) ? place : null;
      this.#feed = feed;
      this.#path.closeUpstream(own);
    }
    this.#own = null;
    this.#feed.add(this);
  }
}

const welcome = (client: WatchingClient): void => {
  client.welcome();
};

/** null: there is nothing in it that is not behind `place`. */
function withoutSeen(news: WatchNews, place: WatchPlace): WatchNews | null {
  if (!isBefore(place, news.place)) return null;
  return { ...news, events: news.events.filter((event) => isBefore(place, event.place)) };
}
