import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { History } from '../../../../src/core/store/history.ts';
import { StateMachine } from '../../../../src/core/store/state-machine.ts';
import { bytes, deleteEffect, entry, key, putEffect, SESSION, written } from '../kit/builders.ts';

/** A state machine whose entries a test writes one by one. */
class Machine {
  readonly machine = new StateMachine({ tombstonesMax: 100, idempotencyKeptMs: 500 });

  constructor(historyLimit: number) {
    this.machine.apply(entry(1, 1, { kind: 'begin', historyLimit }));
  }

  get history(): History {
    return this.machine.store.history;
  }

  put(name: string, value = 'v'): this {
    const index = this.machine.appliedIndex + 1;
    const { store } = this.machine;
    const last = store.lastVersion(key(name));
    const created = store.get(key(name))?.createRevision ?? index;
    return this.#write(index, putEffect(name, { version: last + 1, created, revision: index, value }));
  }

  remove(name: string): this {
    const index = this.machine.appliedIndex + 1;
    const version = this.machine.store.lastVersion(key(name)) + 1;
    return this.#write(index, deleteEffect(name, { version, revision: index }));
  }

  forget(through: number): this {
    this.machine.apply(entry(this.machine.appliedIndex + 1, 1, { kind: 'forget', through: logIndex(through) }));
    return this;
  }

  limit(historyLimit: number): this {
    this.machine.apply(entry(this.machine.appliedIndex + 1, 1, { kind: 'begin', historyLimit }));
    return this;
  }

  /** Versions by the newest. */
  older(name: string): number[] {
    const standing = this.machine.store.get(key(name));
    return standing === null ? [] : [...this.history.of(key(name), standing)].map(({ version }) => version);
  }

  #write(index: number, effect: ReturnType<typeof putEffect> | ReturnType<typeof deleteEffect>): this {
    this.machine.apply(
      entry(index, 1, {
        kind: 'write',
        request: { session: SESSION, number: index },
        settledThrough: 0,
        idempotencyKey: null,
        effects: [effect],
        outcome: written({ version: 1 }),
      }),
    );
    return this;
  }
}

describe('R20: older versions', () => {
  test('are kept as many as the limit says, the standing one counted', () => {
    const it = new Machine(3).put('k', 'a').put('k', 'b').put('k', 'c').put('k', 'd');
    const standing = it.machine.store.get(key('k'));
    expect(standing?.version).toBe(4);
    expect(it.older('k')).toEqual([3, 2]);
    expect([...it.history.superseded()]).toMatchObject([
      { key: 'k', stored: { version: 2, value: bytes('b') }, supersededAt: 4 },
      { key: 'k', stored: { version: 3, value: bytes('c') }, supersededAt: 5 },
    ]);
  });

  test('cost nothing where there are none', () => {
    const it = new Machine(8).put('a').put('b').put('c');
    expect([it.history.size, it.history.bytes]).toEqual([0, 0]);
    const none = new Machine(1).put('a').put('a').put('a');
    expect([none.history.size, none.history.bytes]).toEqual([0, 0]);
  });

  test('are forgotten with the key', () => {
    const it = new Machine(8).put('k').put('k').put('k').remove('k');
    expect([it.history.size, it.history.bytes]).toEqual([0, 0]);
    // The numbers go on: none of them means two things.
    expect(it.put('k').put('k').older('k')).toEqual([5]);
  });

  test('the oldest of all go first, whatever their keys, and those of one entry together', () => {
    // At 2 and 3 they are created, at 4 and 5 superseded, and again at 6 and 7.
    const it = new Machine(8).put('a').put('b').put('b').put('a').put('a').put('b');
    expect([it.older('a'), it.older('b')]).toEqual([
      [2, 1],
      [2, 1],
    ]);
    it.forget(4);
    expect([it.older('a'), it.older('b')]).toEqual([[2, 1], [2]]);
    it.forget(6);
    expect([it.older('a'), it.older('b')]).toEqual([[], [2]]);
    it.forget(7);
    expect([it.history.size, it.history.bytes]).toEqual([0, 0]);
  });

  test('a lower limit hides at once what goes with the next write; a higher one brings nothing back that is gone', () => {
    const it = new Machine(4).put('k').put('k').put('k').put('k').limit(2);
    expect([it.older('k'), it.history.size]).toEqual([[3], 3]);
    expect(it.put('k').older('k')).toEqual([4]);
    expect(it.history.size).toBe(1);
    expect(it.limit(8).put('k').older('k')).toEqual([5, 4]);
  });

  test('how far to forget for so many bytes is told in whole entries, beyond what is under way', () => {
    const it = new Machine(8).put('a').put('a').put('a').put('a');
    const { history } = it;
    const one = history.enoughFor(1, logIndex(0));
    expect(one?.through).toBe(3);
    expect(history.enoughFor((one?.bytes ?? 0) + 1, logIndex(0))?.through).toBe(4);
    expect(history.enoughFor(1, logIndex(4))?.through).toBe(5);
    expect(history.enoughFor(1, logIndex(5))).toBeNull();
    expect(history.enoughFor(100_000, logIndex(0))).toBeNull();
  });

  test('a walk over all of them goes on when those go over which it stands', () => {
    const it = new Machine(8).put('a').put('b').put('c').put('a').put('b').put('c');
    const walk = it.history.superseded();
    expect(walk.next().value).toMatchObject({ key: 'a' });
    it.forget(6);
    expect(walk.next().value).toMatchObject({ key: 'c' });
    expect(walk.next().done).toBe(true);
  });
});

