import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../ports/telemetry.ts';
import type { ApiClient } from './api-client.ts';
import type { BuildList } from './group-requests.ts';
import { objectAt, textAt, type JsonObject } from './json.ts';

export interface ListAndWatchOptions {
  readonly client: ApiClient;
  readonly list: BuildList;
  /** What is watched, for the log. */
  readonly subject: string;
  /** A watch that says nothing for this long is begun anew. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
  readonly log: Log;
}

const PAUSE_MIN_MS = 25;
const PAUSE_MAX_MS = 1000;
/** A watch that lasted this long was a working one: what ends it then is the first failure of a new series. */
const HEALTHY_MS = 5000;
/** Watches end now and then, each at a time of its own, so that clients spread over API servers that came back. */
const LIFETIME_MS = 300_000;

/**
 * The objects of a list, whole, after every list and every change, for as long as `signal` does not abort.
 *
 * Whatever ends a watch, in good order or not, is followed by a list: resuming at the last version would save one small
 * request, and be wrong after the API server's store was restored from a backup, when versions start over and a watch
 * from a version of the future stays silent. client-node's informers stop at some errors, and none notices silence.
 */
export async function* listAndWatch(options: ListAndWatchOptions): AsyncGenerator<readonly JsonObject[]> {
  const { client, list, silenceMs, signal } = options;
  const outage = new Outage(options);
  const isWanted = (): boolean => !signal.aborted;
  let failures = 0;
  while (isWanted()) {
    const begunAt = performance.now();
    let step: Step = 'list';
    const wasHealthy = (): boolean => step === 'watch' && performance.now() - begunAt > HEALTHY_MS;
    try {
      const { items, resourceVersion } = await client.list(list);
      outage.onList();
      step = 'watch';
      const byName = new Map(items.map((item) => [nameOf(item), item]));
      yield [...byName.values()];
      const lifetimeMs = LIFETIME_MS * (1 + Math.random());
      for await (const event of client.watch(list, { resourceVersion, lifetimeMs, silenceMs, signal })) {
        if (event.kind === 'bookmark') continue;
        if (event.kind === 'changed') byName.set(nameOf(event.object), event.object);
        else byName.delete(nameOf(event.object));
        yield [...byName.values()];
      }
    } catch (error) {
      if (isWanted()) outage.onFailure(step, messageOf(error), { isFirst: failures === 0 || wasHealthy() });
    }
    failures = wasHealthy() ? 1 : failures + 1;
    await sleep(pauseMs(failures), null, { signal }).catch(() => undefined);
  }
}

type Step = 'list' | 'watch';

/** What the log says: nothing of a watch that broke and was replaced at once, one line for what lasts, one at its end. */
class Outage {
  readonly #log: Log;
  readonly #subject: string;
  #step: Step | null = null;

  constructor({ log, subject }: { readonly log: Log; readonly subject: string }) {
    this.#log = log;
    this.#subject = subject;
  }

  onList(): void {
    if (this.#step !== 'list') return;
    this.#step = null;
    this.#log.info('kubernetes-watch-recovered', { subject: this.#subject });
  }

  onFailure(step: Step, reason: string, { isFirst }: { readonly isFirst: boolean }): void {
    const fields = { subject: this.#subject, step, reason };
    if (isFirst) this.#step = null;
    if (isFirst || this.#step === step) {
      this.#log.debug('kubernetes-watch-broken', fields);
      return;
    }
    this.#step = step;
    this.#log.warn('kubernetes-watch-failing', fields);
  }
}

/** Drawn, so that the clients of an API server that comes back do not come all at once. */
const pauseMs = (failures: number): number =>
  (0.5 + Math.random() / 2) * Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(failures - 1, 10));

const nameOf = (object: JsonObject): string => textAt(objectAt(object, 'metadata'), 'name') ?? '';

/** undici wraps what went wrong: the causes say more than the error. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.message || error.name;
  return error.cause instanceof Error ? `${text}: ${messageOf(error.cause)}` : text;
}
