/** What the client was told of a write: it took effect, it did not, or nobody can say. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

export interface Settlement {
  readonly outcome: Outcome;
  /** Of the HTTP answer; 0: there was none. */
  readonly status: number;
  /** The key's version that the write made, if it was acknowledged. */
  readonly version: number;
  readonly atMs: number;
}

/** What a replica holds of a key. */
export interface Held {
  /** 0: no such key. */
  readonly version: number;
  readonly value: string;
}

export interface Findings {
  /** Acknowledged writes that a replica does not hold, or whose version another write was given as well. */
  readonly lost: number;
  /** Versions of a replica that no write accounts for. */
  readonly doubled: number;
  /** Keys of which replicas hold different things. */
  readonly diverged: number;
  /** The first of them, in words. */
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 5;

/**
 * Every write of the load and what became of it, and the judge of what replicas hold afterwards. Writes go round a fixed
 * set of keys with values that never repeat, so that a key's version counts the writes that took effect.
 */
export class Ledger {
  readonly keys: number;
  /** By write, in the order in which they were begun. */
  readonly invokedMs: number[] = [];
  readonly settlements: (Settlement | null)[] = [];
  readonly #byKey: KeyLedger[];
  #acknowledged = 0;
  #refused = 0;
  #unknown = 0;

  constructor(keys: number) {
    this.keys = keys;
    this.#byKey = Array.from({ length: keys }, () => ({
      acknowledged: 0,
      writeByVersion: [],
      clashes: 0,
      unknown: [],
    }));
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get refused(): number {
    return this.#refused;
  }

  get unknown(): number {
    return this.#unknown;
  }

  get unsettled(): number {
    return this.settlements.length - this.#acknowledged - this.#refused - this.#unknown;
  }

  /** A new write; its number is its identity. */
  begin(atMs: number): number {
    this.invokedMs.push(atMs);
    return this.settlements.push(null) - 1;
  }

  keyOf(write: number): string {
    return `load/${write % this.keys}`;
  }

  valueOf(write: number): string {
    return `value-${write}`;
  }

  settle(write: number, settlement: Settlement): void {
    if (this.settlements[write] != null) throw new Error(`write ${write} was settled twice`);
    this.settlements[write] = settlement;
    const key = this.#byKey[write % this.keys] as KeyLedger;
    switch (settlement.outcome) {
      case 'acknowledged':
        this.#acknowledged += 1;
        key.acknowledged += 1;
        if (key.writeByVersion[settlement.version] !== undefined) key.clashes += 1;
        key.writeByVersion[settlement.version] = write;
        break;
      case 'unknown':
        this.#unknown += 1;
        key.unknown.push(write);
        break;
      case 'refused':
        this.#refused += 1;
        break;
    }
  }

  /** `held`: by replica, what it holds of each key, in their order. */
  judge(held: ReadonlyMap<string, readonly Held[]>): Findings {
    const examples: string[] = [];
    const worst = { lost: 0, doubled: 0 };
    const say = (text: string) => {
      if (examples.length < EXAMPLES_MAX) examples.push(text);
    };
    for (const [replica, values] of held) {
      const sums = { lost: 0, doubled: 0 };
      for (const [index, key] of this.#byKey.entries()) {
        const { lost, doubled } = this.#judgeKey(key, values[index] ?? ABSENT);
        sums.lost += lost;
        sums.doubled += doubled;
        if (lost + doubled > 0) {
          const { version, value } = values[index] ?? ABSENT;
          const known = `${key.acknowledged} acknowledged (${key.clashes} of them with another's version), ${key.unknown.length} unknown`;
          say(`${replica}, load/${index}: version ${version}, ${JSON.stringify(value)}; ${known}`);
        }
      }
      worst.lost = Math.max(worst.lost, sums.lost);
      worst.doubled = Math.max(worst.doubled, sums.doubled);
    }
    const [first, ...others] = [...held];
    const differs = (index: number) =>
      others.some(
        ([, values]) =>
          values[index]?.version !== first?.[1][index]?.version || values[index]?.value !== first?.[1][index]?.value,
      );
    const diverged = this.#byKey.map((_, index) => index).filter(differs);
    for (const index of diverged) {
      say(
        `load/${index}: ${[...held].map(([name, values]) => `${name} holds version ${String(values[index]?.version)}`).join(', ')}`,
      );
    }
    return { ...worst, diverged: diverged.length, examples };
  }

  #judgeKey(key: KeyLedger, { version, value }: Held): { readonly lost: number; readonly doubled: number } {
    let lost = key.clashes;
    for (let beyond = version + 1; beyond < key.writeByVersion.length; beyond += 1) {
      if (key.writeByVersion[beyond] !== undefined) lost += 1;
    }
    const doubled = Math.max(0, version - key.acknowledged - key.unknown.length);
    if (version === 0) return { lost, doubled };
    const last = key.writeByVersion[version];
    if (last === undefined) {
      // Some write of unknown outcome is the last; if none of them is, nobody wrote what is there.
      return { lost, doubled: doubled + (key.unknown.some((write) => this.valueOf(write) === value) ? 0 : 1) };
    }
    return { lost: lost + (this.valueOf(last) === value ? 0 : 1), doubled };
  }
}

interface KeyLedger {
  acknowledged: number;
  /** Of acknowledged writes. */
  readonly writeByVersion: number[];
  /** Acknowledged with a version that another had been given. */
  clashes: number;
  readonly unknown: number[];
}

const ABSENT: Held = { version: 0, value: '' };
