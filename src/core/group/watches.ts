import { assert } from '../base/assert.ts';
import type { Instant, LogIndex } from '../base/numbers.ts';
import type { Obedience } from '../election/obedience.ts';
import { effectsOf, type Entry } from '../replication/entry.ts';
import { sameLineage } from '../replication/lineage.ts';
import type { Replica } from '../replication/replica.ts';
import {
  type WatchEnding,
  type WatchEvent,
  type WatchNews,
  type WatchPlace,
  type WatchRange,
  type WatchRequest,
  isTold,
  isWithin,
  placeAt,
  watchEventBytes,
  watchNewsBytes,
} from '../store/watching.ts';
import type { Effect, Ticket } from './io.ts';
import type { GroupLimits } from './options.ts';
import { scanState } from './watch-state.ts';
import { WatchIndex, type WatchedRange } from './watch-index.ts';

export interface WatchesOptions {
  readonly replica: Replica;
  readonly obedience: Obedience;
  readonly limits: GroupLimits;
  /** R19: since when this replica has known, by its monotonic clock, that there was a leader. */
  readonly ledMs: () => number;
}

/** R19: without a leader for so long a replica ends its watches: it may be cut off, and others know more. */
export const WATCH_SILENCE_MS = 5000;
/** Watchers that nothing concerns are told where they stand, so that they need not go far back when they resume. */
export const WATCH_PROGRESS_MS = 15_000;
/** And sooner, where soon nobody would keep what comes after their place. */
const HASTY_PROGRESS_MS = 1000;
/** Entries and keys looked at in one turn for those who are behind, all together: some tenths of a millisecond. */
const LOOKED_AT_PER_TURN = 4096;
/** And for one of them, before it is another's turn. */
const LOOKED_AT_PER_PIECE = 512;

/**
 * `live`: it has everything, and is told what comes. `behind`: it is shown what the log keeps. `starved`: the same, and it
 * takes no more for now. `ahead`: it has seen more elsewhere than is applied here.
 */
type Standing = 'live' | 'behind' | 'starved' | 'ahead';

class Watcher {
  readonly ticket: Ticket;
  readonly range: WatchRange;
  standing: Standing = 'behind';
  /** Of one that is live it is {@link Watches.#head}. */
  place: WatchPlace;
  credit: number;
  accepted = false;
  synced = false;

  constructor(ticket: Ticket, range: WatchRange, place: WatchPlace, credit: number) {
    this.ticket = ticket;
    this.range = range;
    this.place = place;
    this.credit = credit;
  }
}

/**
 * R19: who watches keys here, and is told what committed entries have done to them, in their order, each once.
 *
 * The log is the history: what a replica has applied and still keeps. Whoever is live is told of each entry as it is
 * applied, which costs what the watchers of its keys cost. Whoever is behind, because it resumes, is slow, or is being shown
 * the state first, is led through the log (a bounded piece a turn, so that it slows nobody) until it is live. So nothing is
 * kept for a slow reader but its place; when the log has left it behind it is told so, and ends.
 */
export class Watches {
  readonly #replica: Replica;
  readonly #obedience: Obedience;
  readonly #limits: GroupLimits;
  readonly #ledMs: () => number;
  readonly #watchers = new Map<Ticket, Watcher>();
  readonly #live = new WatchIndex<Watcher>();
  readonly #behind = new Set<Watcher>();
  readonly #starved = new Set<Watcher>();
  readonly #ahead = new Set<Watcher>();
  /** Ranges that this turn has brought something. */
  readonly #touched = new Set<WatchedRange<Watcher>>();
  /** The entry after the last that those who are live have been told of. */
  #head = 1 as LogIndex;
  /** {@link Replica.beginnings}, as of the last turn. */
  #beginnings = 0;
  #stopping = false;
  #progressMs = -Infinity;
  #progressHead = 1 as LogIndex;
  #progressDropped = 0;

  constructor(options: WatchesOptions) {
    this.#replica = options.replica;
    this.#obedience = options.obedience;
    this.#limits = options.limits;
    this.#ledMs = options.ledMs;
  }

