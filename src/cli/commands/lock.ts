import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { isKvError, type KvLock } from '../../client/index.ts';
import { encodeKeyPath } from '../../protocol/http/key-path.ts';
import { durationMs } from '../arguments.ts';
import { Child, type ChildEnd } from '../child.ts';
import { CommandFailure, EXIT, QuietEnd } from '../exit-code.ts';
import { reasonOf } from '../failures.ts';
import type { Invocation } from '../invocation.ts';
import { durationText, visible, visibleLine } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';

interface LockFlags {
  readonly ttl: number;
  readonly wait: number | 'forever';
  readonly owner?: string;
}

const DEFAULT_TTL_MS = 30_000;
/** Between two attempts to reach the store at all. */
const PAUSE_MS = 500;

export function addLock(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'lock <name> [command...]',
    summary: 'run a command under a lock',
    description: `Gets a lock, runs a command, and gives the lock back; the lock is renewed meanwhile. Ends as the command does; with 4 if another holds the lock;
with 7 if the lock was lost: then the command was stopped, by SIGTERM, and by SIGKILL before another can have the lock.

In the command's environment KV_FENCE holds the lock's name and token: every kv that it runs writes only while the lock is held. Others send it as
the header X-KV-Fence. Without a command it shows who holds the lock; 3: nobody does.`,
    examples: [
      'kv lock nightly -- ./backup.sh --all',
      `kv lock deploy --wait 5m --owner "$USER" -- sh -c 'kv put version 7 && ./deploy'`,
      'kv lock nightly',
    ],
  })
    .addOption(
      new Option('--ttl <time>', 'how long it is held without a renewal: 1s to 24h')
        .argParser(durationMs)
        .default(DEFAULT_TTL_MS, '30s'),
    )
    .addOption(
      new Option('--wait <time>', 'how long to wait for it; forever').argParser(waitOf).default(0, 'not at all'),
    )
    .option('--owner <text>', 'whom to name to others (default: this host and process)')
    .action(
      doing(terminal, async (call, name: string, command: readonly string[], flags: LockFlags) => {
        if (command.length === 0) await showHolder(call, name);
        else await runUnder(call, { name, command, flags });
      }),
    );
}

async function showHolder({ client, output }: Invocation, name: string): Promise<void> {
  const holder = await client.lockHolder(name);
  if (holder === null) throw new CommandFailure(EXIT.noSuchKey, `Nobody holds the lock ${visibleLine(name)}.`);
  const { owner, fencingToken, remainingMs } = holder;
  await output.one({
    json: () => ({ name, ...holder }),
    text: () =>
      `held by ${visibleLine(owner ?? 'somebody')} under ${fencingToken}, for ${durationText(remainingMs)} if it is not renewed`,
    raw: () => owner ?? '',
  });
}

interface Run {
  readonly name: string;
  readonly command: readonly string[];
  readonly flags: LockFlags;
}

async function runUnder(call: Invocation, run: Run): Promise<void> {
  const { name, command, flags } = run;
  const { terminal } = call;
  const lock = await acquired(call, run);
  const [program = '', ...args] = command;
  const env = { ...terminal.env, ...call.environment(), KV_FENCE: `${encodeKeyPath(name)}:${lock.fencingToken}` };
  const isOwnGroup = !terminal.isTerminal.input;
  const child = new Child(program, args, { env, input: null, group: isOwnGroup });
  const onSignal = (): void => {
    const signal = SIGNAL_OF_CODE[terminal.signal.reason as number] ?? 'SIGTERM';
    // A terminal's Ctrl-C has reached it already.
    if (isOwnGroup || signal !== 'SIGINT') child.stop(signal);
  };
  terminal.signal.addEventListener('abort', onSignal);
  if (terminal.signal.aborted) onSignal();

  const done = new AbortController();
  const first = await Promise.race([child.ended, nearlyOver(lock, { ttlMs: flags.ttl, signal: done.signal })]);
  done.abort();
  if (first === 'nearly over') {
    child.stop('SIGTERM');
    // A renewal that succeeds after all changes nothing: what was told to stop is not to go on half stopped.
    const grace = sleep(lock.certainForMs, undefined, { signal: lock.signal, ref: false }).catch(() => undefined);
    await Promise.race([child.ended, grace]);
    child.stop('SIGKILL');
    await child.ended;
    const lost: unknown = lock.signal.reason;
    const why = isKvError(lost)
      ? lost.detail
      : `The lock ${name} could not be renewed in time, and another may have it soon.`;
    // What has ended before the lock did need not keep others waiting.
    if (!lock.signal.aborted) await lock.release().catch(() => undefined);
    throw new CommandFailure(EXIT.lockLost, `${why} The command was stopped.`);
  }
  try {
    await lock.release();
  } catch (error) {
    terminal.note(
      `kv: the lock ${visibleLine(name)} was not given back, and ends by itself within ${durationText(flags.ttl)}: ${visible(reasonOf(error))}`,
    );
  }
  endAs(first, program);
}

/** For what was started to end by itself. */
const GRACE_MS_MAX = 5000;

/** Resolves when it is lost, or was not renewed for so long that what runs under it has to stop: at that, it still has some time. */
async function nearlyOver(
  lock: KvLock,
  { ttlMs, signal }: { readonly ttlMs: number; readonly signal: AbortSignal },
): Promise<'nearly over'> {
  const either = AbortSignal.any([signal, lock.signal]);
  const graceMs = Math.min(ttlMs / 3, GRACE_MS_MAX);
  while (!either.aborted && lock.certainForMs > graceMs) {
    await sleep(lock.certainForMs - graceMs, undefined, { signal: either }).catch(() => undefined);
  }
  return 'nearly over';
}

const SIGNAL_OF_CODE: Readonly<Record<number, NodeJS.Signals>> = {
  [EXIT.interrupted]: 'SIGINT',
  [EXIT.terminated]: 'SIGTERM',
  [EXIT.hungUp]: 'SIGHUP',
};

function endAs({ exitCode, reason }: ChildEnd, program: string): void {
  if (reason !== null) throw new CommandFailure(exitCode, `${visibleLine(program)} was not run: ${reason}.`);
  if (exitCode !== 0) throw new QuietEnd(exitCode);
}

/** A store that cannot be had is waited for as the lock is: what is asked for may well be to outlive its restart. */
async function acquired(call: Invocation, { name, flags }: Run): Promise<KvLock> {
  const { signal } = call.terminal;
  // Outlives a Ctrl-C: the lock is given back all the same.
  const client = call.clientWithoutSignal();
  const owner = flags.owner ?? `${hostname()}/${process.pid}`;
  const untilMs = performance.now() + (flags.wait === 'forever' ? FOREVER_MS : flags.wait);
  for (;;) {
    const waitMs = Math.max(0, Math.ceil(untilMs - performance.now()));
    try {
      return await client.lock(name, { ttl: `${flags.ttl}ms`, wait: `${waitMs}ms`, owner, signal });
    } catch (error) {
      const isAway = isKvError(error) && error.retryable && error.code !== 'lock-held';
      if (!isAway || performance.now() >= untilMs) throw error;
      await sleep(PAUSE_MS, undefined, { signal });
    }
  }
}

const FOREVER_MS = 1e12;

function waitOf(text: string): number | 'forever' {
  if (text === 'forever') return text;
  if (text === '0') return 0;
  try {
    return durationMs(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message} Or 0, or forever.`);
  }
}
