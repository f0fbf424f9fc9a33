import type { KvEntry, KvKeyInfo } from '../client/index.ts';
import type { Forms } from './output.ts';
import { bytesText, utf8Of, visible, visibleLine } from './text.ts';

/** As the HTTP interface writes it, so that a program may read either. */
export function entryJson(entry: KvEntry): object {
  const { revision, version, createRevision, contentType, expiresAt, idle, etag } = entry;
  return {
    ...keyJson(entry),
    ...valueJson(entry.value),
    revision,
    version,
    createRevision,
    contentType,
    expiresAt,
    idle,
    etag,
  };
}

export function keyInfoJson(info: KvKeyInfo): object {
  const { revision, version, createRevision, contentType, expiresAt, idle, etag } = info;
  return { ...keyJson(info), revision, version, createRevision, contentType, expiresAt, idle, etag };
}

export const keyJson = ({ key, keyBytes }: Pick<KvKeyInfo, 'key' | 'keyBytes'>): object =>
  utf8Of(keyBytes) === null ? { keyB64: base64Of(keyBytes) } : { key };

export function valueJson(value: Uint8Array): object {
  const text = utf8Of(value);
  return text === null ? { valueB64: base64Of(value) } : { value: text };
}

export const valueForms = (entry: KvEntry): Forms => ({
  json: () => entryJson(entry),
  text: () => valueText(entry.value),
  raw: () => entry.value,
});

/** For people: bytes are not thrown at a terminal. */
export function valueText(value: Uint8Array): string {
  const text = utf8Of(value);
  return text === null ? `${bytesText(value.byteLength)} that are no text: -o raw prints them.` : visible(text);
}

export const keyText = (info: Pick<KvKeyInfo, 'key'>): string => visibleLine(info.key);

export const base64Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
