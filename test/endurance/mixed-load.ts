import { Deque } from '../../src/core/base/deque.ts';
import {
  headerOf,
  HttpConnection,
  type Address,
  type Answer,
  type ConnectionOwner,
  type Ending,
} from '../measure/load/http-connection.ts';
import { until } from '../measure/until.ts';
import { Prng } from '../simulation/prng.ts';
import { Expectations, type Content, type WriteResult } from './expectations.ts';
import type { LoadSummary } from './recording.ts';

export interface MixedLoadOptions {
  readonly addresses: readonly Address[];
  readonly ratePerS: number;
  /** Keys that exist at once, or did and were deleted; their names change as time goes on. */
  readonly slots: number;
  readonly seed: number;
  /** @default 32 */
  readonly connections?: number;
}

type Kind = 'put' | 'match' | 'create' | 'keyed' | 'delete' | ReadMode;
type ReadMode = (typeof READ_MODES)[number];

interface Operation {
  readonly kind: Kind;
  readonly slot: Slot;
  readonly key: string;
  /** What the key has afterwards, if it takes effect; a read: unused. */
  readonly content: Content;
}

/** One of the places among which the load moves; its key has another name once it was deleted. */
interface Slot {
  readonly number: number;
  generation: number;
  etag: string | null;
  isBusy: boolean;
}

interface Lane {
  connection: HttpConnection;
  operation: Operation | null;
  /** Requests until it is closed and another is opened. */
  left: number;
}

const READ_MODES = ['in-sync', 'linearizable', 'session', 'eventual'] as const;
/** Of a hundred requests. */
const MIX: readonly (readonly [kind: Kind, share: number])[] = [
  ['put', 30],
  ['match', 8],
  ['create', 6],
  ['keyed', 6],
  ['delete', 12],
  ['in-sync', 14],
  ['linearizable', 8],
  ['session', 8],
  ['eventual', 8],
];
const REQUESTS_PER_CONNECTION = 40;
const RECONNECT_MS = 50;
const VALUE_BYTES_MAX = 1024;
/** A store that stands still must not be answered by a flood afterwards. */
const BEHIND_MAX = 2000;
const WRONG_MAX = 20;

/**
 * Everything that clients do, at a steady rate: writes with and without conditions, deletes, all read modes, over
 * connections that are closed and opened again. The store's size stays level: there are so many slots, and for every key
 * that is made new another is deleted.
 */
export class MixedLoad implements ConnectionOwner {
  readonly expectations = new Expectations({ wrongMax: WRONG_MAX });
  readonly #options: MixedLoadOptions;
  readonly #random: Prng;
  readonly #slots: readonly Slot[];
  readonly #lanes = new Map<HttpConnection, Lane>();
  readonly #idle = new Deque<Lane>();
  readonly #failures = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  #state: 'running' | 'stopping' | 'closed' = 'running';
  #begun = 0;
  #answered = 0;
  #requests = 0;
  #writes = 0;
  #connections = 0;
  #session: string | null = null;
  #nextAddress = 0;

