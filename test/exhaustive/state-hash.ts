import type { Interner } from './interner.ts';
import { exchangePlace, type Place, PLACES } from './names.ts';
import { CLOSED, CRASHED, LEFT, type State } from './state.ts';

/** Where the digests of what a state is made of are found. */
export interface Parts {
  readonly replicas: Interner<unknown>;
  readonly messages: Interner<unknown>;
  readonly requests: Interner<unknown>;
  readonly answers: Interner<unknown>;
  readonly apis: Interner<unknown>;
  readonly ledgers: Interner<unknown>;
}

/**
 * 64 bits for a state, from the digests of its parts: they depend on what the parts are, not on when they were met. With
 * symmetry it is the smaller one of the state and of the state with the two followers exchanged.
 */
export class StateHash {
  readonly #symmetry: 'on' | 'off';
  readonly #parts: Parts;
  #high = 0;
  #low = 0;

  constructor(symmetry: 'on' | 'off', parts: Parts) {
    this.#symmetry = symmetry;
    this.#parts = parts;
  }

  of(state: State): readonly [number, number] {
    const own = this.#hash(state, false);
    if (this.#symmetry === 'off') return own;
    const exchanged = this.#hash(state, true);
    return own[0] < exchanged[0] || (own[0] === exchanged[0] && own[1] <= exchanged[1]) ? own : exchanged;
  }

  #hash(state: State, exchanges: boolean): readonly [number, number] {
    const { replicas, messages, requests, answers, apis, ledgers } = this.#parts;
    const of = (place: Place): Place => (exchanges ? exchangePlace(place) : place);
    const offset = exchanges ? 2 : 0;
    const digest = (interner: Interner<unknown>, id: number): void => {
      const { digests } = interner;
      this.#mix(digests[4 * id + offset] as number);
      this.#mix(digests[4 * id + offset + 1] as number);
    };
    let sumHigh = 0;
    let sumLow = 0;
    const begin = (seed: number): void => {
      this.#high = seed;
      this.#low = ~seed;
    };
    const add = (): void => {
      sumHigh = (sumHigh + avalanche(this.#high ^ (this.#low >>> 7))) | 0;
      sumLow = (sumLow + avalanche(this.#low ^ Math.imul(this.#high, 0x27d4eb2f))) | 0;
    };
    // Connections and calls are sets: their hashes are added up.
    for (const { dialler, name, target, phase, toTarget, toDialler } of state.connections) {
      begin(1);
      this.#mix(of(dialler) | (of(target) << 2) | (phase << 4) | (name << 8));
      this.#mix(toTarget.length);
      for (const message of toTarget)
        if (message === CLOSED) this.#mix(7);
        else digest(messages, message);
      for (const message of toDialler)
        if (message === CLOSED) this.#mix(7);
        else digest(messages, message);
      add();
    }
    for (const { caller, number, request, phase, answer } of state.calls) {
      begin(2);
      this.#mix(of(caller) | (phase << 2) | (number << 8));
      digest(requests, request);
      if (answer >= 0) digest(answers, answer);
      add();
    }
    begin(3);
    this.#mix(sumHigh);
    this.#mix(sumLow);
    for (const place of PLACES) {
      const replica = state.replicas[of(place)];
      if (replica === CRASHED) this.#mix(5);
      else digest(replicas, replica);
      this.#mix(((state.left[LEFT.ticks + of(place)] as number) << 1) | (state.left[LEFT.news + of(place)] as number));
    }
    digest(apis, state.api);
    digest(ledgers, state.ledger);
    for (let kind = 0; kind < LEFT.ticks; kind += 1) this.#mix(state.left[kind] as number);
    return [
      avalanche(this.#high ^ (this.#low >>> 7)) >>> 0,
      avalanche(this.#low ^ Math.imul(this.#high, 0x27d4eb2f)) >>> 0,
    ];
  }

  #mix(word: number): void {
    this.#high = Math.imul(this.#high ^ word, 0x85ebca6b);
    this.#high ^= this.#high >>> 13;
    this.#low = Math.imul(this.#low ^ Math.imul(word, 0xcc9e2d51), 0xc2b2ae35);
    this.#low = (this.#low << 15) | (this.#low >>> 17);
  }
}

function avalanche(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
