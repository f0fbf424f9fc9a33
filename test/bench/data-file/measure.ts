import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Installation } from '../../measure/installation.ts';
import type { Address } from '../../measure/load/http-connection.ts';
import { peakRssBytesOf } from '../../measure/linux.ts';
import type { Tools } from '../command/command.ts';
import { HOST } from '../contestants/contestant.ts';
import { nullHttp } from '../contestants/node-servers.ts';
import { uuidOf, valueOf } from '../load/items.ts';
import type { Outcome, Plan } from '../load/plan.ts';
import { runLoad } from '../load/run-load.ts';

export interface DataFileAsked {
  readonly lines: number;
  readonly valueBytes: number;
  /** Lookups. */
  readonly ratePerS: number;
  readonly seconds: number;
}

export interface DataFileSeen {
  readonly fileBytes: number;
  readonly loadS: number;
  /** What the server says that records and index take. */
  readonly memoryBytes: number;
  /** Of the whole process, the most until all lookups were done. */
  readonly residentBytes: number;
  readonly lookups: Readonly<Record<string, Outcome>>;
  /** The same rate, of a server that answers fixed bytes: what the generator and the machine take of all times. */
  readonly baseline: Outcome;
}

const LINES_AT_ONCE = 10_000;
const ASKED_LINES_MAX = 100_000;
const CONNECTIONS = 64;
const WARM_UP_MS_MAX = 5000;
/** Of the server with fixed bytes. */
const FIXED_VALUE_BYTES = 64;

/** One replica, so that the machine loads the file once only, and a proxy. */
export async function measureDataFile(asked: DataFileAsked, { say, signal }: Tools): Promise<DataFileSeen> {
  const { lines, valueBytes, ratePerS, seconds } = asked;
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-data-file-'));
  let installation: Installation | null = null;
  try {
    const file = join(folder, 'pairs.data');
    say(`a file of ${lines} lines is made`);
    makeFile(file, lines, valueBytes);
    signal.throwIfAborted();
    say('it is loaded');
    installation = await Installation.start({ replicas: 1, env: { KV_DATASET: file, KV_MEMORY_MAX: '256MiB' } });
    const [pod] = installation.pods;
    const [proxy] = installation.proxyAddresses;
    if (pod === undefined || proxy === undefined) throw new Error('there is no replica, or no proxy');
    const addresses: Readonly<Record<string, Address>> = {
      'at the replica': { host: HOST, port: pod.httpPort },
      'through the proxy': proxy,
    };
    const asks = Math.min(lines, ASKED_LINES_MAX);
    const plan: Omit<Plan, 'address' | 'dialect' | 'keys' | 'valueBytes'> = {
      getShare: 1,
      connections: CONNECTIONS,
      pace: { kind: 'open', ratePerS, singly: true },
      warmUpMs: Math.min(WARM_UP_MS_MAX, 500 * seconds),
      measureMs: 1000 * seconds,
    };
    const lookups: Record<string, Outcome> = {};
    for (const [where, address] of Object.entries(addresses)) {
      say(`${ratePerS} lookups/s ${where}, for ${seconds} s`);
      const apart = Math.floor(lines / asks);
      lookups[where] = await runLoad(
        { ...plan, address, dialect: 'data-file', keys: asks, apart, valueBytes },
        { signal },
      );
    }
    say(`${ratePerS} requests/s of a server that answers fixed bytes, for ${seconds} s`);
    const fixed = await nullHttp.start();
    const address = await fixed.addressOf('leader');
    const baseline = await runLoad(
      { ...plan, address, dialect: 'native', keys: 1, valueBytes: FIXED_VALUE_BYTES },
      {
        signal,
      },
    ).finally(() => fixed.end());
    const loaded = loadedIn(installation.logOf(pod.name));
    return {
      fileBytes: statSync(file).size,
      loadS: loaded.seconds,
      memoryBytes: loaded.memoryBytes,
      residentBytes: peakRssBytesOf(pod.server.pid),
      lookups,
      baseline,
    };
  } finally {
    await installation?.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeFile(path: string, lines: number, valueBytes: number): void {
  const file = openSync(path, 'w');
  for (let first = 0; first < lines; first += LINES_AT_ONCE) {
    let text = '';
    for (let item = first; item < Math.min(lines, first + LINES_AT_ONCE); item += 1)
      text += `${uuidOf(item)} ${valueOf(item, valueBytes)}\n`;
    writeSync(file, text);
  }
  closeSync(file);
}

interface Loaded {
  readonly seconds: number;
  readonly memoryBytes: number;
}

/** What a replica has logged when it was done. */
function loadedIn(log: string): Loaded {
  const line = log.split('\n').find((text) => text.includes('"data file loaded"'));
  if (line === undefined) throw new Error('the replica has not logged that it has loaded the file');
  return JSON.parse(line) as Loaded;
}
