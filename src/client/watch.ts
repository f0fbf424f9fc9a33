import { Cancellation, type Attempt } from './cancellation.ts';
import { eventsIn } from './event-stream.ts';
import { READ, type Request } from './exchange.ts';
import { KvError } from './kv-error.ts';
import type { Settings } from './options.ts';
import { timedOut, unreachable } from './problems.ts';
import { pauseMs } from './retries.ts';
import { target } from './targets.ts';
import type { Opened, Transport } from './transport.ts';
import { watchEventOf, type KvWatchEvent } from './watch-events.ts';

export interface WatchOptions {
  /** All keys that begin so; an empty one: every key there is. */
  readonly prefix: string;
  /** Where to go on: the `id` of an event that was seen, or `watchFrom` of a page. By default: now. */
  readonly from?: string;
  /** What is there now comes first, as puts, and then `synced`. @default false */
  readonly snapshot?: boolean;
  /** Ends it: the loop fails with the code `aborted`. */
  readonly signal?: AbortSignal;
}

export type KeyWatchOptions = Omit<WatchOptions, 'prefix'> & { readonly key: string };

/** For whoever has to know how recent it is what a watch has told. */
export interface StreamListener {
  /** Another stream: it is behind until it tells `synced`. */
  onOpen(): void;
  /** Something has come, if only a comment; before what came is told. */
  onSign(): void;
}

/** The store says something at least every 15 s. */
const SILENCE_MS = 45_000;

/**
 * Comes again with the last id whenever a stream ends, for as long as one can be had within the client's `timeoutMs`; before it has
 * told anything it gives up as any call does, after the client's `retries`, too. It reads on
 * when the loop does, and keeps one chunk. The store does not wait for a reader that is slow: it is told what is still kept,
 * and then `compacted`.
 */
export async function* watch(
  transport: Transport,
  settings: Settings,
  options: WatchOptions | KeyWatchOptions,
  listener: StreamListener | null = null,
): AsyncGenerator<KvWatchEvent> {
  const cancel = new Cancellation([settings.signal, options.signal ?? null]);
  let lastId = options.from ?? null;
  let hasTold = false;
  /** Since something was told: an opening is no success, for who opens and ends at once is no better than who refuses. */
  let attempts = 0;
  let failingSinceMs: number | null = null;
  try {
    for (;;) {
      if (cancel.isAborted()) throw cancel.error();
      const attempt = cancel.begin(settings.attemptTimeoutMs);
      let opened: Opened | null = null;
      let failure = ENDED;
      try {
        opened = await transport.open(requestOf(options, lastId), { cancel, attempt });
        listener?.onOpen();
        for await (const event of eventsIn(chunksOf(opened.body, attempt, listener))) {
          // `overflow` has none: the next answer tells whether anything is lost.
          if (event.id === null) continue;
          lastId = event.id;
          hasTold = true;
          attempts = 0;
          failingSinceMs = null;
          const told = watchEventOf(event);
          if (told !== null) yield told;
          if (cancel.isAborted()) throw cancel.error();
        }
      } catch (error) {
        failure = failureOf(error, { cancel, attempt, opened });
      } finally {
        attempt.cut();
      }
      attempts += 1;
      failingSinceMs ??= performance.now();
      const waitMs = pauseMs(failure, { attempts, random: Math.random });
      const isOver = performance.now() + waitMs - failingSinceMs >= settings.timeoutMs;
      const isVain = !hasTold && attempts > settings.retries;
      if (!failure.retryable || isOver || isVain) throw failure;
      await cancel.sleep(waitMs);
    }
  } finally {
    cancel.release();
  }
}

const ENDED = new KvError({
  code: 'unreachable',
  detail: 'The store ended the watch, and none could be had again.',
  retryable: true,
});

interface Place {
  readonly cancel: Cancellation;
  readonly attempt: Attempt;
  /** null: the answer had not begun. */
  readonly opened: Opened | null;
}

function failureOf(error: unknown, { cancel, attempt, opened }: Place): KvError {
  if (cancel.isAborted()) return cancel.error();
  if (error instanceof KvError) return error;
  // Misuse: what cannot be sent.
  if (opened === null) throw error;
  opened.turnAway();
  return attempt.isOver ? timedOut(opened.url, 'none', error) : unreachable(error, opened.url, 'none');
}

function requestOf(options: WatchOptions | KeyWatchOptions, lastId: string | null): Request {
  const range = 'key' in options ? { key: options.key } : { prefix: options.prefix };
  const start = lastId === null && options.snapshot === true ? { snapshot: 'true' } : {};
  const headers = lastId === null ? {} : { 'Last-Event-ID': lastId };
  return { method: 'GET', target: target('/v1/watch', { ...range, ...start }), headers, effect: READ };
}

/** The time runs while a chunk is waited for, and not while the last one is worked on. */
async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  attempt: Attempt,
  listener: StreamListener | null,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  for (;;) {
    attempt.restart(SILENCE_MS);
    const { done, value } = await reader.read();
    attempt.pause();
    if (done) return;
    listener?.onSign();
    yield value;
  }
}
