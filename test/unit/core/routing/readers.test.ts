import { expect, test } from '@jest/globals';
import { Random } from '../../../../src/core/base/random.ts';
import { chooseReader, type Reader } from '../../../../src/core/routing/readers.ts';
import type { ReadMode } from '../../../../src/core/store/reads.ts';

interface NamedReader extends Reader {
  readonly name: string;
}

const reader = (name: string, traits: Partial<Reader> = {}): NamedReader => ({
  name,
  standing: 'member',
  health: 'answering',
  load: 0,
  declinesUntilMs: 0,
  ...traits,
});

/** How often each is chosen in 1,000 draws. */
function draws(
  readers: readonly NamedReader[],
  mode: ReadMode = 'in-sync',
  tried: readonly NamedReader[] | null = null,
) {
  const random = new Random(1);
  const counts: Record<string, number> = {};
  for (let draw = 0; draw < 1000; draw += 1) {
    const name = chooseReader(readers, { mode, tried, nowMs: 1000 }, random)?.name ?? 'none';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test('reads spread evenly over members of equal load', () => {
  const counts = draws([reader('a', { standing: 'leader' }), reader('b'), reader('c')]);
  expect(Object.keys(counts).sort()).toEqual(['a', 'b', 'c']);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(250);
});

test('of two drawn, the one that owes fewer answers is asked', () => {
  const counts = draws([reader('busy', { load: 50 }), reader('b'), reader('c')]);
  expect(counts['busy']).toBeUndefined();
});

test.each(['in-sync', 'linearizable'] as const)('%s reads go to members, not to standbys', (mode) => {
  expect(draws([reader('standby', { standing: 'standby' }), reader('member', { load: 9 })], mode)).toEqual({
    member: 1000,
  });
});

test.each(['session', 'eventual'] as const)(
  '%s reads go to standbys too, but those who ask again go to members',
  (mode) => {
    const standby = reader('standby', { standing: 'standby' });
    const tried = reader('tried', { standing: 'standby' });
    const member = reader('member');
    expect(draws([standby, member], mode)['standby']).toBeGreaterThan(400);
    expect(draws([standby, member, tried], mode, [tried])).toEqual({ member: 1000 });
  },
);

test('who declined a moment ago is asked only when nobody else is there', () => {
  const declined = reader('declined', { declinesUntilMs: 1010 });
  expect(draws([declined, reader('other', { load: 99 })])).toEqual({ other: 1000 });
  expect(draws([declined])).toEqual({ declined: 1000 });
  expect(draws([reader('again', { declinesUntilMs: 1000 }), reader('b')])['again']).toBeGreaterThan(400);
});

test('who is silent is asked last of all', () => {
  const silent = reader('silent', { health: 'silent' });
  expect(draws([silent, reader('learner', { standing: 'learner' })])).toEqual({ learner: 1000 });
  expect(draws([silent])).toEqual({ silent: 1000 });
});

test('whoever has no connection, or was tried, is not asked', () => {
  const tried = reader('tried');
  expect(draws([tried, reader('gone', { health: 'unreachable' })], 'in-sync', [tried])).toEqual({ none: 1000 });
});

test('a replica of unknown standing is better than none: the record may be old', () => {
  expect(draws([reader('new', { standing: 'unknown' })])).toEqual({ new: 1000 });
});
