/** Resident memory for each key, beside Redis: `npm run bench -- memory`. Linux. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { LocalPod } from '../../src/main/local/pod.ts';
import { Installation } from '../measure/installation.ts';
import { exchange } from '../measure/load/exchange.ts';
import { fill } from '../measure/load/fill.ts';
import { runCommand, UsageError, type Command, type Tools } from './command/command.ts';
import { goalsTable, number, table, type Goal } from './command/markdown.ts';
import { textOf, type Taken } from './command/taken.ts';
import { contestants } from './contestants/contestants.ts';

const NAME = 'memory';
const DEFAULT_KEYS = [1_000_000, 10_000_000];
const KEY_BYTES = 16;
const VALUE = 'v'.repeat(64);
const KEYS_AT_ONCE = 100_000;
const FILL_MS_MAX = 60_000;
/** Ten million keys are on their way to the followers when the last is acknowledged, or behind it by some batches. */
const QUIET_MS_MAX = 60_000;
const COLLECT_MS = 4000;
const GROWTH_MAX = 1.2;

type Role = 'leader' | 'follower';

interface Seen {
  readonly fills: readonly Fill[];
}

interface Fill {
  readonly keys: number;
  readonly processes: readonly ProcessSeen[];
}

interface ProcessSeen {
  /** As it runs, or why it does not. */
  readonly contestant: string;
  readonly role: Role;
  /** For each key; null: it did not take part. */
  readonly bytes: number | null;
  /** How much of it is the log of applied entries. */
  readonly logBytes: number | null;
}

const memory: Command<readonly number[], Seen> = {
  name: NAME,
  usage: `npm run bench -- ${NAME} [KEYS]... [OPTIONS]

How much the resident memory of a leader and of a follower grows with each key of ${KEY_BYTES} bytes with a value of ${VALUE.length}, once garbage
is collected; beside a primary and a replica of Redis. Once for each number of KEYS (default ${DEFAULT_KEYS.join(' ')}).
`,
  options: {},
  parse({ positionals }) {
    const all = positionals.length === 0 ? DEFAULT_KEYS : positionals.map(Number);
    if (!all.every((keys) => Number.isSafeInteger(keys) && keys > 0))
      throw new UsageError('KEYS are whole numbers from 1 on');
    return all;
  },
  measure: async (all, tools) => {
    const fills: Fill[] = [];
    for (const keys of all)
      fills.push({ keys, processes: [...(await redis(keys, tools)), ...(await ours(keys, tools))] });
    return { fills };
  },
  markdownOf,
  unfit: ({ fills }) =>
    DEFAULT_KEYS.every((keys) => fills.some((one) => one.keys === keys))
      ? null
      : `it takes ${DEFAULT_KEYS.map((keys) => keys.toLocaleString('en-US')).join(' and ')} keys`,
};

/** Scattered, as keys come. */
const keyOf = (at: number, keys: number): string => `bench/${String((at * 7_368_787) % keys).padStart(10, '0')}`;

async function ours(keys: number, { say }: Tools): Promise<readonly ProcessSeen[]> {
  const collect = pathToFileURL(join(import.meta.dirname, 'fixtures/collect-on-signal.ts')).href;
  process.env['NODE_OPTIONS'] = `--expose-gc --import ${collect}`;
  const installation = await Installation.start({ env: { KV_MEMORY_MAX: '16GiB' } });
  try {
    const before = await collected(installation);
    const leader = await installation.leader();
    const url = `http://127.0.0.1:${leader.httpPort}`;
    await fill({ url, keys, keyOf: (at) => keyOf(at, keys), textOf: () => VALUE, say });
    await installation.untilQuiet(QUIET_MS_MAX);
    const after = await collected(installation);
    const seen = installation.pods.map(async (pod, at): Promise<ProcessSeen> => ({
      contestant: 'kvstore',
      role: pod === leader ? 'leader' : 'follower',
      bytes: ((after[at] ?? NaN) - (before[at] ?? NaN)) / keys,
      logBytes: (await logBytesOf(pod)) / keys,
    }));
    return (await Promise.all(seen)).sort((one, other) => other.role.localeCompare(one.role));
  } finally {
    await installation.end();
    delete process.env['NODE_OPTIONS'];
  }
}

