import { decodeKeyPath, encodeKeyPath } from '../protocol/http/key-path.ts';
import { KvError } from './kv-error.ts';

export type QueryOf = Readonly<Record<string, string | undefined>>;

/**
 * Where a key is, checked here: `a/../b` would arrive as `b`.
 * @throws KvError `bad-key`
 */
export function keyTarget(key: string, query: QueryOf = {}): string {
  if (!key.isWellFormed()) throw badKey('it holds a lone surrogate');
  const path = encodeKeyPath(key);
  const decoded = decodeKeyPath(path);
  if (decoded.kind === 'bad') throw badKey(decoded.reason);
  return target(`/v1/keys/${path}`, query);
}

const badKey = (reason: string): KvError =>
  new KvError({
    code: 'bad-key',
    detail: `The key cannot be used: ${reason}. Binary keys, and those with the segments . and .., go through batch or txn.`,
  });

/** A path with what is given of a query. */
export function target(path: string, query: QueryOf): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}
