import { Random } from '../../../src/core/base/random.ts';
import type { HistoryOperation, SessionState } from '../../history/operation.ts';
import { effectOf, EMPTY, type Register } from './brute-force.ts';

/** What the store gets wrong, now and then. */
export type StoreFault =
  | 'linearizable read of an old state'
  | 'in-sync read beyond the bound'
  | 'session that goes back'
  | 'read of a failed write'
  | 'acknowledged write lost'
  | 'write applied twice'
  | 'refused write applied';

export interface StoreOptions {
  readonly seed: number;
  readonly operations: number;
  readonly keys: number;
  readonly clients: number;
  /** Share of writes whose clients learn nothing. */
  readonly unknown: number;
  readonly fault: StoreFault | null;
}

export const STALENESS_US = 20_000;
const LINEAGE = { number: 1, id: 'a' };
const WRITES = ['put', 'put', 'create', 'cas', 'cas', 'delete'] as const;
const MODES = ['linearizable', 'in-sync', 'session', 'eventual'] as const;

/** An entry of the log: what it made of which key, and when. */
interface Entry {
  readonly key: string;
  readonly after: Register & { readonly version: number };
  readonly atUs: number;
}

/** The operations of clients of a store that keeps R12's promises, but for the fault: one lineage, many keys. */
export function storeHistory(options: StoreOptions): HistoryOperation[] {
  return new ModelStore(options).run();
}

interface Client {
  readonly id: number;
  token: SessionState;
}

