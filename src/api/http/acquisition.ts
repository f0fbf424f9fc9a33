import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Key } from '../../core/base/key.ts';
import type { LockCommand } from '../../core/store/locks.ts';
import { holderBody, lockBody, type Acquire } from '../../protocol/http/locks.ts';
import { fault } from '../../protocol/http/problem.ts';
import type { ApiContext } from './context.ts';
import { sendJson, sendProblem } from './respond.ts';
import { write, type Written } from './write.ts';

const LOCK_ID_BYTES = 16;
/** Between two looks at a lock that is held. */
const LOOK_MIN_MS = 25;
const LOOK_MAX_MS = 200;

const OTHERS_WAIT = fault('lock-held', 'Others have waited for the lock for longer.');
const TOO_MANY_WAIT = fault('overloaded', 'As many requests wait for locks here as may.');

export interface Exchange {
  readonly context: ApiContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * One request for a lock. While it waits it holds nothing, here or at the leader: it looks who has the lock, which costs no
 * entry, and tries again when nobody has. So whoever leaves meanwhile leaves nothing behind. Who leaves at the very end may
 * have got it: without an Idempotency-Key, under which it could come back for its lockId, the lock is given back.
 */
export class Acquisition {
  readonly #exchange: Exchange;
  readonly #command: Extract<LockCommand, { kind: 'acquire' }>;
  readonly #waitMs: number;
  readonly #left = new AbortController();

  constructor(exchange: Exchange, lock: Key, { ttlMs, waitMs, owner }: Acquire) {
    this.#exchange = exchange;
    const lockId = randomBytes(LOCK_ID_BYTES).toString('base64url');
    this.#command = { kind: 'acquire', lock, lockId, owner, ttlMs };
    this.#waitMs = waitMs;
  }

  async run(): Promise<void> {
    const { context, response } = this.#exchange;
    response.once('close', () => {
      this.#left.abort();
    });
    if (this.#waitMs === 0) {
      await this.#try(0);
      return;
    }
    const untilMs = performance.now() + this.#waitMs;
    const turn = context.lockQueues.enter(this.#command.lock);
    if (turn === null) {
      context.metrics.limitHit('overloaded');
      sendProblem(response, TOO_MANY_WAIT);
      return;
    }
    try {
      const isFirst = await Promise.race([turn.come, this.#sleep(this.#waitMs).then(() => false)]);
      if (isFirst) await this.#try(untilMs);
      else sendProblem(response, OTHERS_WAIT);
    } finally {
      turn.leave();
    }
  }

  /** Until it is got, or until then. */
  async #try(untilMs: number): Promise<void> {
    const { context, request, response } = this.#exchange;
    while (!this.#left.signal.aborted) {
      const written = await write(context, request, response, { method: 'POST', command: this.#command });
      if (written === null) return;
      const { decided, lineage } = written.outcome;
      if (decided.kind === 'locked') {
        this.#deliver(written);
        return;
      }
      if (decided.kind !== 'held') throw new TypeError(`an acquisition was answered as ${decided.kind}`);
      if (await this.#isFreeBefore(untilMs)) continue;
      const more = { holder: holderBody(this.#command.lock, decided.holder, lineage) };
      sendProblem(response, fault('lock-held'), written.headers, more);
      return;
    }
  }

  /** False: it was held all the time, or the client has left, or this process is to stop: then others shall be asked. */
  async #isFreeBefore(untilMs: number): Promise<boolean> {
    const { operations, probes } = this.#exchange.context;
    const { lock } = this.#command;
    for (let pauseMs = LOOK_MIN_MS; ; pauseMs = Math.min(2 * pauseMs, LOOK_MAX_MS)) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || this.#left.signal.aborted || !probes.readiness().ready) return false;
      await this.#sleep(Math.min(pauseMs, leftMs));
      const looked = await operations.read({ kind: 'lock', lock, mode: 'in-sync', token: null });
      if (looked.kind === 'answered' && looked.outcome.kind === 'lock' && looked.outcome.holder === null) return true;
    }
  }

  #deliver({ outcome, headers }: Written): void {
    const { request, response } = this.#exchange;
    const { decided, lineage } = outcome;
    if (decided.kind !== 'locked') return;
    const giveBack = (): void => {
      if (response.writableFinished || request.headers['idempotency-key'] !== undefined) return;
      const { lock, lockId } = this.#command;
      // Nobody waits for what becomes of it: the lock passes on at its time.
      void this.#exchange.context.operations.write({ kind: 'release', lock, lockId }, { idempotencyKey: null });
    };
    if (this.#left.signal.aborted) {
      giveBack();
      return;
    }
    response.once('close', giveBack);
    sendJson(response, 201, lockBody(this.#command.lock, decided.held, lineage), headers);
  }

  /** Ends early if the client leaves. */
  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#left.signal }).catch(() => undefined);
  }
}
