import { readFileSync } from 'node:fs';
import type { Server } from '../../../src/main/local/server.ts';
import { Crowd } from '../load/crowd.ts';
import { exchange } from '../load/exchange.ts';
import type { Address } from '../load/http-connection.ts';
import { steady, underLoad, type RoundResult, type Run } from '../round.ts';
import { until } from '../until.ts';

/** What the well-behaved client sends meanwhile: enough to notice any disturbance, and little enough to see memory. */
const RATE_PER_S = 500;
const IDLE_CONNECTIONS = 10_000;
const SILENT_PEERS = 2000;
const SLOW_CLIENTS = 100;
/**
 * Node keeps what a first crowd of connections has made it take: a bare server of it, which does nothing, goes from 50
 * to 390 MiB in eight of these waves, and stays there. So flat is when another crowd adds no more than this.
 */
const GROWTH_BYTES_MAX = 16 * 2 ** 20;
const WAVES_MAX = 10;

interface BadRequest {
  readonly what: string;
  readonly request: Buffer;
  readonly status: number;
  /** What the answer says. */
  readonly says: string;
}

const LONG_KEY = 'k'.repeat(5000);
const BIG_VALUE = Buffer.alloc(2 * 2 ** 20, 'v');

const badRequests: readonly BadRequest[] = [
  put('malformed JSON', '/put', '{"key":', 422, 'json_invalid'),
  put('wrong types', '/put', '{"key":1,"value":[]}', 422, 'string_type'),
  put('a field that is missing', '/put', '{"key":"a"}', 422, 'missing'),
  put(
    'invalid UTF-8 in JSON',
    '/put',
    Buffer.from('{"key":"\xff","value":"x"}', 'latin1'),
    400,
    'error parsing the body',
  ),
  put('a value that is no string', '/kv/bad', '{"value":1}', 422, 'string_type'),
  put(
    'JSON that nests too deep',
    '/put/bad',
    `{"value":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    400,
    'error parsing the body',
  ),
  get('what is no UUID', '/get_value/nope', 422, 'uuid_parsing'),
  get('a query parameter that is missing', '/api/v1/keys', 422, 'missing'),
  put('a 5,000-byte key in JSON', '/put', JSON.stringify({ key: LONG_KEY, value: 'x' }), 422, 'bytes_too_long'),
  put('a 5,000-byte key', `/v1/keys/${LONG_KEY}`, 'x', 400, 'bad-key'),
  put('an empty key', '/v1/keys/', 'x', 400, 'bad-key'),
  put('invalid UTF-8 in the path', '/v1/keys/%ff%fe', 'x', 400, 'bad-key'),
  put('a percent sign alone', '/v1/keys/100%', 'x', 400, 'bad-key'),
  put('a 2 MiB value', '/v1/keys/bad/big', BIG_VALUE, 413, 'too-large'),
  put(
    'a 2 MiB value without a length',
    '/v1/keys/bad/big',
    inChunks(BIG_VALUE),
    413,
    'too-large',
    'Transfer-Encoding: chunked',
  ),
  get('a read mode that does not exist', '/v1/keys/a?consistency=perfect', 400, 'bad-request'),
  get('a query parameter that does not exist', '/v1/keys/a?colour=red', 400, 'bad-request'),
  get('a session token that is none', '/v1/keys/a', 400, 'bad-request', 'X-KV-Session: nonsense'),
  get('an unknown route', '/v1/nowhere', 404, 'no-route'),
  get('an unknown route beside /v1', '/nowhere', 404, 'Not Found'),
  raw(
    'a wrong method',
    'PROPFIND /v1/keys/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    405,
    'method-not-allowed',
  ),
  raw(
    'a wrong method beside /v1',
    'POST /get/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    405,
    'Method Not Allowed',
  ),
  raw('what is no HTTP', 'How do you do?\r\n\r\n', 400, 'bad-request'),
  raw('what is no text', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0xff]), 400, 'bad-request'),
  raw(
    'two lengths',
    'PUT /v1/keys/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    400,
    'bad-request',
  ),
  raw(
    '64 KiB of headers',
    `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(65_536)}\r\n\r\n`,
    431,
    'headers-too-large',
  ),
];

const garbage: readonly Buffer[] = [
  Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  Buffer.from('\xff\xff\xff\xff\xff\xff\xff\xff', 'latin1'),
  Buffer.alloc(64),
  Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7919) % 251)),
];

/** Whoever sends nonsense, too much, too slowly or nothing at all gets a clear error, and nobody else notices. */
export function badInput(run: Run): Promise<RoundResult> {
  const { installation } = run;
  return underLoad({ ...run, ratePerS: Math.min(run.ratePerS, RATE_PER_S) }, async (load) => {
    const broken: string[] = [];
    const [proxy] = installation.cluster.proxies;
    const [proxyAddress] = installation.proxyAddresses;
    if (proxy === undefined || proxyAddress === undefined) throw new Error('there is no proxy');
    const leader = await installation.leader();
    const servers = [proxy.server, ...installation.pods.map(({ server }) => server)];
    const pids = servers.map(({ pid }) => pid);

    for (const address of [proxyAddress, { host: proxyAddress.host, port: leader.httpPort }]) {
      for (const bad of badRequests) broken.push(...(await refusalOf(address, bad)));
    }
    const peerAddress = { host: proxyAddress.host, port: leader.peerPort };
    for (const bytes of garbage) await exchange(peerAddress, bytes);
    run.say(`${2 * badRequests.length} bad requests and ${garbage.length} pieces of garbage were refused`);

    const answer = await slowClients(proxyAddress);
    if (!answer.includes('408')) broken.push(`a client that never ends its headers was told: ${answer}`);
    run.say(`${SLOW_CLIENTS} slow clients were turned away`);

    // A crowd on the peer port does not keep a replica out.
    const peers = new Crowd(peerAddress);
    await peers.gather(SILENT_PEERS);
    const [follower] = await installation.followers();
    follower?.server.kill('SIGKILL');
    pids[servers.findIndex((server) => server === follower?.server)] = null;
    await installation.untilInSync();
    run.say(`a follower got in sync beside ${SILENT_PEERS} silent peers (${peers.turnedAway} were turned away)`);
    peers.leave();

    const memory = [memoryOf(proxy.server)];
    let growth = Infinity;
    for (let wave = 1; growth > GROWTH_BYTES_MAX && wave <= WAVES_MAX; wave += 1) {
      const crowd = new Crowd(proxyAddress);
      await crowd.gather(IDLE_CONNECTIONS);
      if (crowd.standing < IDLE_CONNECTIONS) broken.push(`only ${crowd.standing} idle connections stood`);
      await steady({ ...run, ratePerS: RATE_PER_S }, load);
      crowd.leave();
      await until('the crowd is gone', () => crowd.standing === 0);
      await steady({ ...run, ratePerS: RATE_PER_S }, load);
      memory.push(memoryOf(proxy.server));
      growth = (memory.at(-1) ?? 0) - (memory.at(-2) ?? 0);
    }
    if (growth > GROWTH_BYTES_MAX) broken.push('the memory of the proxy grows with every crowd');
    for (const [index, server] of servers.entries()) {
      if (pids[index] !== null && server.pid !== pids[index]) broken.push(`${server.name} has ended and was restarted`);
    }
    const note = `${IDLE_CONNECTIONS} idle connections, ${memory.length - 1} times; the proxy's memory before and after each: ${memory.map(MiB).join(', ')}`;
    return { note, broken };
  });
}

