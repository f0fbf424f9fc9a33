import { decodeSessionToken } from '../protocol/http/session-token.ts';
import { textOfKey, type KvEntry } from './kv-entry.ts';
import { covers, type OwnWrites, type Written } from './own-writes.ts';
import type { KvWatchEvent } from './watch-events.ts';

export interface CacheLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
  readonly stalenessMs: number;
}

/** A read that is under way. */
export interface Reading {
  readonly key: string;
  readonly history: History;
  /** The revision from which on its answer may be kept. */
  atLeast: number;
  /** A write of this client was under way beside it: which of the two the store saw first is not known. */
  isSpoilt: boolean;
}

export type Found =
  | { readonly kind: 'hit'; readonly entry: KvEntry | null }
  | { readonly kind: 'miss'; readonly reading: Reading }
  /** Nothing is known to be recent enough. */
  | { readonly kind: 'bypass' };

/** What the watch has told so far, and of which lineage. */
interface History {
  readonly lineageId: string;
  revision: number;
}

/** null: the key has no value. */
interface Held {
  entry: KvEntry | null;
  /** The key is as it was at this revision, and at all since that the watch has told. */
  revision: number;
  bytes: number;
}

/** What an entry takes beside its key and its value, roughly. */
const ENTRY_BYTES = 300;

/**
 * What is kept of reads, and when it may be shown: a decision without clock or network. A read is kept if its answer is
 * (1) of the lineage that is watched, (2) at or beyond all that the watch had told when it began, and (3) beyond whatever the watch
 * has told of its key since; what the watch tells later changes it. So what is held is what the key was at the revision that the
 * watch has reached, or later. It is shown while the watch has given a sign within the last `stalenessMs`.
 */
export class CacheState {
  readonly #limits: CacheLimits;
  readonly #ownWrites: OwnWrites;
  /** Whoever was used last stands last. */
  readonly #held = new Map<string, Held>();
  readonly #readings = new Map<string, Set<Reading>>();
  /** null: nothing is known of what is watched. */
  #history: History | null = null;
  #bytes = 0;
  /** Whether this stream has told all that there was when it began. */
  #isSynced = false;
  #freshMs = -Infinity;
  hits = 0;
  misses = 0;
  bypasses = 0;

  constructor(limits: CacheLimits, ownWrites: OwnWrites) {
    this.#limits = limits;
    this.#ownWrites = ownWrites;
  }

  get entries(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  isFresh(nowMs: number): boolean {
    return nowMs - this.#freshMs <= this.#limits.stalenessMs;
  }

  find(key: string, nowMs: number): Found {
    const history = this.#history;
    if (history === null || !this.isFresh(nowMs)) {
      this.bypasses += 1;
      return { kind: 'bypass' };
    }
    const held = this.#held.get(key);
    if (held !== undefined) {
      this.hits += 1;
      this.#held.delete(key);
      this.#held.set(key, held);
      return { kind: 'hit', entry: held.entry };
    }
    this.misses += 1;
    const reading = { key, history, atLeast: history.revision, isSpoilt: this.#ownWrites.touch(key) };
    const beside = this.#readings.get(key) ?? new Set();
    this.#readings.set(key, beside.add(reading));
    return { kind: 'miss', reading };
  }

  /** The read has its answer, and what state that shows, as its token says; null: it said nothing. */
  keep(reading: Reading, entry: KvEntry | null, token: string | null): void {
    const state = token === null ? null : decodeSessionToken(token);
    // Another history has begun meanwhile, if only in what this cache knows.
    if (state === null || reading.history !== this.#history || reading.isSpoilt) return;
    if (state.lineage.id !== reading.history.lineageId || state.revision < reading.atLeast) return;
    const { key } = reading;
    const known = this.#held.get(key);
    if (known === undefined || known.revision < state.revision) this.#set(key, entry, state.revision);
  }

  /** The read is over, whatever came of it. */
  leave(reading: Reading): void {
    const beside = this.#readings.get(reading.key);
    beside?.delete(reading);
    if (beside?.size === 0) this.#readings.delete(reading.key);
  }

  /** No read that begins after the write has ended is older, for it is sent with the token that the write has brought. */
  onOwnWrite(written: Written): void {
    for (const [key, beside] of this.#readings)
      if (covers(written, key)) for (const reading of beside) reading.isSpoilt = true;
    if (written.kind === 'keys') for (const key of written.keys) this.#drop(key);
    else for (const key of [...this.#held.keys()]) if (covers(written, key)) this.#drop(key);
  }

  onStreamOpen(): void {
    this.#isSynced = false;
  }

  /** The store is heard. What it says while it is behind says nothing of how things are now. */
  onSign(nowMs: number): void {
    if (this.#isSynced) this.#freshMs = nowMs;
  }

  onEvent(event: KvWatchEvent, nowMs: number): void {
    const place = decodeSessionToken(event.id.split('.')[0] ?? '');
    if (place === null) {
      // The id of a newer release: nothing can be compared with it.
      this.forget();
      return;
    }
    if (this.#history?.lineageId !== place.lineage.id) this.forget();
    const history = (this.#history ??= { lineageId: place.lineage.id, revision: 0 });
    const revision = event.kind === 'put' ? event.entry.revision : event.revision;
    history.revision = Math.max(history.revision, place.revision, revision);
    if (event.kind === 'put') this.#onChange(event.entry, event.entry, revision);
    else if (event.kind === 'delete' || event.kind === 'expire' || event.kind === 'evict')
      this.#onChange(event, null, revision);
    else if (event.kind === 'synced') {
      this.#isSynced = true;
      this.#freshMs = nowMs;
    }
  }

  /** What was told is no ground for anything any more. */
  forget(): void {
    this.#held.clear();
    this.#bytes = 0;
    this.#history = null;
    this.#isSynced = false;
    this.#freshMs = -Infinity;
  }

  #onChange(
    of: { readonly key: string; readonly keyBytes: Uint8Array },
    entry: KvEntry | null,
    revision: number,
  ): void {
    const key = textOfKey(of);
    if (key === null) return;
    for (const reading of this.#readings.get(key) ?? []) reading.atLeast = Math.max(reading.atLeast, revision);
    const held = this.#held.get(key);
    if (held !== undefined && held.revision < revision) this.#set(key, entry, revision);
  }

  /** Where it stands already it keeps its place: that the store has changed it is no use of it. */
  #set(key: string, entry: KvEntry | null, revision: number): void {
    const bytes = ENTRY_BYTES + key.length + (entry?.value.byteLength ?? 0);
    this.#bytes += bytes - (this.#held.get(key)?.bytes ?? 0);
    this.#held.set(key, { entry, revision, bytes });
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= this.#limits.entriesMax && this.#bytes <= this.#limits.bytesMax) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#held.get(key)?.bytes ?? 0;
    this.#held.delete(key);
  }
}
