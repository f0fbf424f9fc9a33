import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, jest, test } from '@jest/globals';
import { FreePorts } from '../../src/main/local/ports.ts';

jest.setTimeout(120_000);

const root = resolve(import.meta.dirname, '../..');
const ports = new FreePorts();
let running: Run[] = [];

interface Run {
  readonly process: ChildProcess;
  readonly port: number;
  readonly output: () => string;
  /** Of all servers that the overview names. */
  readonly pids: () => readonly number[];
}

afterEach(async () => {
  for (const { process } of running) process.kill('SIGKILL');
  await Promise.all(running.map((run) => until('all have ended', () => run.pids().every((pid) => !isAlive(pid)))));
  running = [];
});

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadlineMs = performance.now() + 40_000; !(await holds()); await wait(50)) {
    if (performance.now() > deadlineMs) throw new Error(`not within 40 s: ${what}`);
  }
}

/** A process that has ended but was not yet waited for counts as ended. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const state = existsSync('/proc/self/stat') ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] : 'R';
    return !(state ?? '').startsWith('Z');
  } catch {
    return false;
  }
}

async function runLocal(options: readonly string[] = [], port?: number): Promise<Run> {
  const at = port ?? (await ports.take());
  const child = spawn('./run.sh', ['local', '--port', String(at), ...options], { cwd: root, detached: true });
  let output = '';
  const collect = (chunk: Buffer) => (output += chunk.toString());
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const run: Run = {
    process: child,
    port: at,
    output: () => output,
    pids: () => [...output.matchAll(/ pid (\d+)/g)].map((match) => Number(match[1])),
  };
  running.push(run);
  await until(`run.sh local is up: ${output}`, () => {
    if (child.exitCode !== null) throw new Error(`run.sh local ended: ${output}`);
    return output.includes('Ctrl-C stops all of it');
  });
  return run;
}

/** The words of one of the three lines that are printed to be tried. */
async function curl(line: string): Promise<string> {
  const child = spawn('bash', ['-c', line.replace('curl', 'curl -sS')]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((ended) => child.once('close', ended));
  return output;
}

const endOf = (child: ChildProcess) =>
  until('run.sh has ended', () => child.exitCode !== null || child.signalCode !== null);

test('run.sh local says addresses, process ids and who leads, and its three curl lines work', async () => {
  const run = await runLocal(['--proxies', '2']);
  expect(run.pids()).toHaveLength(6);
  expect(run.output()).toMatch(/kvstore-\d +http:\/\/127\.0\.0\.1:\d+ +pid \d+ +leads/);
  const lines = [...run.output().matchAll(/^ +(curl .+)$/gm)].map((match) => match[1] ?? '');
  expect(lines).toHaveLength(3);
  const [put = '', get = '', cluster = ''] = lines;
  await curl(put);
  expect(await curl(get)).toBe('hello');
  expect(JSON.parse(await curl(cluster))).toMatchObject({ epoch: 1 });
});

test('Ctrl-C stops all of it and leaves nothing behind', async () => {
  const run = await runLocal();
  run.process.kill('SIGINT');
  await endOf(run.process);
  expect(run.process.exitCode).toBe(0);
  expect(run.pids().filter(isAlive)).toEqual([]);
  expect(existsSync(resolve(root, `.kvstore/local-${run.port}`))).toBe(false);
});

test('it comes up beside another one, and again after a kill -9 of itself, which ends its servers', async () => {
  const first = await runLocal(['--replicas', '1']);
  const second = await runLocal(['--replicas', '1']);
  first.process.kill('SIGKILL');
  await until('its servers have ended', () => first.pids().every((pid) => !isAlive(pid)));
  expect(second.pids().every(isAlive)).toBe(true);
  await runLocal(['--replicas', '1'], first.port);
});

test('a process that died is restarted as the same pod, unless it is to be left dead', async () => {
  const pidOf = (run: Run, name: string) =>
    Number([...run.output().matchAll(new RegExp(`${name}.* pid (\\d+)`, 'g'))].at(-1)?.[1]);
  const run = await runLocal();
  const before = pidOf(run, 'kvstore-1');
  process.kill(before, 'SIGKILL');
  await until('another process is there', () => pidOf(run, 'kvstore-1') !== before);
  expect(run.output()).toContain('kvstore-1: ended (SIGKILL), restarting');

  const bare = await runLocal(['--no-restart']);
  process.kill(pidOf(bare, 'kvstore-1'), 'SIGKILL');
  await until('it is said', () => bare.output().includes('kvstore-1: ended (SIGKILL), left dead'));
});

test('a port that is taken is named, and the cluster that has it goes on', async () => {
  const first = await runLocal(['--replicas', '1']);
  await expect(runLocal(['--replicas', '1'], first.port)).rejects.toThrow(`port ${first.port} is taken`);
  expect(first.pids().every(isAlive)).toBe(true);
});