async function refusalOf(address: Address, bad: BadRequest): Promise<readonly string[]> {
  const answer = await exchange(address, bad.request);
  if (answer.startsWith(`HTTP/1.1 ${bad.status} `) && answer.includes(bad.says)) return [];
  return [`${bad.what}: expected ${bad.status} with ${bad.says}, got ${JSON.stringify(answer.slice(0, 400))}`];
}

/** What a client that sends a byte of its headers now and then is told in the end. */
async function slowClients(address: Address): Promise<string> {
  const crowd = new Crowd(address);
  try {
    await crowd.gather(SLOW_CLIENTS);
    crowd.drip('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ', 200);
    await until('slow clients are turned away', () => crowd.standing === 0);
    return crowd.firstAnswer.split('\r\n', 1)[0] ?? '';
  } finally {
    crowd.leave();
  }
}

/** Resident, in bytes. */
function memoryOf({ pid }: Server): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

function put(
  what: string,
  path: string,
  body: Buffer | string,
  status: number,
  says: string,
  length?: string,
): BadRequest {
  const bytes = Buffer.from(body);
  const head = [
    `PUT ${path} HTTP/1.1`,
    'Host: x',
    'Content-Type: application/json',
    'Connection: close',
    length ?? `Content-Length: ${bytes.length}`,
  ];
  return { what, request: Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]), status, says };
}

function get(what: string, path: string, status: number, says: string, header = 'Accept: */*'): BadRequest {
  return raw(what, `GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\nConnection: close\r\n\r\n`, status, says);
}

function raw(what: string, request: Buffer | string, status: number, says: string): BadRequest {
  return { what, request: Buffer.from(request), status, says };
}

function inChunks(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
}
