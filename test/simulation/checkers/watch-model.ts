import type { Key } from '../../../src/core/base/key.ts';
import type { Entry, KeyEffect, StateEffect } from '../../../src/core/replication/entry.ts';
import type { Lineage } from '../../../src/core/replication/lineage.ts';
import type { WatchEvent, WatchNews, WatchPlace, WatchRange, WatchToken } from '../../../src/core/store/watching.ts';
import { check } from '../violation.ts';
import type { Chronicle } from './chronicle.ts';
import { sameValue } from './rehearsal.ts';

/** What a watcher has been shown of the state, before the events. */
interface ShownState {
  /** The state that this entry had left; -1 until the first news says which. */
  base: number;
  readonly keys: Set<Key>;
  last: string;
}

/**
 * What one watcher must be told, whichever replicas tell it: first, if it wanted it, the state of some revision; then all that
 * committed entries did to the keys of its range, in the order of the log, nothing twice, nothing left out.
 */
export class WatchModel {
  readonly #name: string;
  readonly #chronicleOf: (lineage: Lineage) => Chronicle | undefined;
  readonly range: WatchRange;
  #lineage: Lineage | null = null;
  /** Where the next event is looked for; null: where the first news says. */
  #index: number | null = null;
  #effects = 0;
  #state: ShownState | null;
  #place: WatchPlace | null = null;
  events = 0;

  constructor(
    name: string,
    range: WatchRange,
    options: { readonly withState: boolean; readonly chronicleOf: (lineage: Lineage) => Chronicle | undefined },
  ) {
    this.#name = name;
    this.range = range;
    this.#chronicleOf = options.chronicleOf;
    this.#state = options.withState ? { base: -1, keys: new Set(), last: '' } : null;
  }

  /** To go on with elsewhere; null: nothing has come yet. */
  get token(): WatchToken | null {
    return this.#lineage === null || this.#place === null ? null : { lineage: this.#lineage, place: this.#place };
  }

  get withState(): boolean {
    return this.#state !== null;
  }

  /** One event, also where the rest of the news is not heard any more. */
  onEvent(event: WatchEvent, lineage: Lineage): void {
    const chronicle = this.#chronicleIn(lineage);
    this.events += 1;
    this.#place = event.place;
    if (event.place.shown !== null) {
      this.#onShown(event, chronicle);
      return;
    }
    this.#finishState(chronicle);
    const at = this.#index === null ? null : this.#nextFrom(chronicle, chronicle.committed + 1);
    // One that asked for what comes now is not told before when that began, unless something has come with it.
    const found = at ?? this.#find(chronicle, event);
    const words = () =>
      `${this.#name}: is told of ${event.effect.kind} of ${event.effect.key} before ${placeInWords(event.place)}`;
    check(found !== null, 'watches', () => `${words()}, where nothing is to be told`);
    const due = found.effect;
    check(
      due.kind === event.effect.kind && due.key === event.effect.key && sameMade(due, event.effect),
      'watches',
      () => `${words()}; should be ${due.kind} of ${due.key} of entry ${found.index}`,
    );
    const { length } = effectsIn(chronicle.entries[found.index]);
    this.#index = found.at + 1 === length ? found.index + 1 : found.index;
    this.#effects = found.at + 1 === length ? 0 : found.at + 1;
    check(
      event.place.index === this.#index && event.place.effects === this.#effects,
      'watches',
      () => `${words()}; should be ${this.#index}.${this.#effects}`,
    );
  }

  /** After all of its events. */
  onNews({ place, lineage, synced }: WatchNews): void {
    const chronicle = this.#chronicleIn(lineage);
    this.#place = place;
    check(
      place.index <= chronicle.committed + 1,
      'watches',
      () => `${this.#name}: is at ${placeInWords(place)} too early`,
    );
    if (place.shown !== null) {
      const state = this.#state;
      check(state !== null && !synced, 'watches', () => `${this.#name}: is shown a state that it did not want, or has`);
      this.#checkBase(state, place);
      return;
    }
    if (this.#state !== null) {
      this.#checkBase(this.#state, place, 'passed');
      this.#finishState(chronicle);
    }
    if (this.#index !== null) {
      check(
        place.index > this.#index || (place.index === this.#index && place.effects >= this.#effects),
        'watches',
        () => `${this.#name}: goes back from ${this.#index}.${this.#effects} to ${placeInWords(place)}`,
      );
      const missed = this.#nextFrom(chronicle, place.index, place.effects);
      check(
        missed === null,
        'watches',
        () => `${this.#name}: is at ${placeInWords(place)} without entry ${missed?.index}`,
      );
    }
    this.#index = place.index;
    this.#effects = place.effects;
  }

