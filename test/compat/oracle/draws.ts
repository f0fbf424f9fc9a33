import fc from 'fast-check';

import {
  bytesOf,
  MODES,
  type Action,
  type Bytes,
  type Command,
  type Comparison,
  type PutIf,
  type Step,
  type Wait,
} from './commands.ts';

/** What an oracle may be asked without being led into a fault of its own. */
export interface Reach {
  readonly keys: readonly Bytes[];
  readonly values: fc.Arbitrary<Bytes>;
  /** Keys that are counted, and the values that are put there. */
  readonly counters: readonly Bytes[];
  readonly numbers: fc.Arbitrary<Bytes>;
  readonly increments: fc.Arbitrary<string>;
  readonly keepsLifetimes: boolean;
}

/** Few, so that commands meet. Some mean something to a pattern of Redis, or cannot travel in a path. */
const KEYS = ['a', 'ab', 'a*', 'a?b', 'a[b]', 'a\\b', 'a/b', 'a/..', 'ü', ''].map(bytesOf);
const BINARY_KEYS = ['\0', 'a\xff', '\xc3'];
const PREFIXES = ['', 'a', 'a*', 'a[', 'a\\', 'a/', 'a/b', 'ü', 'none'].map(bytesOf);

const INT64 = ['9223372036854775807', '-9223372036854775808'];
const NEAR_INT64 = ['9223372036854775800', '-9223372036854775801'];
const NO_INT64 = ['9223372036854775808', '-9223372036854775809', '10000000000000000000', '1'.repeat(40)];
const NO_NUMBERS = ['', '-', '007', '+7', '-0', ' 7', '7 ', '7\n', '7.0', '1e3', '0x10', '0b1', 'seven', 'NaN', '٧'];
const small = fc.integer({ min: -1000, max: 1000 }).map(String);

const texts = fc
  .oneof(fc.constantFrom('v', 'w', ...NO_NUMBERS, ...NO_INT64), fc.string({ unit: 'grapheme' }))
  .map(bytesOf);
const binary = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const numbers = fc.oneof(small, fc.constantFrom(...INT64, ...NEAR_INT64));
const anything = fc.oneof(texts, binary, numbers);
const nearNumbers = fc.constantFrom(...NO_NUMBERS, ...NO_INT64).map(bytesOf);

export const REDIS_REACH: Reach = {
  keys: [...KEYS, ...BINARY_KEYS],
  values: anything,
  counters: KEYS.slice(0, 2),
  numbers: fc.oneof({ arbitrary: numbers, weight: 3 }, { arbitrary: nearNumbers, weight: 2 }),
  increments: fc.oneof({ arbitrary: small, weight: 3 }, { arbitrary: fc.constantFrom(...INT64), weight: 1 }),
  keepsLifetimes: true,
};

/** See mock-faults.ts. */
export const MOCK_REACH: Reach = {
  keys: KEYS.slice(4),
  values: fc.oneof(texts, numbers),
  counters: KEYS.slice(0, 4),
  numbers: small,
  increments: small,
  keepsLifetimes: false,
};

/** Apart by more than any sequence takes, and far from whole hundreds of seconds. */
const longLifetime = fc.integer({ min: 1, max: 9 }).map((hundreds) => hundreds * 100_000 + 50_000);
const oddLifetime = longLifetime.map((ms) => ms + 1);
/** Of what is waited for. */
export const SOON_MS = 300;
const soonLifetime = fc.constant(SOON_MS);

/** Without this a counterexample is hard to read. */
const record = <T>(fields: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true });

const comparison = (key: fc.Arbitrary<Bytes>, value: fc.Arbitrary<Bytes>): fc.Arbitrary<Comparison> =>
  record({
    key,
    is: fc.oneof(
      fc.constantFrom('absent' as const, 'present' as const),
      record({ equalTo: value }),
      record({ otherThan: value }),
    ),
  });

interface Drawing {
  readonly reach: Reach;
  /** Whether values end while the sequence runs. */
  readonly time: 'stands' | 'goes by';
}

