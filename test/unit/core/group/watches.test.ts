import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex, monotonicMs, wallMs } from '../../../../src/core/base/numbers.ts';
import { Obedience } from '../../../../src/core/election/obedience.ts';
import type { Effect, Ticket } from '../../../../src/core/group/io.ts';
import type { GroupLimits } from '../../../../src/core/group/options.ts';
import { Watches, WATCH_PROGRESS_MS, WATCH_SILENCE_MS } from '../../../../src/core/group/watches.ts';
import type { Entry, EntryBody, KeyEffect } from '../../../../src/core/replication/entry.ts';
import { LOG_START } from '../../../../src/core/replication/log.ts';
import type { WatchPlace, WatchRange, WatchStart } from '../../../../src/core/store/watching.ts';
import { placeAfter } from '../../../../src/core/store/watching.ts';
import {
  deleteBody,
  deleteEffect,
  effectsOf,
  entry,
  key,
  limits,
  LINEAGE,
  NEXT_LINEAGE,
  openSessionBody,
  putBody,
  putEffect,
  replicaOf,
  request,
} from '../kit/builders.ts';

const PLENTY = 1 << 20;
const NOW: WatchStart = { kind: 'now' };
const STATE: WatchStart = { kind: 'state' };
const ALL: WatchRange = { kind: 'prefix', prefix: '' };
const under = (prefix: string): WatchRange => ({ kind: 'prefix', prefix });
const at = (name: string): WatchRange => ({ kind: 'key', key: key(name) });
const after = (revision: number, lineage = LINEAGE): WatchStart => from(placeAfter(logIndex(revision)), lineage);
const from = (place: WatchPlace, lineage = LINEAGE): WatchStart => ({ kind: 'resume', token: { lineage, place } });

const several = (effects: readonly KeyEffect[], number: number): EntryBody => ({
  kind: 'write',
  request: request(number),
  settledThrough: 0,
  idempotencyKey: null,
  effects,
  outcome: { kind: 'batch', results: [] },
});

/** A replica of which only the watches are looked at. */
class Watched {
  readonly replica = replicaOf('b', { log: [entry(1, 1, openSessionBody())], committed: 1 });
  readonly watches: Watches;
  nowMs = 100_000;
  ledMs = this.nowMs;
  #tickets = 0;

  constructor(changed: Partial<GroupLimits> = {}) {
    const obedience = new Obedience();
    obedience.adopt({ lineage: LINEAGE, epoch: epoch(1) });
    this.watches = new Watches({
      replica: this.replica,
      obedience,
      limits: limits(changed),
      ledMs: () => this.ledMs,
    });
  }

  get now() {
    return { monotonicMs: monotonicMs(this.nowMs), wallMs: wallMs(0) };
  }

  /** The ticket, and what the first turn brings. */
  watch(range: WatchRange, start: WatchStart = NOW, credit = PLENTY): { ticket: Ticket; told: string[] } {
    this.#tickets += 1;
    const ticket = this.#tickets;
    const effects: Effect[] = [];
    this.watches.watch(ticket, { range, start, credit }, this.now, effects);
    this.watches.flush(this.now, effects);
    return { ticket, told: briefly(effects) };
  }

  /** Entries of one turn, and what it brings. */
  apply(...bodies: EntryBody[]): string[] {
    for (const body of bodies) this.append(body);
    return this.turn();
  }

  append(body: EntryBody): void {
    const made: Entry = entry(this.replica.log.lastIndex + 1, 1, body);
    this.replica.append(made);
    this.replica.commitThrough(made.index, (one) => {
      this.watches.onApplied(one);
    });
  }

  turn(): string[] {
    const effects: Effect[] = [];
    this.watches.flush(this.now, effects);
    return briefly(effects);
  }

  /** Time passes, and the leader is heard. */
  tick(ms: number): string[] {
    this.nowMs += ms;
    const effects: Effect[] = [];
    this.watches.tick(this.now, effects);
    this.watches.flush(this.now, effects);
    return briefly(effects);
  }

  drop(through: number): void {
    this.replica.log.dropThrough(logIndex(through));
  }
}