  #chronicleIn(lineage: Lineage): Chronicle {
    const chronicle = this.#chronicleOf(lineage);
    const before = this.#lineage;
    check(
      chronicle !== undefined && (before === null || before.id === lineage.id),
      'watches',
      () => `${this.#name}: is told of lineage ${lineage.id}, was of ${before?.id}`,
    );
    this.#lineage = lineage;
    return chronicle;
  }

  #checkBase(state: ShownState, place: WatchPlace, when: 'amid' | 'passed' = 'amid'): void {
    if (state.base < 0 && when === 'amid') state.base = place.index - 1;
    check(
      when === 'passed' ? state.base < 0 || place.index - 1 >= state.base : state.base === place.index - 1,
      'watches',
      () => `${this.#name}: is shown the state of ${place.index - 1}, began with ${state.base}`,
    );
  }

  #onShown({ effect, place }: WatchEvent, chronicle: Chronicle): void {
    const state = this.#state;
    const { key } = effect;
    check(
      state !== null && effect.kind === 'put' && place.shown === key && key > state.last,
      'watches',
      () => `${this.#name}: is shown ${effect.kind} of ${key} after ${state?.last}`,
    );
    this.#checkBase(state, place);
    const change = chronicle.changeAt(key, state.base);
    check(
      change !== null && change.revision === effect.stored.revision && sameValue(change.value, effect.stored.value),
      'watches',
      () =>
        `${this.#name}: is shown ${key} of revision ${effect.stored.revision} as of ${state.base}, should be ${change?.revision}`,
    );
    state.keys.add(key);
    state.last = key;
  }

  /** What stood there and was not shown has changed since, and is told of; or was due. */
  #finishState(chronicle: Chronicle): void {
    const state = this.#state;
    if (state === null) return;
    this.#state = null;
    // All of it came at once with what followed.
    if (state.base < 0) return;
    const timeMs = chronicle.entries[chronicle.committed]?.timeMs ?? 0;
    for (const key of chronicle.keys()) {
      if (!isIn(this.range, key) || state.keys.has(key)) continue;
      const then = chronicle.changeAt(key, state.base);
      const now = chronicle.changeAt(key, chronicle.committed);
      check(
        then?.value == null || now?.index !== then.index || then.expiresAtMs <= timeMs,
        'watches',
        () => `${this.#name}: was not shown ${key} of revision ${then?.revision} in the state of ${state.base}`,
      );
    }
    this.#index = state.base + 1;
    this.#effects = 0;
  }

  #nextFrom(chronicle: Chronicle, throughIndex: number, throughEffects = 0): Found | null {
    let at = this.#effects;
    for (let index = this.#index as number; index <= throughIndex; index += 1, at = 0) {
      const effects = effectsIn(chronicle.entries[index]);
      const end = index === throughIndex ? Math.min(throughEffects, effects.length) : effects.length;
      for (; at < end; at += 1) {
        const effect = effects[at] as StateEffect;
        if (isChange(effect) && isIn(this.range, effect.key)) return { index, at, effect };
      }
    }
    return null;
  }

  /** The place of the very first event. */
  #find(chronicle: Chronicle, { place }: WatchEvent): Found | null {
    if (this.#index !== null) return null;
    const index = place.effects === 0 ? place.index - 1 : place.index;
    const effects = effectsIn(chronicle.entries[index]);
    const at = place.effects === 0 ? effects.length - 1 : place.effects - 1;
    const effect = effects[at];
    return effect === undefined || !isChange(effect) || !isIn(this.range, effect.key) ? null : { index, at, effect };
  }
}

interface Found {
  readonly index: number;
  readonly at: number;
  readonly effect: Change;
}

/** Of a key that is there afterwards as another, or not any more. */
type Change = Exclude<KeyEffect, { kind: 'touch' }>;

const isChange = (effect: StateEffect): effect is Change => 'stored' in effect || 'tombstone' in effect;

const effectsIn = (entry: Entry | undefined): readonly StateEffect[] =>
  entry?.body.kind === 'write' || entry?.body.kind === 'expire' || entry?.body.kind === 'evict'
    ? entry.body.effects
    : [];

const isIn = (range: WatchRange, key: Key): boolean =>
  range.kind === 'key' ? range.key === key : key.slice(0, range.prefix.length) === range.prefix;

function sameMade(due: KeyEffect, told: KeyEffect): boolean {
  if (due.kind === 'put' && told.kind === 'put')
    return due.stored.version === told.stored.version && sameValue(due.stored.value, told.stored.value);
  if (due.kind === 'touch' || told.kind === 'touch' || due.kind === 'put' || told.kind === 'put') return false;
  return due.tombstone.version === told.tombstone.version && due.tombstone.revision === told.tombstone.revision;
}

const placeInWords = ({ index, effects, shown }: WatchPlace): string =>
  `${index}.${effects}${shown === null ? '' : ` at ${shown}`}`;