class ModelStore {
  readonly #options: StoreOptions;
  readonly #random: Random;
  readonly #log: (Entry | null)[] = [null];
  readonly #history: HistoryOperation[] = [];
  /** What happens when, in no order. */
  #agenda: { readonly atUs: number; readonly act: (nowUs: number) => void }[] = [];
  #begun = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  run(): HistoryOperation[] {
    for (let id = 0; id < this.#options.clients; id += 1) {
      const client: Client = { id, token: { lineage: LINEAGE, revision: 0 } };
      this.#at(id, (nowUs) => this.#begin(client, nowUs));
    }
    while (this.#agenda.length > 0) {
      const due = this.#agenda.reduce((first, item) => (item.atUs < first.atUs ? item : first));
      this.#agenda = this.#agenda.filter((item) => item !== due);
      due.act(due.atUs);
    }
    return this.#history;
  }

  #at(atUs: number, act: (nowUs: number) => void): void {
    this.#agenda.push({ atUs, act });
  }

  #begin(client: Client, start: number): void {
    if (this.#begun === this.#options.operations) return;
    this.#begun += 1;
    const asked = this.#ask(client, start);
    const moment = start + 1 + this.#random.below(400);
    const end = moment + 1 + this.#random.below(400);
    if (asked.op !== 'get' && this.#random.next() < this.#options.unknown) {
      this.#history.push({ ...asked, outcome: 'unknown' });
      const isApplied = this.#random.next() < 0.7;
      const later = this.#random.next() < 0.5 ? 0 : this.#random.below(1_000_000);
      if (isApplied) this.#at(moment + later, (nowUs) => this.#write(asked, nowUs));
      this.#at(end, (nowUs) => this.#begin(client, nowUs));
      return;
    }
    let answered = asked;
    this.#at(moment, (nowUs) => {
      answered = asked.op === 'get' ? this.#read(asked) : this.#answerWrite(asked, nowUs);
    });
    this.#at(end, (nowUs) => {
      this.#history.push({ ...answered, end: nowUs });
      const { seen } = answered;
      if (seen !== undefined && seen !== null && seen.revision > client.token.revision) client.token = seen;
      this.#begin(client, nowUs);
    });
  }

  #ask({ id, token }: Client, start: number): HistoryOperation {
    const random = this.#random;
    const key = `k${random.below(this.#options.keys)}`;
    const isRead = random.next() < 0.5;
    const op = isRead ? 'get' : this.#oneOf(WRITES);
    const mode = this.#oneOf(MODES);
    const current = this.#stateAt(key, this.#log.length - 1).after.revision;
    return {
      client: id,
      op,
      key,
      value: op === 'get' || op === 'delete' ? null : `v${this.#begun}`,
      expect: op === 'cas' ? Math.max(1, current - (random.next() < 0.3 ? 1 : 0)) : null,
      mode: isRead && mode === 'linearizable' ? 'linearizable' : null,
      start,
      end: null,
      outcome: 'ok',
      revision: null,
      ...(isRead && mode !== 'linearizable' ? { consistency: mode } : {}),
      token: mode === 'session' || random.next() < 0.5 ? token : null,
    };
  }

  #answerWrite(asked: HistoryOperation, nowUs: number): HistoryOperation {
    const { key } = asked;
    if (this.#random.next() < 0.06) {
      if (this.#errs('read of a failed write')) this.#write(asked, nowUs);
      return { ...asked, outcome: 'failed' };
    }
    const before = this.#stateAt(key, this.#log.length - 1).after;
    const kind = this.#write(asked, nowUs);
    const revision = this.#log.length - 1;
    const told = { lineage: LINEAGE, seen: { lineage: LINEAGE, revision } };
    const standing = before.value === null ? null : before.revision;
    if (kind === 'refused') {
      if (this.#errs('refused write applied')) this.#write({ ...asked, op: 'put' }, nowUs);
      return { ...asked, ...told, outcome: 'refused', revision: standing };
    }
    if (kind === 'absent') return { ...asked, ...told };
    const { version } = this.#stateAt(key, revision).after;
    if (this.#errs('acknowledged write lost')) this.#log[revision] = null;
    else if (asked.op !== 'delete' && this.#errs('write applied twice')) this.#write({ ...asked, op: 'put' }, nowUs);
    return { ...asked, ...told, revision, version };
  }

  /** Every write makes an entry; one that was refused, or found nothing, an empty one. */
  #write(asked: HistoryOperation, nowUs: number): 'written' | 'refused' | 'absent' {
    const { key } = asked;
    const { after } = this.#stateAt(key, this.#log.length - 1);
    const effect = effectOf(after, asked);
    const isWritten = effect.kind === 'written';
    const next = { value: isWritten ? effect.value : null, revision: this.#log.length, version: after.version + 1 };
    this.#log.push(isWritten ? { key, after: next, atUs: nowUs } : null);
    return effect.kind;
  }

  #read(asked: HistoryOperation): HistoryOperation {
    const revision = this.#shownTo(asked);
    const { value, revision: of, version } = this.#stateAt(asked.key, revision).after;
    const told = { lineage: LINEAGE, seen: { lineage: LINEAGE, revision } };
    return value === null ? { ...asked, ...told } : { ...asked, ...told, value, revision: of, version };
  }

  /** How much of the log the replica that answers shows: as little as the mode allows, or anything above. */
  #shownTo({ mode, consistency, token, start }: HistoryOperation): number {
    const last = this.#log.length - 1;
    const goesBack = this.#errs('session that goes back');
    const seen = token === null || token === undefined || goesBack ? 0 : token.revision;
    if (mode === 'linearizable') {
      return this.#errs('linearizable read of an old state') ? this.#somewhere(seen, last) : last;
    }
    if (consistency !== 'in-sync' || this.#errs('in-sync read beyond the bound')) return this.#somewhere(seen, last);
    // The last entry before the bound, or nothing. Empty entries are of no time.
    const due = this.#log.findLastIndex((entry) => entry !== null && entry.atUs < start - STALENESS_US);
    return this.#somewhere(Math.max(seen, due), last);
  }

  #somewhere(low: number, high: number): number {
    return low >= high || this.#random.next() < 0.3 ? low : low + this.#random.below(high - low + 1);
  }

  #stateAt(key: string, revision: number): { readonly after: Register & { readonly version: number } } {
    const place = this.#log.findLastIndex((entry, index) => index <= revision && entry?.key === key);
    return this.#log[place] ?? { after: { ...EMPTY, version: 0 } };
  }

  #errs(fault: StoreFault): boolean {
    return this.#options.fault === fault && this.#random.next() < 0.3;
  }

  #oneOf<T>(items: readonly [T, ...T[]]): T {
    return items[this.#random.below(items.length)] ?? items[0];
  }
}