describe('R20: older versions are records among others', () => {
  test('they are found where they have been moved to, with their values, in their order', () => {
    const it = new Machine(4);
    const { store } = it.machine;
    const names = Array.from({ length: 20_000 }, (_, number) => `key-${number}`);
    const valueOf = (number: number, version: number) =>
      `${number}.${version}.`.padEnd(version % 2 === 0 ? 40 : 90, '-');
    for (let version = 1; version <= 6; version += 1)
      for (const [number, name] of names.entries()) it.put(name, valueOf(number, version));
    const full = store.pageBytes;
    const isLeft = (number: number): boolean => number % 8 === 0;
    for (const [number, name] of names.entries()) if (!isLeft(number)) it.remove(name);
    // A page goes when what is left in it stands elsewhere.
    expect(store.pageBytes).toBeLessThan(full / 2);
    const left = names.filter((_, number) => isLeft(number));
    for (const [place, name] of left.entries()) {
      const number = 8 * place;
      const standing = store.get(key(name));
      expect(standing?.value).toEqual(bytes(valueOf(number, 6)));
      const older = standing === null ? [] : [...it.history.of(key(name), standing)];
      expect(older.map(({ value }) => value)).toEqual([5, 4, 3].map((version) => bytes(valueOf(number, version))));
    }
    expect([...it.history.superseded()].map((each) => `${each.key} ${each.stored.version}`)).toEqual(
      [3, 4, 5].flatMap((version) => left.map((name) => `${name} ${version}`)),
    );
  });

  test('a large value and a content type are kept for as long as a version has them', () => {
    const it = new Machine(3);
    const large = 'x'.repeat(10_000);
    it.put('k', large).put('k', 'small').put('k', 'small again');
    const standing = it.machine.store.get(key('k'));
    const older = standing === null ? [] : [...it.history.of(key('k'), standing)];
    expect(older.map(({ value }) => value.length)).toEqual([5, 10_000]);
    expect(it.history.bytes).toBeGreaterThan(10_000);
    it.put('k');
    expect(it.history.bytes).toBeLessThan(1000);
    it.remove('k');
    expect(it.history.bytes).toBe(0);
  });

  test('a walk finds its way when the one that it has seen last is gone, and those before it, too', () => {
    const it = new Machine(2);
    const names = Array.from({ length: 2000 }, (_, number) => `key-${number}`);
    for (const name of [...names, ...names]) it.put(name);
    const walk = it.history.superseded();
    for (let at = 0; at < 1500; at += 1) walk.next();
    // Another version is superseded behind all others, and the one before it goes.
    for (let at = 1280; at < 1500; at += 1) it.put(names[at] ?? '');
    const rest = [...walk].map((each) => `${each.key} ${each.stored.version}`);
    expect(rest).toEqual([
      ...names.slice(1500).map((name) => `${name} 1`),
      ...names.slice(1280, 1500).map((name) => `${name} 2`),
    ]);
  });
});

interface Drawn {
  readonly kind: 'put' | 'remove' | 'forget' | 'limit';
  readonly at: number;
}

const NAMES = ['a', 'b', 'c'];

/** Everything that was ever superseded, and is thrown out one by one: slow, and plain. */
class Model {
  kept: { name: string; version: number; supersededAt: number }[] = [];
  readonly #standing = new Map<string, number>();
  readonly #last = new Map<string, number>();

  put(name: string, index: number, limit: number): void {
    const version = (this.#last.get(name) ?? 0) + 1;
    const before = this.#standing.get(name);
    if (before !== undefined) this.kept.push({ name, version: before, supersededAt: index });
    this.#standing.set(name, version);
    this.#last.set(name, version);
    this.kept = this.kept.filter((each) => each.name !== name || each.version > version - limit);
  }

  remove(name: string): void {
    if (!this.#standing.delete(name)) return;
    this.#last.set(name, (this.#last.get(name) ?? 0) + 1);
    this.kept = this.kept.filter((each) => each.name !== name);
  }

  forget(through: number): void {
    this.kept = this.kept.filter(({ supersededAt }) => supersededAt > through);
  }
}

test('R20: what is kept is what the entries have left, in the order in which it was superseded', () => {
  const drawn: fc.Arbitrary<Drawn[]> = fc.array(
    fc.record({
      kind: fc.constantFrom<Drawn['kind']>('put', 'put', 'put', 'put', 'put', 'put', 'remove', 'forget', 'limit'),
      at: fc.nat(11),
    }),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(drawn, (steps) => {
      const it = new Machine(3);
      const model = new Model();
      let limit = 3;
      for (const { kind, at } of steps) {
        const name = NAMES[at % 3] ?? 'a';
        const index = it.machine.appliedIndex + 1;
        if (kind === 'put') {
          it.put(name);
          model.put(name, index, limit);
        } else if (kind === 'remove') {
          if (it.machine.store.get(key(name)) === null) continue;
          it.remove(name);
          model.remove(name);
        } else if (kind === 'forget') {
          const through = Math.max(0, index - 1 - at);
          it.forget(through);
          model.forget(through);
        } else {
          limit = 1 + (at % 5);
          it.limit(limit);
        }
      }
      const kept = [...it.history.superseded()].map((each) => ({
        name: each.key,
        version: each.stored.version,
        supersededAt: each.supersededAt,
      }));
      expect(kept).toEqual(model.kept);
      expect(it.history.size).toBe(kept.length);
      it.forget(it.machine.appliedIndex);
      expect([it.history.size, it.history.bytes]).toEqual([0, 0]);
    }),
  );
});
