import { appendFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { OperationOutcome } from '../../history/operation.ts';
import { Prng } from '../../simulation/prng.ts';
import { Client } from './client.ts';
import { nowUs } from './clock.ts';
import { Exchange } from './exchange.ts';
import type { Order, Report } from './orders.ts';
import { operationOf, requestOf, settle, type Intent, type RecordedOperation, type Settlement } from './requests.ts';

const PATIENCE_MS = 5000;
const FLUSH_LINES = 200;
const REFUSALS_WANTED = 5;
/** A target that does not answer is not filled. */
const FAILURES_MAX = 3;
const CLEAN_WITHIN_MS = 60_000;
const AGAIN_AFTER_MS = 100;
/** Above any memory that a store of a test has. */
const FILL_VALUES_MAX = 400;
const NO_HEADERS = { session: null, idempotencyKey: null, paddingBytes: 0 };

class Recorder {
  readonly counts: Record<OperationOutcome, number> = { ok: 0, refused: 0, failed: 0, unknown: 0 };
  readonly #file: string;
  #lines: string[] = [];
  #reads = 0;
  #writes = 0;

  constructor(file: string) {
    this.#file = file;
  }

  readonly record = (operation: RecordedOperation): void => {
    const { op, outcome } = operation;
    this.counts[outcome] += 1;
    if (outcome === 'ok' && op === 'get') this.#reads += 1;
    else if (outcome === 'ok') this.#writes += 1;
    this.#lines.push(JSON.stringify(operation));
    if (this.#lines.length >= FLUSH_LINES) this.flush();
  };

  get progress(): Progress {
    return { writes: this.#writes, reads: this.#reads };
  }

  flush(): void {
    if (this.#lines.length > 0) appendFileSync(this.#file, `${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}

interface Work {
  readonly stop: AbortController;
  readonly ended: Promise<unknown>;
  readonly recorder: Recorder;
}

/** What of the load that runs, or ran last, has been done as asked. */
export interface Progress {
  readonly writes: number;
  readonly reads: number;
}

/** A process of clients does what it is told: one load at a time, and what else orders ask for beside it. */
export class OrderTaker {
  #work: Work | null = null;
  #recorder: Recorder | null = null;

  get progress(): Progress {
    return this.#recorder?.progress ?? { writes: 0, reads: 0 };
  }

  async obey(order: Order): Promise<Report> {
    switch (order.kind) {
      case 'begin':
        this.#begin(order);
        return { kind: 'done' };
      case 'end':
        return this.#end();
      case 'audit':
        return audit(order);
      case 'fill':
        return fill(order);
      case 'deafen':
        return deafen(order);
    }
  }

  #begin({ seed, prefix, startUs, historyFile, clients }: Extract<Order, { kind: 'begin' }>): void {
    const stop = new AbortController();
    const recorder = new Recorder(historyFile);
    const { record } = recorder;
    const running = clients.map(({ id, targets, habits }) => {
      const random = new Prng(seed, 1000 + id);
      return new Client({ id, random, prefix, startUs, targets, record, habits }).run(stop.signal);
    });
    this.#recorder = recorder;
    this.#work = { stop, ended: Promise.all(running), recorder };
  }

  async #end(): Promise<Report> {
    if (this.#work === null) throw new Error('nothing was begun');
    const { stop, ended, recorder } = this.#work;
    stop.abort();
    await ended;
    recorder.flush();
    this.#work = null;
    return { kind: 'counts', outcomes: recorder.counts };
  }
}

async function audit({ client, historyFile, keys, targets, mode }: Extract<Order, { kind: 'audit' }>): Promise<Report> {
  const recorder = new Recorder(historyFile);
  await Promise.all(
    targets.map(async (target, index) => {
      const exchange = new Exchange();
      for (const key of keys) {
        const intent: Intent = { op: 'get', key, mode };
        const startUs = nowUs();
        const settlement = settle('get', await exchange.ask(target, requestOf(intent, NO_HEADERS), PATIENCE_MS));
        const by = { client: client + index, target: target.name, startUs, endUs: nowUs(), session: null };
        recorder.record(operationOf(intent, settlement, by));
      }
      exchange.close();
    }),
  );
  recorder.flush();
  return { kind: 'counts', outcomes: recorder.counts };
}

/** What cannot be asked for while the target is cut off is asked for again: what was written must not stay. */
async function fill({ prefix, valueBytes, target }: Extract<Order, { kind: 'fill' }>): Promise<Report> {
  const exchange = new Exchange();
  const ask = async (intent: Intent, paddingBytes = 0) =>
    settle(intent.op, await exchange.ask(target, requestOf(intent, { ...NO_HEADERS, paddingBytes }), PATIENCE_MS));
  const put = (number: number) => ask({ op: 'put', key: `${prefix}/${number}`, value: 'big' }, valueBytes);
  const remove = (number: number) => ask({ op: 'delete', key: `${prefix}/${number}` });
  let [written, refused, failed, tried] = [0, 0, 0, 0];
  for (; tried < FILL_VALUES_MAX && refused < REFUSALS_WANTED && failed < FAILURES_MAX; tried += 1) {
    const { outcome, code } = await put(tried);
    if (outcome === 'ok') written += 1;
    else if (code === 'memory-full') refused += 1;
    else failed += 1;
  }
  const deadlineMs = performance.now() + CLEAN_WITHIN_MS;
  let deleted = 0;
  for (let number = 0; number < tried; number += 1) deleted += Number(await isDone(() => remove(number), deadlineMs));
  const acceptsAgain = (await isDone(() => put(0), deadlineMs)) && (await isDone(() => remove(0), deadlineMs));
  exchange.close();
  return { kind: 'filled', written, refused, left: tried - deleted, acceptsAgain };
}

/** Whether it is done before the deadline. */
async function isDone(ask: () => Promise<Settlement>, deadlineMs: number): Promise<boolean> {
  while ((await ask()).outcome !== 'ok') {
    if (performance.now() > deadlineMs) return false;
    await wait(AGAIN_AFTER_MS);
  }
  return true;
}

/** A large value is written, then asked for as often as fits into the connection, whose answers nobody reads. */
async function deafen({ key, target, forMs }: Extract<Order, { kind: 'deafen' }>): Promise<Report> {
  const exchange = new Exchange();
  const put = requestOf({ op: 'put', key, value: 'big' }, { ...NO_HEADERS, paddingBytes: 100_000 });
  await exchange.ask(target, put, PATIENCE_MS);
  const request = requestOf({ op: 'get', key, mode: 'eventual' }, NO_HEADERS);
  const socket = connect(target);
  socket.pause();
  let ending = null as string | null;
  let askedBytes = 0;
  socket.on('error', (error: NodeJS.ErrnoException) => (ending = error.code ?? error.message));
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs && ending === null) {
    if (!socket.writableNeedDrain) {
      socket.write(request.repeat(20));
      askedBytes += 20 * request.length;
    }
    await wait(20);
  }
  socket.destroy();
  const remove = requestOf({ op: 'delete', key }, NO_HEADERS);
  const deadlineMs = performance.now() + CLEAN_WITHIN_MS;
  await isDone(async () => settle('delete', await exchange.ask(target, remove, PATIENCE_MS)), deadlineMs);
  exchange.close();
  return { kind: 'deafened', askedBytes, ending };
}
