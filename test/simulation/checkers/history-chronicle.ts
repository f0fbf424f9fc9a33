import type { Key } from '../../../src/core/base/key.ts';
import type { Entry } from '../../../src/core/replication/entry.ts';
import type { Superseded } from '../../../src/core/store/history.ts';
import type { Past, PastPlace, ReadOutcome, StoredValue } from '../../../src/core/store/reads.ts';
import { check } from '../violation.ts';
import { sameValue, type Change } from './rehearsal.ts';

/** A version that another has taken the place of, by the entry at `until`. */
interface Version {
  readonly change: Change;
  readonly until: number;
}

/** What a read of the past is checked against. */
export interface PastState {
  readonly key: Key;
  /** All changes of the key up to `index`. */
  readonly changes: readonly Change[];
  readonly index: number;
  /** Its time has come, though no entry has removed it yet. */
  readonly isHidden: boolean;
  /** Nobody may know any more that there was no such key. */
  readonly forgetsTombstones: boolean;
}

/**
 * Which versions are kept at which index of a lineage: a model of R20, which looks through all that ever happened to a key,
 * and knows nothing of how the core keeps them.
 */
export class HistoryChronicle {
  readonly #limits: { readonly index: number; readonly limit: number }[] = [];
  readonly #forgets: { readonly index: number; readonly through: number }[] = [];

  constructor(from: { readonly history: HistoryChronicle; readonly throughIndex: number } | null) {
    if (from === null) return;
    this.#limits.push(...from.history.#limits.filter(({ index }) => index <= from.throughIndex));
    this.#forgets.push(...from.history.#forgets.filter(({ index }) => index <= from.throughIndex));
  }

  commit({ index, body }: Entry): void {
    if (body.kind === 'begin') this.#limits.push({ index, limit: body.historyLimit });
    if (body.kind !== 'forget') return;
    check(body.through < index, 'history', () => `entry ${index} forgets what comes after it, up to ${body.through}`);
    this.#forgets.push({ index, through: body.through });
  }

  #limitAt(index: number): number {
    return this.#limits.findLast((each) => each.index <= index)?.limit ?? 1;
  }

  /** The older versions that are there at `index`, the newest first, and the standing one. */
  #kept(changes: readonly Change[], index: number): { readonly standing: Change | null; readonly older: Version[] } {
    // A touch makes no version.
    const versions = changes.filter(({ version }, place) => changes[place + 1]?.version !== version);
    const standing = versions.at(-1) ?? null;
    if (standing?.value == null) return { standing: null, older: [] };
    const begun = versions.findLastIndex(({ value }) => value === null) + 1;
    const older: Version[] = [];
    for (let place = versions.length - 2; place >= begun; place -= 1) {
      const change = versions[place] as Change;
      const until = (versions[place + 1] as Change).revision;
      const isForgotten = this.#forgets.some(
        (each) => each.index <= index && each.index > until && until <= each.through,
      );
      const isTrimmed = versions
        .slice(place + 1)
        .some(({ revision, version }) => change.version <= version - this.#limitAt(revision));
      if (isForgotten || isTrimmed) break;
      older.push({ change, until });
    }
    return { standing, older };
  }

  /** What a replica keeps must be what the entries up to `index` have left. */
  checkTable(
    label: string,
    index: number,
    table: Iterable<Superseded>,
    changesOf: Iterable<readonly [Key, readonly Change[]]>,
  ): void {
    let last = 0;
    const kept: string[] = [];
    for (const { key, stored, supersededAt } of table) {
      check(supersededAt >= last, 'history', () => `${label} at ${index}: ${key} of ${supersededAt} after ${last}`);
      last = supersededAt;
      kept.push(wordsOf(key, stored.version, stored.revision, supersededAt, stored.value));
    }
    const expected: string[] = [];
    for (const [key, changes] of changesOf)
      for (const { change, until } of this.#kept(changes, index).older)
        expected.push(wordsOf(key, change.version, change.revision, until, change.value as Uint8Array));
    check(
      kept.sort().join() === expected.sort().join(),
      'history',
      () => `${label} at ${index} keeps ${kept.join('; ')}; should keep ${expected.join('; ')}`,
    );
  }

  /** Those that may be shown: a lower limit hides at once what it lets go with the next write. */
  #shown(state: PastState): { readonly standing: Change | null; readonly older: readonly Version[] } {
    const { standing, older } = this.#kept(state.changes, state.index);
    if (standing === null || state.isHidden) return { standing: null, older: [] };
    const lowest = standing.version - this.#limitAt(state.index);
    return { standing, older: older.filter(({ change }) => change.version > lowest) };
  }

  checkHistory(name: string, state: PastState, { versions }: Extract<ReadOutcome, { kind: 'history' }>): void {
    const { standing, older } = this.#shown(state);
    const expected = standing === null ? [] : [standing, ...older.map(({ change }) => change)];
    check(
      versions.length === expected.length &&
        versions.every(({ stored, valueBytes, isShown }, place) => {
          const { version, revision, value } = expected[place] as Change;
          const isSame = isShown ? sameValue(value, stored.value) : valueBytes === value?.length;
          return stored.version === version && stored.revision === revision && isSame;
        }),
      'history',
      () =>
        `${name}: shows ${versions.map(({ stored }) => stored.version).join()}, should be ${expected.map(({ version }) => version).join()}`,
    );
  }

  checkPast(name: string, state: PastState, at: PastPlace, past: Past): void {
    const expected = at.kind === 'version' ? this.#version(state, at.version) : this.#revision(state, at.revision);
    const isVague = state.forgetsTombstones && expected === 'none' && past.kind === 'compacted';
    const matches =
      typeof expected === 'string'
        ? past.kind === expected || isVague
        : past.kind === 'found' && isSame(expected, past.stored);
    check(matches, 'history', () => {
      const should = typeof expected === 'string' ? expected : `version ${expected.version} of ${expected.revision}`;
      const told = past.kind === 'found' ? `version ${past.stored.version} of ${past.stored.revision}` : past.kind;
      return `${name}: ${told}, should be ${should}, at ${state.index}`;
    });
  }

  #version(state: PastState, version: number): Change | 'none' | 'compacted' {
    if (version > (state.changes.at(-1)?.version ?? 0)) return 'none';
    const { standing, older } = this.#shown(state);
    if (standing?.version === version) return standing;
    return older.find(({ change }) => change.version === version)?.change ?? 'compacted';
  }

  #revision(state: PastState, revision: number): Change | 'none' | 'compacted' {
    const { changes, index } = state;
    const last = changes.at(-1);
    if (revision > index || last === undefined) return 'none';
    const { standing, older } = this.#shown(state);
    if (standing === null) {
      const isGone = last.value === null ? revision >= last.revision : revision === index;
      return isGone ? 'none' : 'compacted';
    }
    if (revision >= standing.revision) return standing;
    const there = older.find(({ change, until }) => change.revision <= revision && revision < until);
    if (there !== undefined) return there.change;
    const first = older.at(-1)?.change ?? standing;
    return first.version === 1 && revision < first.revision ? 'none' : 'compacted';
  }
}

const isSame = (change: Change, stored: StoredValue): boolean =>
  change.version === stored.version && change.revision === stored.revision && sameValue(change.value, stored.value);

const wordsOf = (key: Key, version: number, revision: number, until: number, value: Uint8Array): string =>
  `${key} ${version} of ${revision} until ${until}: ${Buffer.from(value).toString('base64')}`;