/** `1,2: put k@4 -> 5.0 synced`. */
const briefly = (effects: readonly Effect[]): string[] => [
  ...effectsOf('watchNews', effects).map(({ tickets, news }) => {
    const events = news.events.map(({ effect, place }) => {
      const revision = effect.kind === 'put' ? effect.stored.revision : effect.tombstone.revision;
      return `${effect.kind} ${effect.key}@${revision} -> ${words(place)}`;
    });
    return [`${tickets.join()}:`, ...events, `at ${words(news.place)}`, ...(news.synced ? ['synced'] : [])].join(' ');
  }),
  ...effectsOf('watchEnded', effects).map(({ tickets, ending }) => {
    const detail =
      ending.kind === 'declined'
        ? ending.code
        : ending.kind === 'compacted'
          ? ending.oldestRevision
          : ending.lineage.id;
    return `${tickets.join()} ends: ${ending.kind} ${detail}`;
  }),
];

const words = ({ index, effects, shown }: WatchPlace): string =>
  `${index}.${effects}${shown === null ? '' : ` shown ${shown}`}`;

const putK = (version: number, name = 'k') => putBody(name, { version, created: 2, number: 100 * version });

describe('R19: who watches is told what is applied from then on', () => {
  test('first where it begins, and that it is up to date', () => {
    expect(new Watched().watch(ALL).told).toEqual(['1: at 2.0 synced']);
  });

  test('of its key, or of the keys under its prefix, and of nothing else', () => {
    const it = new Watched();
    for (const range of [at('app/a'), under('app/'), under('app'), ALL, under('b'), at('app')]) it.watch(range);
    expect(it.apply(putBody('app/a', { version: 1, created: 2 }))).toEqual([
      '1: put app/a@2 -> 3.0 at 3.0',
      '2: put app/a@2 -> 3.0 at 3.0',
      '3: put app/a@2 -> 3.0 at 3.0',
      '4: put app/a@2 -> 3.0 at 3.0',
    ]);
    expect(it.apply(putBody('b', { version: 1, created: 3 }))).toEqual([
      '4: put b@3 -> 4.0 at 4.0',
      '5: put b@3 -> 4.0 at 4.0',
    ]);
  });

  test('all who watch the same are told by one effect, for a whole turn', () => {
    const it = new Watched();
    it.watch(at('k'));
    it.watch(at('k'));
    expect(it.apply(putK(1), deleteBody('k', 2, 7))).toEqual(['1,2: put k@2 -> 3.0 delete k@3 -> 4.0 at 4.0']);
  });

  test("several effects of one entry are as many places; the last is the entry's end", () => {
    const it = new Watched();
    it.watch(under('k'));
    const effects = [
      putEffect('k1', { version: 1, created: 2 }),
      putEffect('other', { version: 1, created: 2 }),
      putEffect('k2', { version: 1, created: 2 }),
    ];
    expect(it.apply(several(effects, 9))).toEqual(['1: put k1@2 -> 2.1 put k2@2 -> 3.0 at 3.0']);
  });

  test('a touch changes neither value nor revision: nobody is told', () => {
    const it = new Watched();
    it.append(putK(1));
    it.watch(at('k'));
    expect(it.apply(several([{ kind: 'touch', key: key('k'), expiresAtMs: wallMs(9), idleMs: null }], 9))).toEqual([]);
  });

  test('what is due is told of when an entry removes it', () => {
    const it = new Watched();
    it.append(putBody('k', { version: 1, created: 2 }));
    it.watch(at('k'));
    const removed = { ...deleteEffect('k', { version: 2, revision: 3 }), kind: 'expire' } as const;
    expect(it.apply({ kind: 'expire', effects: [removed] })).toEqual(['1: expire k@3 -> 4.0 at 4.0']);
  });

  test('whoever has cancelled hears nothing more', () => {
    const it = new Watched();
    const { ticket } = it.watch(at('k'));
    it.watches.cancel(ticket);
    expect([it.apply(putK(1)), it.watches.size]).toEqual([[], 0]);
  });
});

