/**
 * What a kvstore sends with a GET and a PUT besides Content-Length, Date and Connection, as it was sent once: servers that
 * show what Node can do are to send no less. A test holds them together.
 */
const ETAG = '"3-a28f9ed6-7b12-4d39-8d39-4fef532e6921.1"';
const SESSION = 'AQAAAAAAAAEAAAAAAAADYTI4ZjllZDYtN2IxMi00ZDM5LThkMzktNGZlZjUzMmU2OTIxLjE';

/** Names and values by turns, as `writeHead` takes them fastest. */
export const GET_HEADERS: readonly string[] = [
  ...['X-KV-Served-By', 'kvstore-0'],
  ...['X-KV-Session', SESSION],
  ...['X-KV-Consistency', 'in-sync'],
  ...['ETag', ETAG],
  ...['X-KV-Revision', '3'],
  ...['X-KV-Version', '1'],
  ...['Last-Modified', 'Sun, 29 Nov 2026 12:33:03 GMT'],
  ...['Cache-Control', 'no-cache'],
  ...['Vary', 'Accept'],
  ...['Content-Type', 'application/octet-stream'],
  ...['X-Content-Type-Options', 'nosniff'],
  ...['Content-Security-Policy', 'sandbox'],
];

export const PUT_HEADERS: readonly string[] = [
  ...['X-KV-Served-By', 'kvstore-1'],
  ...['X-KV-Session', SESSION],
  ...['X-KV-Acks', '3/3'],
  ...['ETag', ETAG],
  ...['X-KV-Revision', '3'],
  ...['X-KV-Version', '1'],
];

export const KEEP_ALIVE_MS = 75_000;