/** Resident bytes of each replica once it has collected its garbage. */
async function collected({ pods }: Installation): Promise<readonly number[]> {
  for (const { server } of pods) server.kill('SIGUSR2');
  await wait(COLLECT_MS);
  return pods.map(({ server }) => {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1];
    return 1024 * Number(kib);
  });
}

async function logBytesOf({ httpPort }: LocalPod): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  return Number(/^kvstore_log_bytes(?:\{.*\})? (\S+)$/m.exec(metrics)?.[1]);
}

async function redis(keys: number, { say }: Tools): Promise<readonly ProcessSeen[]> {
  const missing = contestants.redis.missing();
  if (missing !== null)
    return (['leader', 'follower'] as const).map((role) => ({
      contestant: `Redis: ${missing}`,
      role,
      bytes: null,
      logBytes: null,
    }));
  const running = await contestants.redis.start();
  try {
    const addresses = { leader: await running.addressOf('leader'), follower: await running.addressOf('replica') };
    const rssBytes = async (role: Role): Promise<number> =>
      Number(/used_memory_rss:(\d+)/.exec(await exchange(addresses[role], 'INFO memory\r\nQUIT\r\n'))?.[1]);
    const before = { leader: await rssBytes('leader'), follower: await rssBytes('follower') };
    for (let first = 0; first < keys; first += KEYS_AT_ONCE) {
      const places = Array.from({ length: Math.min(KEYS_AT_ONCE, keys - first) }, (_, at) => first + at);
      const commands = places.map((at) => `SET ${keyOf(at, keys)} ${VALUE}\r\n`);
      const answers = await exchange(addresses.leader, `${commands.join('')}QUIT\r\n`, FILL_MS_MAX);
      if (answers.split('+OK').length !== places.length + 2) throw new Error('Redis has refused a write');
      if (first % (10 * KEYS_AT_ONCE) === 0) say(`Redis: ${first} keys of ${keys}`);
    }
    await wait(COLLECT_MS);
    const seen = async (role: Role): Promise<ProcessSeen> => ({
      contestant: `Redis ${running.version}`,
      role,
      bytes: ((await rssBytes(role)) - before[role]) / keys,
      logBytes: null,
    });
    return [await seen('leader'), await seen('follower')];
  } finally {
    await running.end();
  }
}

function markdownOf(report: Taken & Seen): string {
  const head = ['keys', 'process', 'bytes for each key', 'of them the log'];
  const rows = report.fills.flatMap(({ keys, processes }) =>
    processes.map(({ contestant, role, bytes, logBytes }) => [
      keys.toLocaleString('en-US'),
      `${contestant}, ${role}`,
      bytes === null ? '' : number(bytes),
      logBytes === null ? '' : number(logBytes),
    ]),
  );
  return [
    textOf(report, `Keys of ${KEY_BYTES} bytes, values of ${VALUE.length}.`),
    '',
    ...goalsTable(report.fills.flatMap(goalsOf)),
    '',
    ...table({ head, rows }),
  ].join('\n');
}

/** Each of our processes beside the one of Redis that does the same. */
function goalsOf({ keys, processes }: Fill): readonly Goal[] {
  const isOurs = ({ contestant }: ProcessSeen): boolean => contestant === 'kvstore';
  return (['leader', 'follower'] as const).flatMap((role) => {
    const of = processes.filter((one) => one.role === role && one.bytes !== null);
    const most = Math.max(...of.filter(isOurs).map(({ bytes }) => bytes ?? NaN));
    const theirs = of.find((one) => !isOurs(one))?.bytes ?? null;
    if (theirs === null) return [];
    const what = `memory of a ${role} with ${keys.toLocaleString('en-US')} keys, × Redis`;
    return [{ what, bound: { atMost: GROWTH_MAX }, value: most / theirs, unit: '' }];
  });
}

process.exitCode = await runCommand(memory);
