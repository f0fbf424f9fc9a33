import { decodeKeyPath, encodeKeyPath } from '../protocol/http/key-path.ts';
import { KvError } from './kv-error.ts';

export type QueryOf = Readonly<Record<string, string | undefined>>;

/**
 * Where a key is, checked here: `a/../b` would arrive as `b`.
 * @throws KvError `bad-key`
 */
export const keyTarget = (key: string, query: QueryOf = {}): string =>
  target(`/v1/keys/${encoded(key, 'key', BINARY)}`, query);

/** The name of a lock, as a path or the header of a fence has it. */
export const encodedName = (name: string): string => encoded(name, 'name of the lock', '');

const BINARY = ' Binary keys, and those with the segments . and .., go through batch or txn.';

function encoded(name: string, what: string, advice: string): string {
  const bad = (reason: string): KvError =>
    new KvError({ code: 'bad-key', detail: `The ${what} cannot be used: ${reason}.${advice}` });
  if (!name.isWellFormed()) throw bad('it holds a lone surrogate');
  const path = encodeKeyPath(name);
  const decoded = decodeKeyPath(path);
  if (decoded.kind === 'bad') throw bad(decoded.reason);
  return path;
}

/** A path with what is given of a query. */
export function target(path: string, query: QueryOf): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}
