/** Fetches that carry the fence on every write of keys: what `kv lock` runs inherits it, and writes only under the lock. */
export const fetchUnderFence =
  (fence: string): typeof fetch =>
  (input, init = {}) => {
    const isRead = (init.method ?? 'GET') === 'GET';
    const path = new URL(input instanceof Request ? input.url : input).pathname;
    if (isRead || OF_WHAT.exec(path)?.[1] === 'locks') return fetch(input, init);
    const headers = new Headers(init.headers);
    headers.set('X-KV-Fence', fence);
    return fetch(input, { ...init, headers });
  };

/** On a lock itself it is refused. A gateway may serve the store below a path, and keys may be called as routes are. */
const OF_WHAT = /\/v1\/(keys|batch|txn|locks)(?:\/|$)/;
