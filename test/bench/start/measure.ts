import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { LocalCluster } from '../../../src/main/local/local-cluster.ts';
import type { Server } from '../../../src/main/local/server.ts';
import { Installation } from '../../measure/installation.ts';
import { processorMsOf } from '../../measure/linux.ts';
import { exchange } from '../../measure/load/exchange.ts';
import { until } from '../../measure/until.ts';
import type { Tools } from '../command/command.ts';
import { HOST } from '../contestants/contestant.ts';

/** One for each round, since the process was started. */
export interface Start {
  readonly what: string;
  readonly listensMs: readonly number[];
  readonly readyMs: readonly number[];
  /** That the process had used by then. */
  readonly processorMs: readonly number[];
}

export interface Starts {
  readonly starts: readonly Start[];
  /** How long Node itself takes, from its start to its end, to do nothing. */
  readonly nodeMs: readonly number[];
}

const LOOK_EVERY_MS = 2;
const READY_WITHIN_MS = 30_000;

export async function measureStarts(rounds: number, { say, signal }: Tools): Promise<Starts> {
  const nodeMs: number[] = [];
  // The first of all reads Node from the disk.
  for (let round = 0; round <= rounds; round += 1) nodeMs.push(await nodeStart());
  nodeMs.shift();
  const starts = [];
  for (const [what, replicas] of [
    ['the first of an empty group of one', 1],
    ['all of an empty group of three', 3],
  ] as const) {
    const started: Started[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      signal.throwIfAborted();
      started.push(await firstStart(replicas));
      say(`${what}, round ${round} of ${rounds}: ${textOf(started)}`);
    }
    starts.push(startOf(what, started));
  }
  const installation = await Installation.start({});
  try {
    const [proxy] = installation.cluster.proxies;
    if (proxy === undefined) throw new Error('there is no proxy');
    const restarted = {
      'a replica, while two run': async () => {
        const [pod] = await installation.followers();
        if (pod === undefined) throw new Error('there is no follower');
        return restart(pod.server, pod.httpPort);
      },
      'a proxy': () => restart(proxy.server, proxy.port),
    };
    for (const [what, start] of Object.entries(restarted)) {
      const started: Started[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        signal.throwIfAborted();
        started.push(await start());
        say(`${what}, round ${round} of ${rounds}: ${textOf(started)}`);
        await installation.untilInSync();
      }
      starts.push(startOf(what, started));
    }
  } finally {
    await installation.end();
  }
  return { starts, nodeMs };
}

interface Started {
  readonly listensMs: number;
  readonly readyMs: number;
  readonly processorMs: number;
}

function startOf(what: string, started: readonly Started[]): Start {
  return {
    what,
    listensMs: started.map(({ listensMs }) => listensMs),
    readyMs: started.map(({ readyMs }) => readyMs),
    processorMs: started.map(({ processorMs }) => processorMs),
  };
}

function textOf(started: readonly Started[]): string {
  const { listensMs = NaN, readyMs = NaN } = started.at(-1) ?? {};
  return `listens after ${Math.round(listensMs)} ms, ready after ${Math.round(readyMs)} ms`;
}

async function nodeStart(): Promise<number> {
  const sinceMs = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - sinceMs;
}

/** Of replicas that nobody has run before: until the last of them is ready. Where there are several, they begin together. */
async function firstStart(replicas: number): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-start-'));
  const seen: Promise<Started>[] = [];
  // Whoever is started again when all are killed is none of them.
  let isMeasured = true;
  const cluster = new LocalCluster({
    replicas,
    proxies: 0,
    directory: join(folder, 'cluster'),
    onChange(server, change) {
      const pod = cluster.pods.find((candidate) => candidate.server === server);
      if (change.kind === 'started' && pod !== undefined && isMeasured)
        seen.push(readyAfter(performance.now(), server, pod.httpPort));
    },
  });
  try {
    await cluster.start();
    const started = await Promise.all(seen);
    return {
      listensMs: Math.max(...started.map(({ listensMs }) => listensMs)),
      readyMs: Math.max(...started.map(({ readyMs }) => readyMs)),
      processorMs: Math.max(...started.map(({ processorMs }) => processorMs)),
    };
  } finally {
    isMeasured = false;
    cluster.killAll();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of one that is ended as Kubernetes ends it. */
async function restart(server: Server, port: number): Promise<Started> {
  server.restart = 'never';
  server.kill('SIGTERM');
  await until(`${server.name} has ended`, () => server.pid === null);
  const sinceMs = performance.now();
  server.start();
  return readyAfter(sinceMs, server, port);
}

async function readyAfter(sinceMs: number, server: Server, port: number): Promise<Started> {
  await untilAnswered(port, '/livez');
  const listensMs = performance.now() - sinceMs;
  await untilAnswered(port, '/readyz');
  return { listensMs, readyMs: performance.now() - sinceMs, processorMs: processorMsOf(server.pid) };
}

async function untilAnswered(port: number, path: string): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`;
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  while (!(await exchange({ host: HOST, port }, request)).startsWith('HTTP/1.1 200')) {
    if (performance.now() > deadlineMs) throw new Error(`no 200 at ${path} within ${READY_WITHIN_MS / 1000} s`);
    await wait(LOOK_EVERY_MS);
  }
}
