import type { Key } from '../../../src/core/base/key.ts';
import type { CommittedOutcome, IdempotencyKey, WriteCommand } from '../../../src/core/store/commands.ts';
import type { ReadMode, ReadOutcome, ReadRequest } from '../../../src/core/store/reads.ts';
import { MS } from '../plan.ts';
import { describeWish } from '../story.ts';
import { inWords } from '../trace.ts';
import { check } from '../violation.ts';
import type { Chronicle } from './chronicle.ts';

/** What a client wants written, and what it has learnt of it. */
export class WriteOperation {
  readonly client: number;
  readonly startUs: number;
  readonly command: WriteCommand;
  readonly idempotencyKey: IdempotencyKey | null;
  endUs = Infinity;
  /** `failed`: every attempt was refused. `unknown`: given up, and it may yet be applied. */
  outcome: 'open' | 'committed' | 'failed' | 'unknown' = 'open';
  /** The first committed outcome that any replica gave. */
  committed: CommittedOutcome | null = null;
  isInLog = false;

  constructor(client: number, startUs: number, command: WriteCommand, idempotencyKey: IdempotencyKey | null) {
    this.client = client;
    this.startUs = startUs;
    this.command = command;
    this.idempotencyKey = idempotencyKey;
  }
}

/** Of what it would write, whichever way it goes, and what it would get; of all under a prefix, those of which somebody knows. */
export function keysOf(command: WriteCommand, known: Iterable<Key>): readonly Key[] {
  switch (command.kind) {
    case 'batch':
      return command.steps.map(({ key }) => key);
    case 'transaction':
      return [...command.then, ...command.otherwise].map(({ key }) => key);
    case 'deletePrefix':
      return [...known].filter((key) => key.startsWith(command.prefix));
    case 'fenced':
      return keysOf(command.command, known);
    case 'acquire':
    case 'renew':
    case 'release':
      return [keyOfLock(command.lock)];
    default:
      return [command.key];
  }
}

const LOCK = 'lock ';

/** What a lock is called among the keys: no client names a key so. */
const keyOfLock = (lock: Key): Key => `${LOCK}${lock}` as Key;

/** The lock that is called so; null: it is a key. */
export const lockIn = (key: Key): Key | null => (key.startsWith(LOCK) ? (key.slice(LOCK.length) as Key) : null);

/** A state that somebody was shown: a place in a lineage. */
interface Seen {
  readonly ordinal: number;
  readonly revision: number;
}

const isLater = (a: Seen, b: Seen): boolean =>
  a.ordinal > b.ordinal || (a.ordinal === b.ordinal && a.revision > b.revision);
const NOTHING: Seen = { ordinal: -1, revision: 0 };

/** What clients were told about one key. */
class KeyFloor {
  /** No later linearizable read may show less. */
  linearizable: Seen = NOTHING;
  /** Acknowledged writes in the order of their acknowledgement, each with the newest up to it. */
  readonly #times: number[] = [];
  readonly #newest: Seen[] = [];

  acknowledge(timeUs: number, seen: Seen): void {
    const last = this.#newest.at(-1) ?? NOTHING;
    if (isLater(seen, last)) {
      this.#times.push(timeUs);
      this.#newest.push(seen);
    }
    if (isLater(seen, this.linearizable)) this.linearizable = seen;
  }

