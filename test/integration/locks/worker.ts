/**
 * Does work that a lock guards, as an application would: gets the lock, renews it, and writes under its token. It says each
 * answer as a line of JSON. After a pause it goes on as if nothing had happened, which is what fences are for.
 */
import { setTimeout as wait } from 'node:timers/promises';

const [, , url = '', ttl = ''] = process.argv;

async function ask(method: string, path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, { method, body, headers, signal: AbortSignal.timeout(15_000) });
  const text = await response.text();
  const answer = text.startsWith('{') ? (JSON.parse(text) as Record<string, string>) : {};
  process.stdout.write(`${JSON.stringify({ method, path, status: response.status, ...answer })}\n`);
  return answer;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const owner = `worker ${process.pid}`;
const { lockId, fencingToken } = await ask(
  'POST',
  '/v1/locks/work',
  JSON.stringify({ ttl, owner, wait: '10s' }),
  JSON_TYPE,
);

for (;;) {
  await ask('PUT', '/v1/keys/work', owner, { 'content-type': 'text/plain', 'x-kv-fence': `work:${fencingToken}` });
  await ask('PUT', `/v1/locks/work/${lockId}`, JSON.stringify({ ttl }), JSON_TYPE);
  await wait(50);
}
