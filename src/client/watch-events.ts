import type { StreamEvent } from './event-stream.ts';
import { bytesOf, entryOf, textOf, type Envelope, type KvEntry } from './kv-entry.ts';
import { KvError } from './kv-error.ts';

/** Each has an `id`: whoever keeps that can go on behind it, in another process too. */
export type KvWatchEvent =
  | { readonly kind: 'put'; readonly id: string; readonly entry: KvEntry }
  | {
      /** `expire`: its time was over. `evict`: the store had to make room. */
      readonly kind: 'delete' | 'expire' | 'evict';
      readonly id: string;
      readonly key: string;
      readonly keyBytes: Uint8Array;
      readonly revision: number;
      readonly version: number;
    }
  /**
   * `synced`: all that there was so far has been told; again after each reconnection. `progress`: nothing else has happened up to
   * this revision.
   */
  | { readonly kind: 'synced' | 'progress'; readonly id: string; readonly revision: number };

interface Gone {
  readonly key?: string;
  readonly keyB64?: string;
  readonly revision: number;
  readonly version: number;
}

/**
 * null: one that this release does not know.
 * @throws KvError `bad-answer`
 */
export function watchEventOf({ name, id, data }: StreamEvent): KvWatchEvent | null {
  if (id === null) return null;
  try {
    return eventOf(name, id, JSON.parse(data));
  } catch (cause) {
    throw new KvError({
      code: 'bad-answer',
      detail: 'An event of a watch is none of kvstore; is the url right?',
      cause,
    });
  }
}

function eventOf(name: string, id: string, body: unknown): KvWatchEvent | null {
  switch (name) {
    case 'put':
      return { kind: name, id, entry: entryOf(body as Envelope) };
    case 'delete':
    case 'expire':
    case 'evict': {
      const { key, keyB64, revision, version } = body as Gone;
      const keyBytes = bytesOf(key, keyB64);
      return { kind: name, id, key: key ?? textOf(keyBytes), keyBytes, revision, version };
    }
    case 'synced':
    case 'progress':
      return { kind: name, id, revision: (body as Gone).revision };
    default:
      return null;
  }
}
