import type { BatchOperation, KvEntry, Ttl } from '../client/index.ts';
import { readUuid } from '../protocol/http/uuid.ts';
import { keyJson, valueJson } from './entry-forms.ts';

/** Files of keys: one to a line. A later line about a key replaces an earlier one. */

export const FORMATS = ['jsonl', 'uuid-lines'] as const;
export type Format = (typeof FORMATS)[number];

/** What a line asks for. */
export type Asked =
  | { readonly kind: 'write'; readonly operation: BatchOperation; readonly id: string }
  /** Its time was over before it came here. */
  | { readonly kind: 'expired' }
  /** It deletes what is to be left as it is. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'bad'; readonly reason: string };

export interface RecordOptions {
  readonly format: Format;
  /** Before each key. */
  readonly prefix: string;
  readonly onlyAbsent: boolean;
  readonly nowMs: number;
}

export const putLine = (entry: KvEntry): string => {
  const { contentType, expiresAt, idle } = entry;
  return JSON.stringify({
    ...keyJson(entry),
    ...valueJson(entry.value),
    ...(contentType === null ? {} : { contentType }),
    ...(expiresAt === null ? {} : { expiresAt }),
    ...(idle === null ? {} : { idle }),
  });
};

/** That a key which an earlier line may name is gone. */
export const goneLine = (gone: { readonly key: string; readonly keyBytes: Uint8Array }): string =>
  JSON.stringify({ ...keyJson(gone), deleted: true });

export function recordOf(line: string, options: RecordOptions): Asked {
  return options.format === 'jsonl' ? jsonRecord(line, options) : uuidRecord(line, options);
}

interface JsonLine {
  readonly key?: unknown;
  readonly keyB64?: unknown;
  readonly value?: unknown;
  readonly valueB64?: unknown;
  readonly contentType?: unknown;
  readonly expiresAt?: unknown;
  readonly ttl?: unknown;
  readonly idle?: unknown;
  readonly deleted?: unknown;
}

function jsonRecord(line: string, options: RecordOptions): Asked {
  let body: JsonLine | null;
  try {
    body = JSON.parse(line) as JsonLine | null;
  } catch (error) {
    return bad(`it is no JSON: ${(error as Error).message}`);
  }
  if (typeof body !== 'object' || body === null) return bad('it is no object of JSON');
  const key = bytesOrText(body.key, body.keyB64);
  if (key === null) return bad('it has neither "key" nor "keyB64" in base64');
  if (body.deleted === true) {
    if (options.onlyAbsent) return { kind: 'skipped' };
    return { kind: 'write', operation: { delete: { key: prefixed(key, options.prefix) } }, id: idOf(key) };
  }
  const value = bytesOrText(body.value, body.valueB64);
  if (value === null) return bad('it has neither "value" nor "valueB64" in base64');
  const { contentType = null } = body;
  if (contentType !== null && typeof contentType !== 'string') return bad('"contentType" is no text');
  const ttl = ttlOf(body, options.nowMs);
  if (ttl !== null && typeof ttl === 'object') return ttl;
  const { idle = null } = body;
  if (idle !== null && typeof idle !== 'string' && typeof idle !== 'number') return bad('"idle" is no time');
  return writeOf({ key, value, contentType, ttl, idle: idle === null ? null : String(idle) }, options);
}

/** `UUID value`, as a replica's data file has them: white space at either end does not count. */
function uuidRecord(line: string, options: RecordOptions): Asked {
  const [, key = '', value = ''] = /^(\S+) (.+)$/su.exec(line.trim()) ?? [];
  if (value === '') return bad('it is no UUID, a space and a value');
  const uuid = readUuid(key);
  if (uuid.kind === 'malformed') return bad(`it begins with no UUID: ${uuid.reason}`);
  if (uuid.version !== 4) return bad('its UUID is not of version 4');
  return writeOf({ key: uuid.canonical, value, contentType: null, ttl: null, idle: null }, options);
}

interface Write {
  readonly key: string | Uint8Array;
  readonly value: string | Uint8Array;
  readonly contentType: string | null;
  /** null: for ever. */
  readonly ttl: string | null;
  readonly idle: string | null;
}

function writeOf({ key, value, contentType, ttl, idle }: Write, { prefix, onlyAbsent }: RecordOptions): Asked {
  const put = {
    key: prefixed(key, prefix),
    value,
    ...(contentType === null ? {} : { contentType }),
    ...(ttl === null ? {} : { ttl: ttl as Ttl }),
    ...(idle === null ? {} : { idle: idle as Ttl }),
    ...(onlyAbsent ? { ifNoneMatch: '*' } : {}),
  };
  return { kind: 'write', operation: { put }, id: idOf(key) };
}

/** null: for ever. */
function ttlOf({ ttl, expiresAt }: JsonLine, nowMs: number): string | null | Asked {
  if (ttl !== undefined && ttl !== null) {
    return typeof ttl === 'string' || typeof ttl === 'number' ? String(ttl) : bad('"ttl" is no time');
  }
  if (expiresAt === undefined || expiresAt === null) return null;
  const atMs = typeof expiresAt === 'string' ? Date.parse(expiresAt) : NaN;
  if (Number.isNaN(atMs)) return bad('"expiresAt" is no time');
  return atMs <= nowMs ? { kind: 'expired' } : `${atMs - nowMs}ms`;
}

/** null: neither, or what is none. */
function bytesOrText(text: unknown, base64: unknown): string | Uint8Array | null {
  if (typeof text === 'string') return text.isWellFormed() ? text : null;
  if (typeof base64 !== 'string') return null;
  const bytes = Buffer.from(base64, 'base64');
  // Node leaves out what is no base64: another value would be written.
  return bytes.toString('base64') === base64 ? Uint8Array.from(bytes) : null;
}

const prefixed = (key: string | Uint8Array, prefix: string): string | Uint8Array => {
  if (prefix === '') return key;
  return typeof key === 'string' ? prefix + key : Uint8Array.from(Buffer.concat([Buffer.from(prefix), key]));
};

const idOf = (key: string | Uint8Array): string =>
  typeof key === 'string' ? key : Buffer.from(key).toString('latin1');

const bad = (reason: string): Asked => ({ kind: 'bad', reason });