describe('R19: a watch goes on where another ended', () => {
  test('with all that came since, before what comes next', () => {
    const it = new Watched();
    it.apply(putK(1), putK(2), putBody('x', { version: 1, created: 4 }), putK(3));
    expect(it.watch(at('k'), after(2)).told).toEqual(['1: put k@3 -> 4.0 put k@5 -> 6.0 at 6.0 synced']);
    expect(it.apply(putK(4))).toEqual(['1: put k@6 -> 7.0 at 7.0']);
  });

  test('amid an entry', () => {
    const it = new Watched();
    const three = ['a', 'b', 'c'].map((name) => putEffect(name, { version: 1, created: 2 }));
    it.apply(several(three, 9));
    expect(it.watch(ALL, from({ index: logIndex(2), effects: 1, shown: null })).told).toEqual([
      '1: put b@2 -> 2.2 put c@2 -> 3.0 at 3.0 synced',
    ]);
  });

  test('of what is not applied here yet it is told once it is, and not of what it has seen', () => {
    const it = new Watched();
    expect(it.watch(at('k'), after(3)).told).toEqual(['1: at 4.0']);
    expect(it.apply(putK(1), putK(2))).toEqual(['1: at 4.0 synced']);
    expect(it.apply(putK(3))).toEqual(['1: put k@4 -> 5.0 at 5.0']);
  });

  test('also amid an entry that is not applied here yet', () => {
    const it = new Watched();
    it.watch(ALL, from({ index: logIndex(2), effects: 1, shown: null }));
    const two = ['a', 'b'].map((name) => putEffect(name, { version: 1, created: 2 }));
    expect(it.apply(several(two, 9))).toEqual(['1: put b@2 -> 3.0 at 3.0 synced']);
  });

  test('but not below what the log keeps', () => {
    const it = new Watched();
    it.apply(putK(1), putK(2), putK(3));
    it.drop(3);
    expect(it.watch(at('k'), after(2)).told).toEqual(['1 ends: compacted 4']);
    expect(it.watch(at('k'), from({ index: logIndex(3), effects: 1, shown: null })).told).toEqual([
      '2 ends: compacted 4',
    ]);
    expect(it.watch(at('k'), after(3)).told).toEqual(['3: put k@4 -> 5.0 at 5.0 synced']);
  });

  test('nor in another history', () => {
    const it = new Watched();
    expect(it.watch(ALL, after(1, { number: 1, id: 'other' })).told).toEqual(['1 ends: replaced-lineage first']);
    expect(it.watch(ALL, after(1, NEXT_LINEAGE)).told).toEqual(['2 ends: declined replica-behind']);
  });
});

describe('R19: the state comes first, if it is wanted', () => {
  test('in the order of the keys, each event with a place of its own', () => {
    const it = new Watched();
    it.apply(
      putBody('b', { version: 1, created: 2 }),
      putBody('a', { version: 1, created: 3 }),
      putBody('c', { version: 1, created: 4 }),
      deleteBody('c', 2, 9),
    );
    expect(it.watch(ALL, STATE).told).toEqual(['1: put a@3 -> 6.0 shown a put b@2 -> 6.0 shown b at 6.0 synced']);
  });

  test('what changes meanwhile is not shown, and told of afterwards', () => {
    const it = new Watched();
    it.apply(...['a', 'b', 'c'].map((name, place) => putBody(name, { version: 1, created: 2 + place })));
    const { ticket, told } = it.watch(ALL, STATE, 1);
    expect(told).toEqual(['1: put a@2 -> 5.0 shown a at 5.0 shown a']);
    it.apply(putBody('b', { version: 2, created: 3 }));
    it.watches.grant(ticket, PLENTY);
    expect(it.turn()).toEqual(['1: put c@4 -> 5.0 shown c at 5.0', '1: put b@5 -> 6.0 at 6.0 synced']);
  });

  test('it goes on elsewhere, too', () => {
    const it = new Watched();
    it.apply(...['a', 'b', 'c'].map((name, place) => putBody(name, { version: 1, created: 2 + place })));
    expect(it.watch(ALL, from({ index: logIndex(5), effects: 0, shown: 'b' })).told).toEqual([
      '1: put c@4 -> 5.0 shown c at 5.0 synced',
    ]);
  });

  test('of one key, or of none', () => {
    const it = new Watched();
    it.apply(putK(1), putBody('k2', { version: 1, created: 3 }));
    expect(it.watch(at('k'), STATE).told).toEqual(['1: put k@2 -> 4.0 shown k at 4.0 synced']);
    expect(it.watch(at('nothing'), STATE).told).toEqual(['2: at 4.0 synced']);
  });
});

