/**
 * Resident memory for each key, after a collection, less that of the empty process: ours (leader and followers, beside Redis
 * and its replicas) with 16-byte keys and 64-byte values. `npm run bench -- memory [keys]`, a million if nothing else is said.
 * The log of applied entries is for followers that come back, and has limits of its own: once with those of the defaults, once
 * as small as it can be. Linux.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Installation } from '../measure/installation.ts';
import { exchange } from '../measure/load/exchange.ts';
import { fill } from '../measure/load/fill.ts';
import { rssBytesOf } from '../measure/linux.ts';
import { contestants } from './contestants/contestants.ts';

const keys = Number(process.argv[2] ?? 1_000_000);
const KEYS_AT_ONCE = 100_000;
const FILL_MS_MAX = 60_000;
const COLLECT_MS = 3000;
const VALUE = 'v'.repeat(64);

/** 16 bytes; scattered, as keys come. */
const keyOf = (number: number): string => `bench/${String((number * 7_368_787) % keys).padStart(10, '0')}`;
const say = (line: string): void => console.error(line);

function report(name: string, before: number, after: number): void {
  const [perKey, mib] = [(after - before) / keys, (after - before) / 2 ** 20];
  console.log(`${name.padEnd(40)} ${perKey.toFixed(0).padStart(6)} bytes a key (${mib.toFixed(0)} MiB)`);
}

async function ours(what: string, env: Readonly<Record<string, string>>): Promise<void> {
  const collect = pathToFileURL(join(import.meta.dirname, 'fixtures/collect-on-signal.ts')).href;
  process.env['NODE_OPTIONS'] = `--expose-gc --import ${collect}`;
  const installation = await Installation.start({ env: { KV_MEMORY_MAX: '16GiB', ...env } });
  try {
    const rssBytes = async (): Promise<number[]> => {
      for (const { server } of installation.pods) server.kill('SIGUSR2');
      await wait(COLLECT_MS);
      return installation.pods.map(({ server }) => rssBytesOf(server.pid));
    };
    const before = await rssBytes();
    const leader = await installation.leader();
    await fill({ url: `http://127.0.0.1:${leader.httpPort}`, keys, keyOf, textOf: () => VALUE, say });
    await installation.untilQuiet();
    const after = await rssBytes();
    for (const [at, pod] of installation.pods.entries())
      report(`kvstore, ${what}, ${pod === leader ? 'leader' : 'follower'}`, before[at] ?? NaN, after[at] ?? NaN);
  } finally {
    await installation.end();
    delete process.env['NODE_OPTIONS'];
  }
}

async function redis(): Promise<void> {
  const missing = contestants.redis.missing();
  if (missing !== null) {
    console.log(`Redis is skipped: ${missing}`);
    return;
  }
  const running = await contestants.redis.start();
  try {
    const addresses = { primary: await running.addressOf('leader'), replica: await running.addressOf('replica') };
    const rssBytes = async (role: keyof typeof addresses): Promise<number> =>
      Number(/used_memory_rss:(\d+)/.exec(await exchange(addresses[role], 'INFO memory\r\nQUIT\r\n'))?.[1]);
    const before = { primary: await rssBytes('primary'), replica: await rssBytes('replica') };
    for (let first = 0; first < keys; first += KEYS_AT_ONCE) {
      const numbers = Array.from({ length: Math.min(KEYS_AT_ONCE, keys - first) }, (_, at) => first + at);
      const commands = numbers.map((number) => `SET ${keyOf(number)} ${VALUE}\r\n`);
      const answers = await exchange(addresses.primary, `${commands.join('')}QUIT\r\n`, FILL_MS_MAX);
      if (answers.split('+OK').length !== numbers.length + 2) throw new Error('Redis has refused a write');
    }
    await wait(COLLECT_MS);
    for (const role of ['primary', 'replica'] as const)
      report(`${running.version}, ${role}`, before[role], await rssBytes(role));
  } finally {
    await running.end();
  }
}

await redis();
await ours('log of 64 entries', { KV_LOG_ENTRIES_MAX: '64' });
await ours('log as by default', {});
