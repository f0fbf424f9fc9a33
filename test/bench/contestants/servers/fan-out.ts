/**
 * The main earlier service's design on Node: `PUT /put` at the leader is sent to each follower as a request of its own, all at
 * once, and is answered when all of them have answered; `GET /get/KEY` is answered from memory. There is no log, no order
 * between writes, no election and no catching up: what a follower misses it never gets. `fan-out.ts PORT [FOLLOWER PORT]...`
 */
import { createServer, type ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { HOST } from '../contestant.ts';

const [port = 0, ...followerPorts] = process.argv.slice(2).map(Number);
/** As many connections to a follower as there are clients, as a rule: no write waits for another's turn. */
const CONNECTIONS = 64;
const followers = followerPorts.map((follower) => new Pool(`http://${HOST}:${follower}`, { connections: CONNECTIONS }));
const values = new Map<string, string>();

const server = createServer((request, response) => {
  const url = request.url ?? '';
  if (request.method === 'GET' && url.startsWith('/get/')) {
    const key = url.slice('/get/'.length);
    const value = values.get(key);
    if (value === undefined) send(response, 404, { detail: 'Key not found.' });
    else send(response, 200, { key, value });
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    put(body).then(
      (key) => send(response, 200, { message: `Key '${key}' added/updated successfully.` }),
      (error: unknown) => send(response, 503, { detail: (error as Error).message }),
    );
  });
});
server.keepAliveTimeout = 75_000;
server.listen(port, HOST);

async function put(body: string): Promise<string> {
  const { key, value } = JSON.parse(body) as { readonly key: string; readonly value: string };
  values.set(key, value);
  await Promise.all(
    followers.map(async (follower) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await follower.request({ method: 'PUT', path: '/put', headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`a follower answered with ${answer.statusCode}`);
    }),
  );
  return key;
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, ['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(text))])
    .end(text);
}