describe('R19: who is slow slows nobody', () => {
  test('it is told no more than it takes, and then what it has missed', () => {
    const it = new Watched();
    const { ticket } = it.watch(at('k'), NOW, 200);
    it.watch(at('k'));
    expect(it.apply(putK(1))).toEqual(['2: put k@2 -> 3.0 at 3.0', '1: put k@2 -> 3.0 at 3.0']);
    expect(it.apply(putK(2), putK(3))).toEqual(['2: put k@3 -> 4.0 put k@4 -> 5.0 at 5.0']);
    it.watches.grant(ticket, PLENTY);
    expect(it.turn()).toEqual(['1: put k@3 -> 4.0 put k@4 -> 5.0 at 5.0']);
    expect(it.apply(putK(4))).toEqual(['1,2: put k@5 -> 6.0 at 6.0'].map((line) => line.replace('1,2', '2,1')));
  });

  test('when the log has left it behind it is told so, though it takes nothing', () => {
    const it = new Watched();
    it.watch(at('k'), NOW, 1);
    it.apply(putK(1));
    it.apply(putK(2), putK(3));
    it.drop(3);
    expect(it.tick(25)).toEqual(['1 ends: compacted 4']);
  });

  test('a long way is gone in pieces, and another turn is wanted', () => {
    const it = new Watched();
    const others = Array.from({ length: 6000 }, (_, place) =>
      putBody('x', { version: place + 1, created: 2, number: place + 10_000 }),
    );
    it.apply(...others);
    it.apply(putK(1));
    const effects: Effect[] = [];
    it.watches.watch(1, { range: at('k'), start: after(1), credit: PLENTY }, it.now, effects);
    it.watches.flush(it.now, effects);
    expect(effects.map(({ kind }) => kind)).toEqual(['watchNews', 'turnWanted']);
    expect([it.turn(), it.turn()].flat()).toEqual(['1: put k@6002 -> 6003.0 at 6003.0 synced']);
  });

  test('of what nothing concerns it is told now and then, so that it need not go far back', () => {
    const it = new Watched();
    it.watch(at('k'));
    it.apply(putBody('x', { version: 1, created: 2 }));
    it.ledMs = it.nowMs + 2 * WATCH_PROGRESS_MS;
    expect([it.tick(WATCH_PROGRESS_MS - 1), it.tick(1), it.tick(WATCH_PROGRESS_MS)]).toEqual([[], ['1: at 3.0'], []]);
  });

  test('who does not take even that was told of this turn all the same', () => {
    const it = new Watched();
    const { ticket } = it.watch(at('k'), NOW, 128 + 130);
    it.ledMs = it.nowMs + WATCH_PROGRESS_MS;
    it.append(putK(1));
    expect(it.tick(WATCH_PROGRESS_MS)).toEqual(['1: put k@2 -> 3.0 at 3.0']);
    it.watches.grant(ticket, PLENTY);
    expect(it.turn()).toEqual([]);
  });

  test('and sooner where the log is about to leave its place behind', () => {
    const it = new Watched();
    it.watch(at('k'));
    it.apply(...[1, 2, 3, 4].map((version) => putBody('x', { version, created: 2, number: version })));
    it.drop(4);
    expect([it.tick(999), it.tick(1)]).toEqual([[], ['1: at 6.0']]);
  });
});

describe('R19: a replica that cannot tell any more says so', () => {
  test('when its data becomes another, or goes on in another lineage', () => {
    const it = new Watched();
    it.watch(ALL);
    it.replica.becomeEmpty(LOG_START, wallMs(0));
    expect(it.turn()).toEqual(['1 ends: declined empty']);
    expect(it.watch(ALL).told).toEqual(['2 ends: declined empty']);

    const other = new Watched();
    other.watch(ALL);
    other.append(putK(1));
    other.replica.beginLineage(NEXT_LINEAGE);
    expect(other.turn()).toEqual(['1 ends: replaced-lineage second']);
  });

  test('when it has heard of no leader for long', () => {
    const it = new Watched();
    it.watch(ALL);
    expect(it.tick(WATCH_SILENCE_MS)).toEqual([]);
    expect(it.tick(1)).toEqual(['1 ends: declined no-leader']);
    expect(it.watch(ALL).told).toEqual(['2 ends: declined no-leader']);
  });

  test('when it stops, and when it has watchers enough', () => {
    const it = new Watched({ watchersMax: 1 });
    it.watch(ALL);
    expect(it.watch(ALL).told).toEqual(['2 ends: declined overloaded']);
    const effects: Effect[] = [];
    it.watches.setStopping(effects);
    expect(briefly(effects)).toEqual(['1 ends: declined stopping']);
    expect(it.watch(ALL).told).toEqual(['3 ends: declined stopping']);
  });
});