export function commandsOf({ reach, time }: Drawing): fc.Arbitrary<readonly (Command | Wait)[]> {
  const { keepsLifetimes, increments } = reach;
  const counter = fc.constantFrom(...reach.counters);
  const key = fc.oneof(counter, fc.constantFrom(...reach.keys));
  const limited =
    time === 'stands' ? fc.oneof(longLifetime, oddLifetime) : fc.oneof(longLifetime, soonLifetime, soonLifetime);
  const unlimited = fc.constant('unlimited' as const);
  const lifetime = fc.oneof(
    { arbitrary: unlimited, weight: 3 },
    { arbitrary: limited, weight: time === 'stands' ? 2 : 5 },
    { arbitrary: fc.constant('kept' as const), weight: keepsLifetimes ? 1 : 0 },
  );
  const placed = fc.oneof(
    record({ key: counter, value: reach.numbers, lifetime }),
    record({ key: fc.constantFrom(...reach.keys), value: reach.values, lifetime }),
  );
  const kind = <Kind extends string>(name: Kind) => fc.constant(name);

  const step: fc.Arbitrary<Step> = fc.oneof(
    { arbitrary: record({ kind: kind('get'), key }), weight: 3 },
    { arbitrary: placed.map((place) => ({ kind: 'put' as const, ...place })), weight: 3 },
    { arbitrary: record({ kind: kind('delete'), key }), weight: 1 },
    { arbitrary: record({ kind: kind('incr'), key: counter, by: increments }), weight: 3 },
    { arbitrary: record({ kind: kind('touch'), key, lifetime: fc.oneof(limited, unlimited) }), weight: 2 },
  );
  const putIf: fc.Arbitrary<PutIf> = fc
    .tuple(placed, fc.constantFrom('absent' as const, 'present' as const))
    .map(([place, is]) => ({ kind: 'putIf', ...place, is }));
  const either = fc.oneof({ arbitrary: step, weight: 5 }, { arbitrary: putIf, weight: 2 });

  const several = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { minLength: 1, maxLength: 4 });
  const batch = fc.oneof(
    several(either),
    several(record({ kind: kind('get'), key })),
    several(
      placed.map(({ key: of, value }) => ({ kind: 'put' as const, key: of, value, lifetime: 'unlimited' as const })),
    ),
  );
  const action: fc.Arbitrary<Action> = fc.oneof(
    {
      arbitrary: record({ kind: kind('step'), step: either, door: fc.constantFrom('key', 'key', 'batch', 'txn') }),
      weight: 24,
    },
    { arbitrary: record({ kind: kind('left'), key }), weight: 2 },
    { arbitrary: record({ kind: kind('take'), key }), weight: 2 },
    { arbitrary: record({ kind: kind('batch'), steps: batch }), weight: 4 },
    {
      arbitrary: record({
        kind: kind('txn'),
        if: fc.array(comparison(key, fc.oneof(reach.numbers, reach.values)), { maxLength: 2 }),
        then: several(step),
        else: several(step),
      }),
      weight: 6,
    },
    {
      arbitrary: record({
        kind: kind('list'),
        prefix: fc.constantFrom(...PREFIXES),
        limit: fc.constantFrom(1, 2, 3, 100),
      }),
      weight: 2,
    },
    {
      arbitrary: record({ kind: kind('deletePrefix'), prefix: fc.constantFrom(...PREFIXES.slice(1)) }),
      weight: 1,
    },
  );
  const asked = { at: fc.nat({ max: 3 }), mode: fc.constantFrom(...MODES) };
  const command = fc.tuple(action, record(asked)).map(([what, how]) => ({ ...what, ...how }));
  if (time === 'stands') return fc.array(command, { minLength: 1, maxLength: 40, size: 'max' });
  const wait = record({ kind: kind('wait') });
  const turn = fc.oneof({ arbitrary: command, weight: 8 }, { arbitrary: wait, weight: 1 });
  const turns: fc.Arbitrary<(Command | Wait)[]> = fc.array(turn, { minLength: 1, maxLength: 12, size: 'max' });
  return turns.map((some) => [...some, { kind: 'wait' }]);
}
