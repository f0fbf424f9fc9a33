import type { ServerResponse } from 'node:http';
import type { JsonObject } from './json.ts';
import { watchEvent, type ListQuery } from './list-query.ts';
import type { Change, ObjectStore } from './object-store.ts';
import type { KubeObject } from './resources/resource.ts';
import { expired } from './status.ts';

export interface WatchTimes {
  /** A bookmark comes this often at least, if the client takes them. */
  readonly bookmarkMs: number;
  /** A watch whose client does not say how long ends after this and up to twice as long. */
  readonly timeoutMs: number;
}

/** A client that does not read is cut off before what waits for it fills the memory. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;
/** The last bookmark comes this long before the end, so that the next watch begins from there. */
const LAST_BOOKMARK_MS = 2000;
/** Node fires timers beyond this at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Streams events, one JSON line each, until the time is over, the client goes or `signal` aborts. */
export function streamWatch(options: {
  readonly store: ObjectStore;
  readonly query: ListQuery;
  readonly response: ServerResponse;
  readonly times: WatchTimes;
  /** The object as the client knows it, with kind and version. */
  readonly present: (object: KubeObject) => JsonObject;
  /** A bookmark's object: nothing but a version. */
  readonly bookmark: (metadata: JsonObject) => JsonObject;
  readonly signal: AbortSignal;
}): void {
  const { store, query, response, times, signal } = options;
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();

  // Without a version, or with 0, it begins with what there is now.
  const from = query.resourceVersion ?? 0;
  const beginning = from === 0 || query.initialEvents ? store.version : from;
  const send = (type: string, object: JsonObject): void => {
    response.write(`${JSON.stringify({ type, object })}\n`);
    if (response.writableLength > WAITING_BYTES_MAX) response.destroy();
  };
  const sendChange = (change: Change): void => {
    // A version from the future: the client has seen this change somewhere.
    if (change.version <= from) return;
    const event = watchEvent(change, query.selection);
    if (event !== null) send(event.type, options.present(event.object));
  };

  if (from === 0 || query.initialEvents) {
    const { resource, namespace, matches } = query.selection;
    for (const object of store.list(resource, namespace)) if (matches(object)) send('ADDED', options.present(object));
    if (query.initialEvents && query.bookmarks) {
      const annotations = { 'k8s.io/initial-events-end': 'true' };
      send('BOOKMARK', options.bookmark({ resourceVersion: String(store.version), annotations }));
    }
  } else {
    const missed = store.changesAfter(from);
    if (missed === null) {
      send('ERROR', expired(`too old resource version: ${from} (${store.oldestVersion})`).toStatus());
      response.end();
      return;
    }
    for (const change of missed) sendChange(change);
  }

  const unsubscribe = store.subscribe(sendChange);
  const askedMs = query.timeoutSeconds > 0 ? query.timeoutSeconds * 1000 : times.timeoutMs * (1 + Math.random());
  const durationMs = Math.min(askedMs, TIMER_MS_MAX);
  const sendBookmark = (): void => {
    if (store.version > beginning) send('BOOKMARK', options.bookmark({ resourceVersion: String(store.version) }));
  };
  const timers = [setTimeout(() => response.end(), durationMs)];
  if (query.bookmarks) {
    timers.push(setInterval(sendBookmark, times.bookmarkMs));
    timers.push(setTimeout(sendBookmark, Math.max(0, durationMs - LAST_BOOKMARK_MS)));
  }
  const end = (): void => void response.end();
  signal.addEventListener('abort', end);
  response.once('close', () => {
    unsubscribe();
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener('abort', end);
  });
}
