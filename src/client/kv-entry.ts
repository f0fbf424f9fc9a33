import type { Ttl } from './options.ts';

/** What is known of a value beside its bytes. */
export interface KvKeyInfo {
  /** With U+FFFD for what is not UTF-8: {@link keyBytes} is exact. */
  readonly key: string;
  readonly keyBytes: Uint8Array;
  readonly contentType: string | null;
  /** Opaque; for `ifMatch` and `ifNoneMatch`. */
  readonly etag: string;
  /** Of the last change, in the numbers of this history. */
  readonly revision: number;
  /** How often the key was changed. */
  readonly version: number;
  readonly createRevision: number;
  /** By the store's clock; null: it stays. */
  readonly expiresAt: Date | null;
  /** It goes when it has not been read or written for so long; null: it stays. */
  readonly idle: Ttl | null;
}

/** The JSON form of the HTTP interface. */
export interface Envelope {
  readonly key?: string;
  readonly keyB64?: string;
  readonly value?: string;
  readonly valueB64?: string;
  readonly revision: number;
  readonly version: number;
  readonly createRevision: number;
  readonly contentType: string | null;
  readonly expiresAt: string | null;
  readonly idle: Ttl | null;
  readonly etag: string;
}

const encoder = new TextEncoder();
/** As they are: neither a mark at the beginning nor anything else is left out. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strictDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** With U+FFFD for what is not UTF-8. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

/** null: it is not UTF-8, so that no text names it. */
export function textOfKey({ key, keyBytes }: Pick<KvKeyInfo, 'key' | 'keyBytes'>): string | null {
  if (!key.includes('\ufffd')) return key;
  return Buffer.compare(encoder.encode(key), keyBytes) === 0 ? key : null;
}

export function keyInfoOf(envelope: Envelope): KvKeyInfo {
  const keyBytes = bytesOf(envelope.key, envelope.keyB64);
  const { contentType, etag, revision, version, createRevision, expiresAt, idle } = envelope;
  return {
    key: envelope.key ?? textOf(keyBytes),
    keyBytes,
    contentType,
    etag,
    revision,
    version,
    createRevision,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    idle,
  };
}

/** A value, with what is known of it. */
export class KvEntry implements KvKeyInfo {
  readonly key: string;
  readonly keyBytes: Uint8Array;
  readonly value: Uint8Array;
  readonly contentType: string | null;
  readonly etag: string;
  readonly revision: number;
  readonly version: number;
  readonly createRevision: number;
  readonly expiresAt: Date | null;
  readonly idle: Ttl | null;

  constructor(info: KvKeyInfo, value: Uint8Array) {
    this.key = info.key;
    this.keyBytes = info.keyBytes;
    this.value = value;
    this.contentType = info.contentType;
    this.etag = info.etag;
    this.revision = info.revision;
    this.version = info.version;
    this.createRevision = info.createRevision;
    this.expiresAt = info.expiresAt;
    this.idle = info.idle;
  }

  /** @throws TypeError if the value is not UTF-8. */
  text(): string {
    return strictDecoder.decode(this.value);
  }

  /** @throws TypeError if the value is not UTF-8, SyntaxError if it is not JSON. */
  json(): unknown {
    return JSON.parse(this.text()) as unknown;
  }
}

export const entryOf = (envelope: Envelope): KvEntry =>
  new KvEntry(keyInfoOf(envelope), bytesOf(envelope.value, envelope.valueB64));

/** An array of its own: a small `Buffer` is a part of a pool, which it would keep. */
export function bytesOf(text: string | undefined, base64: string | undefined): Uint8Array {
  return text === undefined ? Uint8Array.from(Buffer.from(base64 ?? '', 'base64')) : encoder.encode(text);
}