  constructor(options: MixedLoadOptions) {
    this.#options = options;
    this.#random = new Prng(options.seed);
    this.#slots = Array.from({ length: options.slots }, (_, number) => ({
      number,
      generation: 0,
      etag: null,
      isBusy: false,
    }));
    for (let lane = 0; lane < (options.connections ?? 32); lane += 1) this.#open();
    this.#timer = setInterval(() => {
      this.#turn();
    }, 2);
  }

  get answered(): number {
    return this.#answered;
  }

  get failed(): number {
    return [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
  }

  get summary(): LoadSummary {
    return {
      requests: this.#requests,
      answered: this.#answered,
      failures: Object.fromEntries(this.#failures),
      wrong: this.expectations.wrong,
      connections: this.#connections,
    };
  }

  /** No further requests; resolves when those under way are answered, or have failed. */
  async stop(withinMs = 30_000): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'stopping';
    clearInterval(this.#timer);
    const isDone = () => [...this.#lanes.values()].every(({ operation }) => operation === null);
    await until('every request is answered', isDone, { withinMs, everyMs: 10 });
    this.close();
  }

  close(): void {
    this.#state = 'closed';
    clearInterval(this.#timer);
    for (const { connection } of this.#lanes.values()) connection.close();
    this.#lanes.clear();
  }

  onOpen(connection: HttpConnection): void {
    const lane = this.#lanes.get(connection);
    if (lane !== undefined) this.#idle.push(lane);
  }

  onAnswer(connection: HttpConnection, answer: Answer): void {
    const lane = this.#lanes.get(connection);
    if (lane?.operation == null) return;
    const { operation } = lane;
    lane.operation = null;
    this.#settle(operation, answer);
    lane.left -= 1;
    if (connection.isOpen && lane.left > 0) {
      this.#idle.push(lane);
      return;
    }
    connection.close();
    this.#lanes.delete(connection);
    this.#open();
  }

  onEnd(connection: HttpConnection, ending: Ending): void {
    const lane = this.#lanes.get(connection);
    this.#lanes.delete(connection);
    if (lane?.operation != null) {
      // Of a write nobody knows what became of it; and what was under way at a process that was killed may land later.
      this.#fail(lane.operation, `connection ${ending}`, 'unknown');
    }
    if (ending === 'refused') setTimeout(() => this.#open(), RECONNECT_MS);
    else this.#open();
  }

  #open(): void {
    if (this.#state === 'closed') return;
    const { addresses } = this.#options;
    const address = addresses[this.#nextAddress % addresses.length];
    if (address === undefined) throw new Error('no address was given');
    this.#nextAddress += 1;
    this.#connections += 1;
    const connection = new HttpConnection(address, this);
    this.#lanes.set(connection, { connection, operation: null, left: REQUESTS_PER_CONNECTION });
  }

  #turn(): void {
    const due = Math.floor(((performance.now() - this.#startedMs) * this.#options.ratePerS) / 1000);
    this.#begun = Math.max(this.#begun, due - BEHIND_MAX);
    while (this.#begun < due) {
      const lane = this.#takeIdle();
      if (lane === null) return;
      const slot = this.#pickSlot();
      if (slot === null) {
        this.#idle.push(lane);
        return;
      }
      this.#begun += 1;
      this.#send(lane, this.#draw(slot));
    }
  }

  #takeIdle(): Lane | null {
    for (let lane = this.#idle.shift(); lane !== undefined; lane = this.#idle.shift()) {
      // One that was closed meanwhile is in the queue still.
      if (lane.connection.isOpen && this.#lanes.get(lane.connection) === lane) return lane;
    }
    return null;
  }

  #pickSlot(): Slot | null {
    const slot = this.#slots[this.#random.below(this.#slots.length)];
    return slot === undefined || slot.isBusy ? null : slot;
  }

  #draw(slot: Slot): Operation {
    let drawn = this.#random.below(100);
    let kind: Kind = 'put';
    for (const [of, share] of MIX) {
      kind = of;
      drawn -= share;
      if (drawn < 0) break;
    }
    // There is nothing to match, or something in the way: it is an ordinary write.
    if (kind === 'match' && slot.etag === null) kind = 'put';
    if (kind === 'create' && slot.etag !== null) kind = 'put';
    const key = keyOf(slot);
    const writes = kind === 'put' || kind === 'match' || kind === 'create' || kind === 'keyed';
    return { kind, slot, key, content: writes ? this.#value(key) : null };
  }

  /** It begins with its key and never repeats. */
  #value(key: string): string {
    this.#writes += 1;
    return `${key} ${this.#writes} `.padEnd(this.#random.below(VALUE_BYTES_MAX), '.');
  }

  #send(lane: Lane, operation: Operation): void {
    lane.operation = operation;
    operation.slot.isBusy = true;
    this.#requests += 1;
    lane.connection.send(this.#requestOf(operation));
  }

  #requestOf({ kind, slot, key, content }: Operation): string {
    const head = (method: string, query: string, headers: readonly string[]) =>
      [`${method} /v1/keys/${key}${query} HTTP/1.1`, 'Host: kvstore', ...headers, '', ''].join('\r\n');
    if (isRead(kind)) {
      const token = kind === 'session' && this.#session !== null ? [`X-KV-Session: ${this.#session}`] : [];
      return head('GET', `?consistency=${kind}`, token);
    }
    if (kind === 'delete') return head('DELETE', '', []);
    const condition = {
      put: [],
      match: [`If-Match: ${slot.etag ?? ''}`],
      create: ['If-None-Match: *'],
      keyed: [`Idempotency-Key: ${key}-${this.#writes}`],
    }[kind];
    const body = content ?? '';
    return head('PUT', '', ['Content-Type: text/plain', `Content-Length: ${body.length}`, ...condition]) + body;
  }

  #settle(operation: Operation, answer: Answer): void {
    const { kind, slot, key, content } = operation;
    const { status } = answer;
    if (status >= 500 || status === 429) {
      const { code, outcome } = problemOf(answer);
      this.#fail(operation, `${status} ${code}`, outcome === 'unknown' ? 'unknown' : 'refused');
      return;
    }
    slot.isBusy = false;
    this.#session = headerOf(answer.head, 'x-kv-session') ?? this.#session;
    if (!isExpected(kind, status)) {
      this.#count(`${status} to ${kind}`);
      this.expectations.say(`${kind} of ${key}: ${status} ${answer.body.slice(0, 200)}`);
      return;
    }
    this.#answered += 1;
    if (isRead(kind)) {
      const seen = status === 404 ? null : answer.body;
      // Other modes may be behind by what they promise; that it is of this key they all promise.
      if (kind === 'linearizable') this.expectations.saw('a linearizable read', key, seen);
      else if (seen !== null && !seen.startsWith(`${key} `)) this.expectations.say(`${kind}: ${key} has ${seen}`);
      return;
    }
    if (status === 404) {
      this.expectations.saw('a delete', key, null);
      return;
    }
    this.expectations.wrote(key, content, 'done');
    slot.etag = kind === 'delete' ? null : headerOf(answer.head, 'etag');
    if (kind === 'delete' && this.#random.chance(0.5)) this.#rename(slot);
  }

  #fail(operation: Operation, code: string, result: WriteResult): void {
    const { kind, slot, key, content } = operation;
    this.#count(isRead(kind) ? `${code} (a read)` : code);
    slot.isBusy = false;
    if (isRead(kind) || result === 'refused') return;
    this.expectations.wrote(key, content, result);
    // It may still take effect, at any time: nothing can be expected of this key any more.
    this.#rename(slot);
  }

  #rename(slot: Slot): void {
    // What is known to be gone for good need not be looked at in the end.
    if (this.expectations.known(keyOf(slot))?.content === null) this.expectations.forget(keyOf(slot));
    slot.generation += 1;
    slot.etag = null;
  }

  #count(code: string): void {
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }
}

const keyOf = (slot: Slot): string => `endurance/${slot.number}/${slot.generation}`;

const isRead = (kind: Kind): kind is ReadMode => (READ_MODES as readonly Kind[]).includes(kind);

/** With one writer for each key a condition that it makes from what it knows must hold. */
function isExpected(kind: Kind, status: number): boolean {
  if (isRead(kind)) return status === 200 || status === 404;
  if (kind === 'delete') return status === 204 || status === 404;
  return status === 200 || status === 201;
}

function problemOf({ head, body }: Answer): { readonly code: string; readonly outcome: string } {
  if (headerOf(head, 'content-type')?.startsWith('application/problem+json') !== true) {
    return { code: 'no problem+json', outcome: 'unknown' };
  }
  const { code = 'no code', outcome = 'refused' } = JSON.parse(body) as { code?: string; outcome?: string };
  return { code, outcome };
}
