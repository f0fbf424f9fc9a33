import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { until } from '../../measure/until.ts';
import type { CallerNews } from '../fixtures/caller.ts';
import { LoopbackNetwork } from './loopback.ts';
import { NamespaceNetwork } from './namespaces.ts';
import type { Network, Party } from './network.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const obstacle = NamespaceNetwork.obstacle();
const kinds = obstacle === null ? (['namespaces', 'loopback'] as const) : (['loopback'] as const);
const PARTIES = ['a', 'b', 'c'];

let network: Network | null = null;
let children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await network?.close();
  network = null;
});

async function created(kind: Network['kind']): Promise<Network> {
  network = kind === 'namespaces' ? await NamespaceNetwork.create(PARTIES) : new LoopbackNetwork(PARTIES);
  return network;
}

function start(network: Network, party: Party, program: string, env: Readonly<Record<string, string>>): ChildProcess {
  const place = network.placeOf(party);
  const preload = place.preload.flatMap((module) => ['--import', module]);
  const [command, ...rest] = [...place.launcher, process.execPath, ...preload, join(fixtures, program)];
  const child = spawn(command, rest, {
    env: { ...process.env, ...place.env, ...env, KV_PARENT_PIPE: 'true' },
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  return child;
}

interface Call {
  readonly heardBytes: () => number;
  readonly ending: () => string | null;
  /** What comes of a new connection; null: nothing, within the time. */
  readonly dial: (withinMs: number) => Promise<string | null>;
  readonly server: ChildProcess;
}

/** `a` talks to an echo at `b`, which answers. */
async function calling(network: Network, pieceBytes = 1): Promise<Call> {
  const port = await network.portFor('b', 7000);
  const env = { HOST: network.hostOf('b'), PORT: String(port), PIECE_BYTES: String(pieceBytes) };
  const server = start(network, 'b', 'echo.ts', env);
  await new Promise((resolve) => server.once('message', resolve));
  let heard = 0;
  let ended: string | null = null;
  const results: string[] = [];
  const caller = start(network, 'a', 'caller.ts', env);
  caller.on('message', (news: CallerNews) => {
    if (news.kind === 'heard') heard += news.bytes;
    if (news.kind === 'ended') ended = news.code;
    if (news.kind === 'dialled') results.push(news.result);
  });
  await until('it hears its echo', () => heard > 0, { everyMs: 5 });
  return {
    heardBytes: () => heard,
    ending: () => ended,
    server,
    async dial(withinMs) {
      const before = results.length;
      caller.send('dial');
      await until('a result', () => results.length > before, { withinMs, everyMs: 5 }).catch(() => undefined);
      return results[before] ?? null;
    },
  };
}

/** What is heard until nothing more comes for 300 ms: what was under way when the way was cut. */
async function untilSilent(call: Call): Promise<number> {
  let [last, sinceMs] = [call.heardBytes(), performance.now()];
  await until('silence', () => {
    if (call.heardBytes() !== last) [last, sinceMs] = [call.heardBytes(), performance.now()];
    return performance.now() - sinceMs > 300;
  });
  return last;
}

test('where root may, parties have namespaces of their own', () => {
  // Says so in the report of the tests, instead of testing less in silence.
  expect(process.getuid?.() === 0 && process.platform === 'linux' ? obstacle : 'expected').toBe(
    process.getuid?.() === 0 && process.platform === 'linux' ? null : 'expected',
  );
});

describe.each(kinds)('a network of the kind %s', (kind) => {
  test.each([
    ['what the caller says', 'a', 'b'],
    ['what the other answers', 'b', 'a'],
  ])('cut one way, %s is lost, the connection stands, and it goes on when healed', async (_what, from, to) => {
    const network = await created(kind);
    const call = await calling(network);
    await network.cut(from, to);
    const silentAt = await untilSilent(call);
    expect(call.ending()).toBeNull();
    await network.heal('a', 'b');
    await until('it hears again', () => call.heardBytes() > silentAt, { withinMs: 10_000 });
    expect(call.ending()).toBeNull();
  });

  test('a cut between two says nothing of a third', async () => {
    const network = await created(kind);
    const call = await calling(network);
    await network.cut('c', 'b');
    await network.cut('a', 'c');
    const before = call.heardBytes();
    await until('it still hears', () => call.heardBytes() > before + 5);
  });

  test('nothing gets through for a new connection while cut both ways, and nobody refuses it', async () => {
    const network = await created(kind);
    const call = await calling(network);
    await network.cut('a', 'b');
    await network.cut('b', 'a');
    const silentAt = await untilSilent(call);
    // A relay has to take the call; that nothing is said on it is what counts.
    if (kind === 'namespaces') expect(await call.dial(500)).toBeNull();
    expect(call.heardBytes()).toBe(silentAt);
    await network.healAll();
    await until('it hears again', () => call.heardBytes() > silentAt, { withinMs: 15_000 });
    expect(await call.dial(5000)).toBe('connected');
  });

  test('a slow way carries what its rate allows, and is fast again when healed', async () => {
    const network = await created(kind);
    const call = await calling(network, 4000);
    // Another slow way of the same sender, which is none of this one's business.
    await network.slow('a', 'c', 5000);
    await network.slow('a', 'b', 20_000);
    await network.heal('a', 'c');
    await untilSlow(call, 60_000);
    // What was queued when the other way was healed is lost: TCP sends it again, at its leisure.
    const silent = call.heardBytes();
    await until('it trickles', () => call.heardBytes() > silent, { withinMs: 10_000, everyMs: 5 });
    const [before, atMs] = [call.heardBytes(), performance.now()];
    await until('as much as takes two seconds', () => call.heardBytes() - before > 40_000, {
      withinMs: 10_000,
      everyMs: 5,
    });
    const perS = ((call.heardBytes() - before) * 1000) / (performance.now() - atMs);
    expect(perS).toBeGreaterThan(4000);
    expect(perS).toBeLessThan(60_000);
    await network.heal('a', 'b');
    await until('it is fast again', fasterThan(call, 100_000), { withinMs: 15_000, everyMs: 500 });
  });

  test('a reset ends the connection, and a new one is made', async () => {
    const network = await created(kind);
    const call = await calling(network);
    expect(await network.reset('a', 'b')).toBeGreaterThan(0);
    await until('it has ended', () => call.ending() !== null);
    expect(call.ending()).toMatch(/^ECONN(RESET|ABORTED)$/);
    expect(await call.dial(5000)).toBe('connected');
  });

  test('where nobody listens any more a connection is refused', async () => {
    const network = await created(kind);
    const call = await calling(network);
    call.server.kill('SIGKILL');
    await until('it has ended', () => call.ending() !== null);
    // A relay learns of it with the first that it cannot pass on.
    await call.dial(5000);
    await until('it is refused', async () => (await call.dial(5000)) === 'ECONNREFUSED');
  });
});

const testOfNamespaces = obstacle === null ? test : test.skip;

testOfNamespaces(`nothing is left of a network that was closed (needs namespaces: ${obstacle ?? 'here'})`, async () => {
  const network = await created('namespaces');
  const name = network.placeOf('a').launcher.at(-1) ?? '';
  expect(readdirSync('/run/netns')).toContain(name);
  await network.close();
  expect(readdirSync('/run/netns')).not.toContain(name);
  expect(readdirSync('/sys/class/net').filter((link) => name.startsWith(link))).toEqual([]);
});

/** Over half a second. */
function fasterThan(call: Call, bytesPerS: number): () => boolean {
  let [before, sinceMs] = [call.heardBytes(), performance.now()];
  return () => {
    const elapsedMs = performance.now() - sinceMs;
    if (elapsedMs < 400) return false;
    const perS = ((call.heardBytes() - before) * 1000) / elapsedMs;
    [before, sinceMs] = [call.heardBytes(), performance.now()];
    return perS > bytesPerS;
  };
}

async function untilSlow(call: Call, bytesPerS: number): Promise<void> {
  const isFast = fasterThan(call, bytesPerS);
  let looks = 0;
  await until(
    'it is slow',
    () => {
      looks += 1;
      return !isFast() && looks > 1;
    },
    { everyMs: 500 },
  );
}
