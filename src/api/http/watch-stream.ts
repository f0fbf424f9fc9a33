import type { ServerResponse } from 'node:http';

import { watchNewsBytes, type WatchEnding, type WatchNews } from '../../core/store/watching.ts';
import type { Unavailable, Watch, Watcher } from '../../ports/data-operations.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import { COMMENT, overflowText, STREAM_OPENING, textOfNews } from '../../protocol/http/watch-events.ts';
import type { ApiContext } from './context.ts';
import { sendProblem } from './respond.ts';
import { refusalOf } from './unavailable.ts';
import type { Stream } from './watch-streams.ts';

/** What a reader may leave unread before it is told no more; at most as much again is on its way then. */
export const WATCH_CREDIT_BYTES = 64 * 1024;
/** More is granted in pieces of this size, and not for every event. */
const GRANT_BYTES = WATCH_CREDIT_BYTES / 2;
/** Who has been told that the stream ends, and does not read it, is cut off. */
const FAREWELL_MS = 5000;

const HEADERS = [
  'Content-Type',
  'text/event-stream',
  'Cache-Control',
  'no-store',
  // nginx gathers answers, unless it is told not to.
  'X-Accel-Buffering',
  'no',
];

/** The same news goes to many: it becomes bytes once. */
const bytesOfNews = new WeakMap<WatchNews, Buffer>();

function bytesOf(news: WatchNews): Buffer {
  const known = bytesOfNews.get(news);
  if (known !== undefined) return known;
  const bytes = Buffer.from(textOfNews(news));
  bytesOfNews.set(news, bytes);
  return bytes;
}

/**
 * One watch over HTTP. What the reader does not take stays in its socket up to the credit, and is not asked for beyond it: whoever
 * feeds it keeps its place meanwhile.
 */
export class WatchStream implements Watcher, Stream {
  readonly #context: ApiContext;
  readonly #response: ServerResponse;
  #watch: Watch | null = null;
  #state: 'waiting' | 'begun' | 'ended' = 'waiting';
  /** What was told since more was granted. */
  #toldBytes = 0;
  #grantIsDue = false;

  constructor(context: ApiContext, response: ServerResponse) {
    this.#context = context;
    this.#response = response;
    response.on('close', () => {
      this.#leave();
      this.#watch?.cancel();
    });
  }

  attach(watch: Watch): void {
    this.#watch = watch;
  }

  onNews(news: WatchNews): void {
    if (this.#state === 'ended') return;
    const isFirst = this.#state === 'waiting';
    if (isFirst) this.#begin();
    this.#toldBytes += watchNewsBytes(news.events);
    // The first says that the watch is accepted, and perhaps nothing else.
    if (!isFirst || news.events.length > 0 || news.synced) this.#write(news);
  }

  onEnded(ending: WatchEnding | Unavailable): void {
    if (this.#state === 'ended') return;
    const wasBegun = this.#state === 'begun';
    this.#leave();
    if (!wasBegun) {
      this.#refuse(ending);
      return;
    }
    // Whatever else it is, whoever comes again with the last id is told.
    this.#response.end(ending.kind === 'compacted' ? overflowText(ending.oldestRevision) : undefined);
    setTimeout(cutOff, FAREWELL_MS, this.#response).unref();
  }

  comment(): void {
    // Who does not read needs no sign of life.
    if (this.#response.writableLength === 0) this.#response.write(COMMENT);
  }

  #begin(): void {
    const response = this.#response;
    this.#state = 'begun';
    this.#context.streams.add(this);
    // Ended by the end of the connection: each event is one piece on the wire, not three.
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.writeHead(200, HEADERS);
    response.write(STREAM_OPENING);
  }

  #write(news: WatchNews): void {
    const writer = this.#response.socket ?? this.#response;
    if (this.#toldBytes < GRANT_BYTES || this.#grantIsDue) {
      writer.write(bytesOf(news));
      return;
    }
    this.#grantIsDue = true;
    // Called once the kernel has taken it.
    writer.write(bytesOf(news), () => {
      this.#grantIsDue = false;
      const bytes = this.#toldBytes;
      this.#toldBytes = 0;
      if (this.#state === 'begun') this.#watch?.grant(bytes);
    });
  }

  #refuse(ending: WatchEnding | Unavailable): void {
    const refusal = ending.kind === 'unavailable' ? refusalOf(ending, this.#context.metrics) : faultOfEnding(ending);
    const more = ending.kind === 'compacted' ? { oldestRevision: ending.oldestRevision } : {};
    sendProblem(this.#response, refusal, [], more);
  }

  #leave(): void {
    if (this.#state === 'begun') this.#context.streams.delete(this);
    this.#state = 'ended';
  }
}

function faultOfEnding(ending: WatchEnding): Fault {
  switch (ending.kind) {
    case 'declined':
      return fault(ending.code);
    case 'compacted':
      return fault(
        'compacted',
        `What came next is not kept any more: the oldest revision is ${ending.oldestRevision}.`,
      );
    case 'replaced-lineage':
      return fault('replaced-lineage');
  }
}

const cutOff = (response: ServerResponse): void => {
  response.destroy();
};