  acknowledgedBy(timeUs: number): Seen {
    for (let place = this.#times.length - 1; place >= 0; place -= 1) {
      if ((this.#times[place] as number) <= timeUs) return this.#newest[place] as Seen;
    }
    return NOTHING;
  }
}

/** A read's answer that shows something. */
type Shown = Extract<ReadOutcome, { kind: 'read' | 'listed' | 'lock' | 'past' | 'history' }>;

export interface ReadOperation {
  readonly client: number;
  readonly request: ReadRequest;
  readonly startUs: number;
  /** What had been acknowledged of its keys before it began. */
  readonly floors: readonly { readonly key: Key; readonly floor: Seen }[];
}

/**
 * The histories of all clients, checked as they grow. Values are unique and revisions order all writes of a lineage, so
 * that no search for an order is needed: a read is right if it shows what the chronicle says, and not too little of it.
 */
export class Histories {
  readonly #floors = new Map<Key, KeyFloor>();
  readonly #chronicleOf: (lineageId: string) => Chronicle | undefined;
  readonly #stalenessUs: number;
  reads = 0;
  writes = 0;

  constructor(options: {
    readonly chronicleOf: (lineageId: string) => Chronicle | undefined;
    readonly readStalenessMs: number;
    readonly drift: number;
  }) {
    this.#chronicleOf = options.chronicleOf;
    // Two clocks take part, each wrong by the drift; and 2 ms for the rounding of everything.
    this.#stalenessUs = options.readStalenessMs * MS * (1 + 3 * options.drift) + 2 * MS;
  }

  #floorOf(key: Key): KeyFloor {
    let floor = this.#floors.get(key);
    if (floor === undefined) {
      floor = new KeyFloor();
      this.#floors.set(key, floor);
    }
    return floor;
  }

  /** A replica has answered; whether the client will ever hear of it does not matter. */
  onWriteAnswered(label: string, operation: WriteOperation, outcome: CommittedOutcome, minInSync: number): void {
    const chronicle = this.#chronicleOf(outcome.lineage.id);
    const name = () =>
      `${label} answers client ${operation.client}'s write of ${describeWish(operation.command)}, revision ${outcome.revision} of ${outcome.lineage.id}`;
    check(
      chronicle !== undefined && outcome.revision <= chronicle.committed,
      'acknowledged-writes',
      () => `${name()}: not committed`,
    );
    const entry = chronicle.entries[outcome.revision];
    if (entry !== undefined) {
      const body = entry.body;
      check(body.kind === 'write', 'acknowledged-writes', () => `${name()}: there stands ${body.kind}`);
      check(
        sameDecision(body.outcome, outcome.decided),
        'applied-once',
        () =>
          `${name()}: the entry says ${JSON.stringify(body.outcome, inWords)}, the answer ${JSON.stringify(outcome.decided, inWords)}`,
      );
    }
    check(outcome.members >= minInSync, 'acknowledged-writes', () => `${name()}: with ${outcome.members} members`);
    const first = operation.committed;
    if (first === null) operation.committed = outcome;
    else if (first.lineage.id === outcome.lineage.id) {
      check(
        first.revision === outcome.revision && sameDecision(first.decided, outcome.decided),
        'applied-once',
        () => `${name()}: it was answered with revision ${first.revision} before`,
      );
    }
  }

  /** The client knows that its write is committed. */
  onWriteAcknowledged(nowUs: number, operation: WriteOperation, outcome: CommittedOutcome): void {
    this.writes += 1;
    operation.outcome = 'committed';
    operation.endUs = nowUs;
    const chronicle = this.#chronicleOf(outcome.lineage.id);
    if (chronicle === undefined) return;
    const seen: Seen = { ordinal: chronicle.ordinal, revision: outcome.revision };
    for (const key of keysOf(operation.command, chronicle.keys())) this.#floorOf(key).acknowledge(nowUs, seen);
  }

  /** The client gives up, or was refused for good. */
  onWriteEnded(nowUs: number, operation: WriteOperation, outcome: 'failed' | 'unknown'): void {
    this.writes += 1;
    operation.outcome = outcome;
    operation.endUs = nowUs;
    check(
      outcome === 'unknown' || !operation.isInLog,
      'refused-writes',
      () => `client ${operation.client}'s write was refused, but is in the log`,
    );
  }

  beginRead(nowUs: number, client: number, request: ReadRequest): ReadOperation {
    const floors = this.#keysOf(request).map((key) => ({ key, floor: this.#floorAt(nowUs, key, request.mode) }));
    return { client, request, startUs: nowUs, floors };
  }

  /** Those that anybody has ever asked for. */
  #keysOf(request: ReadRequest): readonly Key[] {
    if (request.kind === 'key' || request.kind === 'past' || request.kind === 'history') return [request.key];
    if (request.kind === 'lock') return [keyOfLock(request.lock)];
    const { prefix } = request.selection;
    return [...this.#floors.keys()].filter((key) => key.startsWith(prefix) && lockIn(key) === null);
  }

  #floorAt(nowUs: number, key: Key, mode: ReadMode): Seen {
    const floor = this.#floorOf(key);
    if (mode === 'linearizable') return floor.linearizable;
    return mode === 'in-sync' ? floor.acknowledgedBy(nowUs - this.#stalenessUs) : NOTHING;
  }

  endRead(read: ReadOperation, outcome: Shown): void {
    this.reads += 1;
    const chronicle = this.#chronicleOf(outcome.lineage.id);
    const { request } = read;
    const what = subjectOf(request);
    const name = `${request.mode} ${what} by client ${read.client}, begun at ${read.startUs / 1e6}`;
    check(
      chronicle !== undefined && outcome.revision <= chronicle.committed,
      'committed-reads',
      () => `${name}: revision ${outcome.revision} of ${outcome.lineage.id} is not committed`,
    );
    if (request.kind === 'key' && outcome.kind === 'read')
      chronicle.checkValue(name, request.key, outcome.revision, outcome.found, 'committed-reads');
    else if (request.kind === 'list' && outcome.kind === 'listed')
      chronicle.checkPage(name, request.selection, outcome);
    else if (request.kind === 'lock' && outcome.kind === 'lock')
      chronicle.locks.checkRead(name, request.lock, outcome, chronicle.timeAt(outcome.revision));
    else if (request.kind === 'past' && outcome.kind === 'past')
      chronicle.history.checkPast(name, chronicle.pastAt(request.key, outcome.revision), request.at, outcome.past);
    else if (request.kind === 'history' && outcome.kind === 'history')
      chronicle.history.checkHistory(name, chronicle.pastAt(request.key, outcome.revision), outcome);
    else check(false, 'committed-reads', () => `${name}: answered as ${outcome.kind}`);

    const { token } = request;
    if (token !== null) {
      const from = this.#chronicleOf(token.lineage.id);
      const saw: Seen = { ordinal: from?.ordinal ?? -1, revision: token.revision };
      check(
        chronicle.ordinal > saw.ordinal || (chronicle.ordinal === saw.ordinal && outcome.revision >= saw.revision),
        'session-reads',
        () =>
          `${name}: shows revision ${outcome.revision} of ${outcome.lineage.id}, the session had seen ${saw.revision} of ${token.lineage.id}`,
      );
      check(
        chronicle.ordinal === saw.ordinal || request.mode !== 'session',
        'session-reads',
        () => `${name}: the token's history was replaced, and nobody said so`,
      );
    }
    for (const { key, floor } of read.floors) {
      if (floor.ordinal < 0) continue;
      const invariant = request.mode === 'linearizable' ? 'linearizable-reads' : 'in-sync-reads';
      const shown = chronicle.changedAt(key, outcome.revision);
      const due = chronicle.ordinal === floor.ordinal ? chronicle.changedAt(key, floor.revision) : 0;
      check(
        chronicle.ordinal >= floor.ordinal && shown >= due,
        invariant,
        () =>
          `${name}: shows ${key} as of revision ${shown} (lineage ${outcome.lineage.id}), but revision ${due} had been acknowledged`,
      );
      check(
        !shows(outcome, key) ||
          chronicle.ordinal !== floor.ordinal ||
          shown !== due ||
          !chronicle.hides(key, floor.revision),
        invariant,
        () => `${name}: shows ${key} again, which was gone by the time of revision ${floor.revision}`,
      );
    }
    if (request.mode !== 'linearizable') return;
    const seen: Seen = { ordinal: chronicle.ordinal, revision: outcome.revision };
    for (const key of this.#keysOf(request)) {
      const floor = this.#floorOf(key);
      if (isLater(seen, floor.linearizable)) floor.linearizable = seen;
    }
  }
}

/** Whether it shows the key itself: what is in a folder of a list is not shown. */
function shows(outcome: Shown, key: Key): boolean {
  switch (outcome.kind) {
    case 'read':
      return outcome.found !== null;
    case 'lock':
      return outcome.holder !== null;
    case 'history':
      return outcome.versions.length > 0;
    case 'past':
      // What is gone has no older versions.
      return outcome.past.kind === 'found';
    case 'listed':
      return outcome.items.some((item) => item.kind === 'key' && item.key === key);
  }
}

/** In words, what a read asks for. */
export function subjectOf(request: ReadRequest): string {
  switch (request.kind) {
    case 'key':
      return `read of ${request.key}`;
    case 'list':
      return `list of ${request.selection.prefix}*`;
    case 'lock':
      return `holder of ${request.lock}`;
    case 'history':
      return `history of ${request.key}`;
    case 'past':
      return request.at.kind === 'version'
        ? `version ${request.at.version} of ${request.key}`
        : `${request.key} at revision ${request.at.revision}`;
  }
}

const sameDecision = (a: CommittedOutcome['decided'], b: CommittedOutcome['decided']): boolean =>
  a === b || JSON.stringify(a, inWords) === JSON.stringify(b, inWords);
