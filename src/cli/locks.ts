import { keyTarget } from '../client/targets.ts';
import { isKvError } from '../client/index.ts';
import { READ, type Answer, type Request } from '../client/exchange.ts';
import type { Transport } from '../client/transport.ts';

/** Locks as the HTTP interface has them. */

export interface HeldLock {
  readonly name: string;
  readonly lockId: string;
  readonly fencingToken: string;
  readonly expiresAt: string;
}

export interface LockHolder {
  readonly name: string;
  readonly owner: string | null;
  readonly fencingToken: string;
  readonly expiresAt: string;
  readonly remainingMs: number;
}

const JSON_BODY = { 'Content-Type': 'application/json' };
const lockTarget = (name: string): string => keyTarget(name).replace('/v1/keys/', '/v1/locks/');

export class Locks {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @throws KvError `lock-held` */
  async acquire(
    name: string,
    body: { readonly ttl: string; readonly wait: string; readonly owner: string },
    idempotencyKey: string,
  ): Promise<HeldLock> {
    const effect = { kind: 'write', idempotencyKey, isDrawn: false } as const;
    return heldIn(await this.#call({ method: 'POST', target: lockTarget(name), body: JSON.stringify(body), effect }));
  }

  /** @throws KvError `no-lock`: it has passed on */
  async renew({ name, lockId }: HeldLock, ttl: string, timeoutMs: number): Promise<HeldLock> {
    const effect = { kind: 'write', idempotencyKey: null, isDrawn: false } as const;
    const target = `${lockTarget(name)}/${lockId}`;
    return heldIn(await this.#call({ method: 'PUT', target, body: JSON.stringify({ ttl }), effect }, timeoutMs));
  }

  async release({ name, lockId }: HeldLock, timeoutMs: number): Promise<void> {
    const effect = { kind: 'write', idempotencyKey: crypto.randomUUID(), isDrawn: true } as const;
    await this.#call({ method: 'DELETE', target: `${lockTarget(name)}/${lockId}`, effect }, timeoutMs);
  }

  /** null: nobody. */
  async holder(name: string): Promise<LockHolder | null> {
    try {
      const answer = await this.#call({ method: 'GET', target: lockTarget(name), effect: READ });
      return JSON.parse(answer?.text ?? '') as LockHolder;
    } catch (error) {
      if (isKvError(error, 'no-lock')) return null;
      throw error;
    }
  }

  #call(request: Request, timeoutMs?: number): Promise<Answer | null> {
    const headers = request.body === undefined ? {} : JSON_BODY;
    return this.#transport.call({ ...request, headers }, timeoutMs === undefined ? {} : { timeoutMs });
  }
}

const heldIn = (answer: Answer | null): HeldLock => JSON.parse(answer?.text ?? '') as HeldLock;
