import { randomBytes } from 'node:crypto';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { durationMs, wholeNumber } from '../arguments.ts';
import { isKvError, type KvClient } from '../../client/index.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { Latencies } from '../latencies.ts';
import { Progress } from '../progress.ts';
import { countText, durationText } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { percentileLines } from './latency.ts';

interface BenchFlags {
  readonly duration: number;
  readonly clients: number;
  readonly valueBytes: number;
  readonly keys: number;
  readonly reads: number;
}

/** So many are deleted at once. */
const KEYS_MAX = 10_000;

export function addBench(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'bench',
    summary: 'how much the store does a second',
    description: `Writes and reads keys of its own, kv-bench/…, for a while, by several clients each with one request at a time; tells requests a second and latencies, and
deletes the keys. It loads the store, and this machine: what it tells is what both do together, at this concurrency.`,
    examples: ['kv bench', 'kv bench --clients 64 --duration 30s --reads 90 -o json'],
  })
    .addOption(new Option('--duration <time>', 'for how long').argParser(durationMs).default(10_000, '10s'))
    .addOption(
      new Option('--clients <count>', 'requests at a time').argParser(wholeNumber({ min: 1, max: 1024 })).default(16),
    )
    .addOption(
      new Option('--value-bytes <count>', 'size of a value')
        .argParser(wholeNumber({ min: 0, max: 2 ** 20 }))
        .default(32),
    )
    .addOption(
      new Option('--keys <count>', 'how many keys').argParser(wholeNumber({ min: 1, max: KEYS_MAX })).default(1000),
    )
    .addOption(new Option('--reads <percent>', 'how many of the requests are reads').argParser(percentOf).default(50))
    .action(doing(terminal, (call, flags: BenchFlags) => benchmark(call, flags)));
}

async function benchmark(call: Invocation, flags: BenchFlags): Promise<void> {
  const { terminal, output } = call;
  const prefix = `kv-bench/${crypto.randomUUID()}/`;
  // Not cut short: a write that is under way would come after the keys are deleted.
  const run = new Run(call.clientWithoutSignal(), prefix, flags);
  // Whether there is a store at all: else each client would wait for it in vain, all the time.
  await call.client.put(`${prefix}0`, '', { idempotencyKey: false });
  const progress = new Progress(terminal, 'bench');
  const beganAtMs = performance.now();
  const untilMs = beganAtMs + flags.duration;
  const isOver = (): boolean => terminal.signal.aborted || performance.now() >= untilMs;
  const drawing = setInterval(
    () => progress.update(run.count, (performance.now() - beganAtMs) / flags.duration, 'requests'),
    200,
  );
  let seconds: number;
  try {
    await Promise.all(Array.from({ length: flags.clients }, () => run.until(isOver)));
    seconds = (performance.now() - beganAtMs) / 1000;
  } finally {
    clearInterval(drawing);
    progress.end();
    await removeAll(call, prefix);
  }
  terminal.signal.throwIfAborted();
  const { reads, writes, failures } = run;
  const perSecond = Math.round((reads.count + writes.count) / seconds);
  const result = { requestsPerSecond: perSecond, failures, write: writes.summary(), read: reads.summary() };
  const text = () =>
    [
      `${countText(perSecond)} requests a second by ${flags.clients} clients over ${durationText(seconds * 1000)}, ${countText(failures)} failed`,
      ...percentileLines({ write: result.write, read: result.read }),
    ].join('\n');
  await output.one({ json: () => result, text, raw: text });
  if (run.lastFailure !== null) {
    throw new CommandFailure(
      EXIT.unavailable,
      `${countText(failures)} requests failed, the last so: ${run.lastFailure}`,
    );
  }
}

class Run {
  readonly reads = new Latencies();
  readonly writes = new Latencies();
  failures = 0;
  lastFailure: string | null = null;
  readonly #client: KvClient;
  readonly #prefix: string;
  readonly #flags: BenchFlags;
  readonly #value: Uint8Array;

  constructor(client: KvClient, prefix: string, flags: BenchFlags) {
    this.#client = client;
    this.#prefix = prefix;
    this.#flags = flags;
    this.#value = randomBytes(flags.valueBytes);
  }

  get count(): number {
    return this.reads.count + this.writes.count;
  }

  async until(isOver: () => boolean): Promise<void> {
    const { keys, reads } = this.#flags;
    while (!isOver()) {
      const key = `${this.#prefix}${Math.floor(Math.random() * keys)}`;
      const isRead = Math.random() * 100 < reads;
      const beganAtMs = performance.now();
      try {
        // The store would keep the outcome of each for ten minutes.
        if (isRead) await this.#client.get(key);
        else await this.#client.put(key, this.#value, { idempotencyKey: false });
        (isRead ? this.reads : this.writes).add(performance.now() - beganAtMs);
      } catch (error) {
        if (!isKvError(error)) throw error;
        if (error.code === 'aborted') return;
        this.failures += 1;
        this.lastFailure = error.detail;
      }
    }
  }
}

/** After a Ctrl-C, too. */
async function removeAll(call: Invocation, prefix: string): Promise<void> {
  const client = call.clientWithoutSignal();
  try {
    const expect = await client.countPrefix(prefix);
    if (expect > 0) await client.deletePrefix(prefix, { expect });
  } catch (error) {
    if (!isKvError(error)) throw error;
    call.terminal.note(`kv: the keys under ${prefix} are still there: ${error.detail} Then: kv del --prefix ${prefix}`);
  }
}

function percentOf(text: string): number {
  const value = Number(text);
  if (/^\d{1,3}$/.test(text) && value <= 100) return value;
  throw new InvalidArgumentError('It is a whole number from 0 to 100.');
}
