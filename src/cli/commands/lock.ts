import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { isKvError } from '../../client/index.ts';
import { encodeKeyPath } from '../../protocol/http/key-path.ts';
import { LOCK_WAIT_MS_MAX } from '../../protocol/http/locks.ts';
import { durationMs } from '../arguments.ts';
import { Child, type ChildEnd } from '../child.ts';
import { CommandFailure, EXIT, QuietEnd } from '../exit-code.ts';
import { Holding } from '../holding.ts';
import type { Invocation } from '../invocation.ts';
import { Locks, type HeldLock } from '../locks.ts';
import { durationText, visibleLine } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';

interface LockFlags {
  readonly ttl: number;
  readonly wait: number | 'forever';
  readonly owner?: string;
}

const DEFAULT_TTL_MS = 30_000;
const OWNER_LENGTH_MAX = 200;
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

async function showHolder(call: Invocation, name: string): Promise<void> {
  const holder = await new Locks(call.transport).holder(name);
  if (holder === null) throw new CommandFailure(EXIT.noSuchKey, `Nobody holds the lock ${visibleLine(name)}.`);
  const { owner, fencingToken, remainingMs } = holder;
  await call.output.one({
    json: () => holder,
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
  const { lock, sinceMs } = await acquired(call, run);
  // Outlives a Ctrl-C: the lock is given back all the same.
  const locks = new Locks(call.transportWith({ retries: 2, signal: null }));
  const holding = new Holding(locks, lock, { ttlMs: flags.ttl, sinceMs, nowMs: () => performance.now() });
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

  const first = await Promise.race([child.ended, holding.lost]);
  if (typeof first === 'string') {
    const graceMs = holding.graceMs();
    child.stop('SIGTERM');
    await Promise.race([child.ended, sleep(graceMs, undefined, { ref: false })]);
    child.stop('SIGKILL');
    await child.ended;
    throw new CommandFailure(
      EXIT.lockLost,
      `The lock ${visibleLine(name)} was lost: ${first}. The command was stopped.`,
    );
  }
  const unreleased = await holding.release();
  if (unreleased !== null) {
    terminal.note(
      `kv: the lock ${visibleLine(name)} was not given back, and ends by itself within ${durationText(flags.ttl)}: ${unreleased}`,
    );
  }
  endAs(first, program);
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

/** One request waits for ten seconds at most, and its repetitions for the rest. */
async function acquired(
  call: Invocation,
  { name, flags }: Run,
): Promise<{ readonly lock: HeldLock; readonly sinceMs: number }> {
  const { terminal } = call;
  const locks = new Locks(call.transportWith({ retries: 0, signal: terminal.signal }));
  const owner = (flags.owner ?? `${hostname()}/${process.pid}`).slice(0, OWNER_LENGTH_MAX);
  const beganAtMs = performance.now();
  const waitsUntilMs = flags.wait === 'forever' ? Infinity : beganAtMs + flags.wait;
  for (;;) {
    const sinceMs = performance.now();
    const waitMs = Math.round(Math.max(0, Math.min(LOCK_WAIT_MS_MAX, waitsUntilMs - sinceMs)));
    const body = { ttl: `${flags.ttl}ms`, wait: `${waitMs}ms`, owner };
    try {
      return { lock: await locks.acquire(name, body, crypto.randomUUID()), sinceMs };
    } catch (error) {
      if (!isKvError(error) || !error.retryable) throw error;
      // A store that cannot be had is waited for like any request does, however short the wait for the lock.
      const untilMs = isKvError(error, 'lock-held') ? waitsUntilMs : Math.max(waitsUntilMs, beganAtMs + PATIENCE_MS);
      if (performance.now() >= untilMs) throw error;
      if (!isKvError(error, 'lock-held')) await sleep(PAUSE_MS, undefined, { signal: terminal.signal });
    }
  }
}

const PATIENCE_MS = 3000;

function waitOf(text: string): number | 'forever' {
  if (text === 'forever') return text;
  if (text === '0') return 0;
  try {
    return durationMs(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message} Or 0, or forever.`);
  }
}
