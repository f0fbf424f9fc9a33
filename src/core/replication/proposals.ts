import { ChurningMap } from '../base/churning.ts';
import type { LogIndex } from '../base/numbers.ts';
import type { SessionId } from '../store/commands.ts';
import type { Entry } from './entry.ts';

interface StagedSession {
  settledThrough: number;
  readonly numbers: ChurningMap<number, LogIndex>;
}

/**
 * What the uncommitted entries of a leader's log will have done to sessions and idempotency keys: together with the
 * applied state the newest there is, against which requests are decided (R15).
 */
export class Proposals {
  readonly #sessions = new ChurningMap<SessionId, StagedSession>();
  readonly #opening = new Set<SessionId>();
  readonly #ending = new Set<SessionId>();
  readonly #idempotency = new ChurningMap<string, { readonly digest: string; readonly index: LogIndex }>();

  /** R17, R20, R22: of the uncommitted entries that forget, expire or evict, what each is to free. */
  readonly #freeing = new ChurningMap<LogIndex, number>();
  #freeingBytes = 0;
  #forgettingThrough = 0 as LogIndex;

  get opening(): number {
    return this.#opening.size;
  }

  get idempotencyKeys(): number {
    return this.#idempotency.size;
  }

  /** R17, R20, R22: what the uncommitted entries will free. */
  get freeingBytes(): number {
    return this.#freeingBytes;
  }

  /** R20: how far they, and those before them, have older versions forgotten. */
  get forgettingThrough(): LogIndex {
    return this.#forgettingThrough;
  }

  /** What the entry at `index` is to free. Nobody knows of those that another leader has begun: more is freed then. */
  frees(index: LogIndex, bytes: number): void {
    this.#freeing.set(index, bytes);
    this.#freeingBytes += bytes;
  }

  isOpening(session: SessionId): boolean {
    return this.#opening.has(session);
  }

  isEnding(session: SessionId): boolean {
    return this.#ending.has(session);
  }

  session(session: SessionId): Readonly<StagedSession> | undefined {
    return this.#sessions.get(session);
  }

  idempotent(key: string): { readonly digest: string; readonly index: LogIndex } | undefined {
    return this.#idempotency.get(key);
  }

  add(entry: Entry): void {
    const body = entry.body;
    switch (body.kind) {
      case 'begin':
      case 'empty':
      case 'expire':
      case 'evict':
        break;
      case 'forget':
        this.#forgettingThrough = body.through;
        break;
      case 'write': {
        let staged = this.#sessions.get(body.request.session);
        if (staged === undefined) {
          staged = { settledThrough: 0, numbers: new ChurningMap() };
          this.#sessions.set(body.request.session, staged);
        }
        staged.numbers.set(body.request.number, entry.index);
        staged.settledThrough = Math.max(staged.settledThrough, body.settledThrough);
        if (body.idempotencyKey !== null) {
          this.#idempotency.set(body.idempotencyKey.key, { digest: body.idempotencyKey.digest, index: entry.index });
        }
        break;
      }
      case 'openSession':
        this.#opening.add(body.session);
        break;
      case 'endSessions':
        for (const session of body.sessions) this.#ending.add(session);
        break;
    }
  }

  /** It was applied: the state machine knows it from now on. */
  remove(entry: Entry): void {
    const body = entry.body;
    switch (body.kind) {
      case 'begin':
      case 'empty':
        break;
      case 'forget':
      case 'expire':
      case 'evict':
        this.#freeingBytes -= this.#freeing.get(entry.index) ?? 0;
        this.#freeing.delete(entry.index);
        break;
      case 'write': {
        const { session, number } = body.request;
        const staged = this.#sessions.get(session);
        if (staged?.numbers.get(number) === entry.index) staged.numbers.delete(number);
        if (staged?.numbers.size === 0) this.#sessions.delete(session);
        const key = body.idempotencyKey?.key;
        if (key !== undefined && this.#idempotency.get(key)?.index === entry.index) this.#idempotency.delete(key);
        break;
      }
      case 'openSession':
        this.#opening.delete(body.session);
        break;
      case 'endSessions':
        for (const session of body.sessions) this.#ending.delete(session);
        break;
    }
  }
}