  get size(): number {
    return this.#watchers.size;
  }

  watch(ticket: Ticket, request: WatchRequest, now: Instant, effects: Effect[]): void {
    this.#noticeBeginning(effects);
    const refusal = this.#refusalOf(request, now);
    if (refusal !== null) {
      effects.push({ kind: 'watchEnded', tickets: [ticket], ending: refusal });
      return;
    }
    const { start, range, credit } = request;
    const next = placeAt((this.#replica.machine.appliedIndex + 1) as LogIndex);
    const place = start.kind === 'resume' ? start.token.place : start.kind === 'state' ? { ...next, shown: '' } : next;
    const watcher = new Watcher(ticket, range, place, credit);
    this.#watchers.set(ticket, watcher);
    this.#behind.add(watcher);
  }

  #refusalOf({ start }: WatchRequest, now: Instant): WatchEnding | null {
    const { lineage, log } = this.#replica;
    if (this.#stopping) return { kind: 'declined', code: 'stopping' };
    if (lineage === null) return { kind: 'declined', code: 'empty' };
    // Its data belongs to a history that was replaced; the new one is on its way.
    if (!sameLineage(lineage, this.#obedience.lineage)) return { kind: 'declined', code: 'replica-behind' };
    if (now.monotonicMs - this.#ledMs() > WATCH_SILENCE_MS) return { kind: 'declined', code: 'no-leader' };
    if (this.#watchers.size >= this.#limits.watchersMax) return { kind: 'declined', code: 'overloaded' };
    if (start.kind !== 'resume') return null;
    const { token } = start;
    if (!sameLineage(token.lineage, lineage))
      return token.lineage.number > lineage.number
        ? { kind: 'declined', code: 'replica-behind' }
        : { kind: 'replaced-lineage', lineage };
    return token.place.index <= log.dropped.index ? this.#compacted() : null;
  }

  #compacted(): WatchEnding {
    return { kind: 'compacted', oldestRevision: (this.#replica.log.dropped.index + 1) as LogIndex };
  }

  /** The watcher takes so many bytes more. */
  grant(ticket: Ticket, bytes: number): void {
    const watcher = this.#watchers.get(ticket);
    if (watcher === undefined) return;
    watcher.credit += bytes;
    if (watcher.standing === 'starved' && watcher.credit > 0) this.#become(watcher, 'behind');
  }

  cancel(ticket: Ticket): void {
    const watcher = this.#watchers.get(ticket);
    if (watcher !== undefined) this.#forget(watcher);
  }

  setStopping(effects: Effect[]): void {
    this.#stopping = true;
    this.#endAll({ kind: 'declined', code: 'stopping' }, effects);
  }

  /** An entry was applied; whoever is live hears of it at the end of the turn. */
  onApplied(entry: Entry): void {
    if (this.#live.size === 0) return;
    for (const [at, effect] of effectsOf(entry).entries()) {
      if (!isTold(effect)) continue;
      let event: WatchEvent | null = null;
      this.#live.visit(effect.key, (watched) => {
        event ??= eventOf(entry, at);
        if (event === null) return;
        watched.news.push(event);
        this.#touched.add(watched);
      });
    }
  }

  tick(now: Instant, effects: Effect[]): void {
    if (this.#watchers.size === 0) return;
    if (now.monotonicMs - this.#ledMs() > WATCH_SILENCE_MS) {
      this.#endAll({ kind: 'declined', code: 'no-leader' }, effects);
      return;
    }
    const { log } = this.#replica;
    for (const watcher of this.#starved)
      if (watcher.place.index <= log.dropped.index) this.#end(watcher, this.#compacted(), effects);
  }

  flush(now: Instant, effects: Effect[]): void {
    this.#noticeBeginning(effects);
    const head = (this.#replica.machine.appliedIndex + 1) as LogIndex;
    for (const watched of this.#touched) this.#tellLive(watched, watched.news, head, effects);
    this.#touched.clear();
    // From here on they have been told of everything, whatever becomes of them in the rest of the turn.
    this.#head = head;
    this.#tellProgress(head, now, effects);
    for (const watcher of this.#ahead) if (!isAhead(watcher.place, head)) this.#become(watcher, 'behind');
    let left = LOOKED_AT_PER_TURN;
    for (const watcher of this.#behind) {
      // It comes again, after the others, if it still is.
      this.#behind.delete(watcher);
      left -= this.#advance(watcher, effects);
      if (left <= 0) break;
    }
    if (this.#behind.size > 0) effects.push({ kind: 'turnWanted' });
  }

  /** R11, R13: the data is another than those who watch have seen, so that what comes next is not what came after it. */
  #noticeBeginning(effects: Effect[]): void {
    const { beginnings, lineage } = this.#replica;
    if (this.#beginnings === beginnings) return;
    this.#beginnings = beginnings;
    const ending: WatchEnding =
      lineage === null ? { kind: 'declined', code: 'empty' } : { kind: 'replaced-lineage', lineage };
    this.#endAll(ending, effects);
  }

  // --- those who are live ----------------------------------------------------------------------------------------------

  /** Whoever does not take all of it at once is led through the log instead, from where it stood before this turn. */
  #tellLive(watched: WatchedRange<Watcher>, events: readonly WatchEvent[], head: LogIndex, effects: Effect[]): void {
    watched.news = [];
    const bytes = watchNewsBytes(events);
    const tickets: Ticket[] = [];
    for (const watcher of watched.watchers) {
      if (watcher.credit >= bytes) {
        watcher.credit -= bytes;
        tickets.push(watcher.ticket);
      } else {
        watcher.place = placeAt(this.#head);
        this.#become(watcher, watcher.credit > 0 ? 'behind' : 'starved');
      }
    }
    if (tickets.length > 0) this.#tell(tickets, { events, place: placeAt(head), synced: false }, effects);
  }

  #tellProgress(head: LogIndex, now: Instant, effects: Effect[]): void {
    const { log } = this.#replica;
    if (this.#live.size > 0) {
      const isHasty = log.dropped.index - this.#progressDropped > log.length / 4;
      const restMs = isHasty ? HASTY_PROGRESS_MS : WATCH_PROGRESS_MS;
      if (this.#progressHead === head || now.monotonicMs - this.#progressMs < restMs) return;
    }
    this.#progressMs = now.monotonicMs;
    this.#progressHead = head;
    this.#progressDropped = log.dropped.index;
    for (const watched of this.#live.ranges()) this.#tellLive(watched, [], head, effects);
  }

  // --- those who are behind --------------------------------------------------------------------------------------------

  /** One piece of the way; returns how much was looked at. */
  #advance(watcher: Watcher, effects: Effect[]): number {
    if (isAhead(watcher.place, this.#head)) {
      this.#become(watcher, 'ahead');
      if (!watcher.accepted) this.#tellOne(watcher, [], effects);
      return 1;
    }
    if (watcher.place.index <= this.#replica.log.dropped.index) {
      this.#end(watcher, this.#compacted(), effects);
      return 1;
    }
    const events: WatchEvent[] = [];
    const looked = watcher.place.shown === null ? this.#scanLog(watcher, events) : this.#scanState(watcher, events);
    const { place } = watcher;
    const isLive = place.shown === null && place.index === this.#head;
    if (isLive) this.#become(watcher, 'live');
    else this.#become(watcher, watcher.credit > 0 ? 'behind' : 'starved');
    if (events.length > 0 || !watcher.accepted || (isLive && !watcher.synced)) this.#tellOne(watcher, events, effects);
    return looked;
  }

  #scanLog(watcher: Watcher, events: WatchEvent[]): number {
    const { log } = this.#replica;
    let { index, effects: at } = watcher.place;
    let looked = 1;
    while (index < this.#head && looked < LOOKED_AT_PER_PIECE && watcher.credit > 0) {
      const entry = log.at(index);
      assert(entry !== undefined, 'R19: what is applied and not dropped is in the log');
      const all = effectsOf(entry);
      for (; at < all.length && watcher.credit > 0; at += 1) {
        looked += 1;
        const effect = all[at];
        if (effect === undefined || !isTold(effect) || !isWithin(watcher.range, effect.key)) continue;
        const event = eventOf(entry, at);
        if (event === null) continue;
        events.push(event);
        watcher.credit -= watchEventBytes(event);
      }
      if (at < all.length) break;
      looked += 1;
      index = (index + 1) as LogIndex;
      at = 0;
    }
    watcher.place = { index, effects: at, shown: null };
    return looked;
  }

  #scanState(watcher: Watcher, events: WatchEvent[]): number {
    const { machine } = this.#replica;
    const scan = { range: watcher.range, place: watcher.place, credit: watcher.credit, lookedMax: LOOKED_AT_PER_PIECE };
    const scanned = scanState(machine, scan, events);
    watcher.place = scanned.place;
    watcher.credit = scanned.credit;
    return scanned.looked;
  }

  // --- one watcher -----------------------------------------------------------------------------------------------------

  #tellOne(watcher: Watcher, events: readonly WatchEvent[], effects: Effect[]): void {
    const synced = watcher.standing === 'live' && !watcher.synced;
    watcher.accepted = true;
    // Events were counted one by one.
    if (events.length === 0) watcher.credit -= watchNewsBytes(events);
    if (synced) watcher.synced = true;
    this.#tell([watcher.ticket], { events, place: watcher.place, synced }, effects);
  }

  #tell(tickets: readonly Ticket[], news: Omit<WatchNews, 'lineage'>, effects: Effect[]): void {
    const { lineage } = this.#replica;
    assert(lineage !== null, 'R19: a replica without data has no watchers');
    effects.push({ kind: 'watchNews', tickets, news: { ...news, lineage } });
  }

  #become(watcher: Watcher, standing: Standing): void {
    this.#leave(watcher);
    watcher.standing = standing;
    if (standing === 'live') this.#live.add(watcher.range, watcher);
    else this.#setOf(standing).add(watcher);
  }

  #leave(watcher: Watcher): void {
    if (watcher.standing === 'live') this.#live.remove(watcher.range, watcher);
    else this.#setOf(watcher.standing).delete(watcher);
  }

  #setOf(standing: Exclude<Standing, 'live'>): Set<Watcher> {
    switch (standing) {
      case 'behind':
        return this.#behind;
      case 'starved':
        return this.#starved;
      case 'ahead':
        return this.#ahead;
    }
  }

  #forget(watcher: Watcher): void {
    this.#leave(watcher);
    this.#watchers.delete(watcher.ticket);
  }

  #end(watcher: Watcher, ending: WatchEnding, effects: Effect[]): void {
    this.#forget(watcher);
    effects.push({ kind: 'watchEnded', tickets: [watcher.ticket], ending });
  }

  #endAll(ending: WatchEnding, effects: Effect[]): void {
    this.#touched.clear();
    if (this.#watchers.size === 0) return;
    effects.push({ kind: 'watchEnded', tickets: [...this.#watchers.keys()], ending });
    this.#watchers.clear();
    this.#live.clear();
    this.#behind.clear();
    this.#starved.clear();
    this.#ahead.clear();
  }
}

/** What it has seen last is not applied here. */
const isAhead = ({ index, effects }: WatchPlace, head: LogIndex): boolean =>
  index > head || (index === head && effects > 0);

/** null: an effect that nobody is told of. */
function eventOf(entry: Entry, at: number): WatchEvent | null {
  const all = effectsOf(entry);
  const effect = all[at];
  if (effect === undefined || !isTold(effect)) return null;
  const isLast = at + 1 === all.length;
  const place: WatchPlace = isLast
    ? placeAt((entry.index + 1) as LogIndex)
    : { index: entry.index, effects: at + 1, shown: null };
  return { effect, place };
}
