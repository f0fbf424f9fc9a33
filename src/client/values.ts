/** What can be written: text, bytes, or whatever JSON can say. */
export type KvValue = string | Uint8Array | { readonly json: unknown };

/** A key as text, or as bytes that need not be UTF-8. */
export type KvKey = string | Uint8Array;

export interface EncodedValue {
  readonly body: string | Uint8Array;
  /** null: none is said. */
  readonly contentType: string | null;
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

/** @throws TypeError for what cannot be written without falsifying it. */
export function encodedValue(value: KvValue, contentType: string | undefined): EncodedValue {
  // A copy: what the caller does to it meanwhile must not make a repetition another request.
  if (value instanceof Uint8Array) return { body: value.slice(), contentType: contentType ?? null };
  if (typeof value === 'string') return { body: wellFormed(value), contentType: contentType ?? TEXT };
  const text = JSON.stringify(value.json) as string | undefined;
  if (text === undefined) throw new TypeError('the value is nothing that JSON can say');
  return { body: text, contentType: contentType ?? JSON_TYPE };
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('the value holds a lone surrogate, which UTF-8 cannot say');
  return text;
}

/** As batches and transactions take it. */
export function valueFields(value: KvValue, contentType: string | undefined): object {
  const encoded = encodedValue(value, contentType);
  return {
    ...bodyFields(encoded.body),
    ...(encoded.contentType === null ? {} : { contentType: encoded.contentType }),
  };
}

/** The bytes alone, to be compared with. */
export const comparedFields = (value: KvValue): object => bodyFields(encodedValue(value, undefined).body);

export const keyFields = (key: KvKey): object => (typeof key === 'string' ? { key } : { keyB64: base64Of(key) });

const bodyFields = (body: string | Uint8Array): object =>
  typeof body === 'string' ? { value: body } : { valueB64: base64Of(body) };

const base64Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
