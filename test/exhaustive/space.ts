import type { ApiAnswer, ApiRequest } from '../../src/core/election/api.ts';
import type { Effect, Input, LinkId } from '../../src/core/group/io.ts';
import type { Key } from '../../src/core/base/key.ts';
import type { PeerMessage } from '../../src/core/replication/messages.ts';
import type { SessionId, WriteOutcome, WriteRequest } from '../../src/core/store/commands.ts';
import type { ReadOutcome } from '../../src/core/store/reads.ts';
import { format } from '../simulation/trace.ts';
import { check, Violation } from '../simulation/violation.ts';
import { Checker } from './checker.ts';
import type { Choice } from './choice.ts';
import type { Configuration, Opening } from './configurations.ts';
import { StateHash } from './state-hash.ts';
import { Interner } from './interner.ts';
import { acknowledged, isInFlight, type Ledger, textOf, type WriteMemory } from './ledger.ts';
import { acceptedLink, addressesOf, identityOf, letterOf, type Place, placeAt, PLACES } from './names.ts';
import { type ApiMemory, carryOut, deleted, emptyApi, recordOf, rewritten } from './record-keeper.ts';
import { type Identity, type Image, Replicas, type Turn } from './replicas.ts';
import {
  type Call,
  CARRIED_OUT,
  CLOSED,
  type Connection,
  copyOf,
  CRASHED,
  DIALLER_LEFT,
  DIALLING,
  GIVEN_UP,
  LEFT,
  LEFT_LENGTH,
  OPEN,
  SENT,
  type State,
  TARGET_LEFT,
} from './state.ts';

interface Gathered {
  readonly names: string[];
  readonly inputs: (() => Input)[];
}

/** A state that a choice has led to. */
export interface Reached {
  readonly state: State;
  readonly takeover: 'none' | 'quiet' | 'write in flight';
}

const KEY = 'k' as Key;
/** Names of connections: the dial's number, and from here on those of a restarted process. */
const DIALS_PER_RUN = 200;
const TICKETS_PER_WRITE = 10;
const READ_TICKETS = 1000;
const SESSION_TICKET = 999;
/** The session of the first lineage's second entry: writes may come while it is being opened. */
const SESSION = `1.${identityOf(0, 0).dataId}.1.2` as SessionId;
/** When nothing goes wrong, as before the search: this often time passes, and so many turns bring order. */
const CALM_TICK_MS = 50;
const CALM_TURNS_MAX = 2000;
const GRACE_MS = 60_000;
/** An opening may do what it likes. */
const OPENING_BUDGET = 100;

/**
 * Every order of everything that can happen to a group of three, as a configuration bounds it: which choices a state
 * has, and which state each leads to. The replicas are the real core ({@link Replicas}); network, API server and clients
 * are here, without time: whatever is on its way may be overtaken by anything that no connection orders.
 */
export class Space {
  readonly configuration: Configuration;
  readonly replicas: Replicas;
  readonly #messages = new Interner<PeerMessage>();
  readonly #requests = new Interner<ApiRequest>();
  readonly #answers = new Interner<ApiAnswer>();
  readonly #apis = new Interner<ApiMemory>();
  readonly #ledgers = new Interner<Ledger>();
  readonly #hash: StateHash;
  readonly #contentHash: StateHash;
  readonly #turns = new Map<string, number>();
  /** The API server's steps, by what it held and what it was asked. */
  readonly #carriedOut = new Map<number, { readonly api: number; readonly answer: number }>();
  #checker: Checker | null = null;
  #formed: State | null = null;
  /** What was said during the opening in the first epoch, by its way: what a ghost may say again. */
  readonly #said = new Map<string, readonly number[]>();
  #isOpening = false;
  /** What a restored record was. */
  #backup = 0;
  #takeover: Reached['takeover'] = 'none';
  /** While it is not null, what a replica takes in is gathered for one turn. */
  #gathered: Gathered | null = null;

  constructor(configuration: Configuration, identity: Identity = 'content') {
    this.configuration = configuration;
    this.replicas = new Replicas({
      identity,
      times: configuration.times,
      minInSync: configuration.minInSync,
      order: configuration.symmetry === 'on' ? 'sorted' : 'counts',
    });
    const { states, contents } = this.replicas;
    const parts = {
      messages: this.#messages,
      requests: this.#requests,
      answers: this.#answers,
      apis: this.#apis,
      ledgers: this.#ledgers,
    };
    this.#hash = new StateHash(configuration.symmetry, { replicas: states, ...parts });
    this.#contentHash = new StateHash(configuration.symmetry, { replicas: contents, ...parts });
  }

  /** Where the search begins: three replicas in sync, nothing on its way, and whatever the prologue says. */
  root(): State {
    return (this.#formed ??= this.#form());
  }

  /** Two numbers of 32 bits: the same for states that are the same but for the names of the two followers. */
  hash(state: State): readonly [number, number] {
    return this.#hash.of(state);
  }

  /** The same by what the replicas are, also where a state of a replica is told by its history. */
  contentHash(state: State): readonly [number, number] {
    const [a, b, c] = state.replicas.map((replica) =>
      replica === CRASHED ? CRASHED : this.replicas.contentOf(replica),
    );
    return this.#contentHash.of({ ...state, replicas: [a ?? CRASHED, b ?? CRASHED, c ?? CRASHED] });
  }

  // --- what may happen -------------------------------------------------------------------------------------------------

  choices(state: State): Choice[] {
    const choices: Choice[] = [];
    const { left } = state;
    const has = (place: number): boolean => (left[place] as number) > 0;
    for (const { dialler, name, target, phase, toTarget, toDialler } of state.connections) {
      if (phase === DIALLING) choices.push({ kind: 'dialled', dialler, name });
      if (toTarget.length > 0) choices.push({ kind: 'arrives', dialler, name, way: 'toTarget' });
      if (toDialler.length > 0) choices.push({ kind: 'arrives', dialler, name, way: 'toDialler' });
      if (phase !== OPEN) continue;
      if (has(LEFT.resets)) choices.push({ kind: 'reset', dialler, name });
      if (has(LEFT.misled)) choices.push({ kind: 'misled', dialler, name });
      if (!has(LEFT.ghosts)) continue;
      for (const message of this.#said.get(wayOf(dialler, target)) ?? [])
        choices.push({ kind: 'ghost', dialler, name, way: 'toTarget', message });
      for (const message of this.#said.get(wayOf(target, dialler)) ?? [])
        choices.push({ kind: 'ghost', dialler, name, way: 'toDialler', message });
    }
    for (const { caller, number, phase } of state.calls) {
      if (phase === CARRIED_OUT) choices.push({ kind: 'answered', caller, number });
      else choices.push({ kind: 'landed', caller, number });
      if (phase !== GIVEN_UP && has(LEFT.timeOuts)) choices.push({ kind: 'timedOut', caller, number });
    }
    for (const place of PLACES) {
      if (state.replicas[place] === CRASHED) {
        if (has(LEFT.restarts)) choices.push({ kind: 'restarted', place });
        continue;
      }
      const { role, waitsForTime } = this.#image(state, place);
      if ((waitsForTime && has(LEFT.ticks + place)) || (role === 'leading' && has(LEFT.leaderTicks)))
        choices.push({ kind: 'tick', place });
      if (has(LEFT.news + place) && has(LEFT.hints)) choices.push({ kind: 'hinted', place });
      if (has(LEFT.crashes) && this.configuration.mayCrash.includes(place)) choices.push({ kind: 'crashed', place });
      if (has(LEFT.stops) && role === 'leading') choices.push({ kind: 'stopped', place });
    }
    if (has(LEFT.deletions) && this.#apis.at(state.api).lease !== null) choices.push({ kind: 'deleted' });
    if (has(LEFT.restores)) choices.push({ kind: 'restored' });
    this.#addRequests(state, choices);
    return this.configuration.turns === 'pairs' ? [...choices, ...this.#pairs(state, choices)] : choices;
  }

  /** Any two things that one replica may take in, in either order; also two messages of one connection. */
  #pairs(state: State, choices: readonly Choice[]): Choice[] {
    const pairs: Choice[] = [];
    for (const first of choices) {
      const place = this.#takenInBy(state, first);
      if (place === null) continue;
      for (const second of choices) {
        if (this.#takenInBy(state, second) !== place) continue;
        if (second !== first || hasTwo(state, first)) pairs.push({ kind: 'together', first, second });
      }
    }
    return pairs;
  }

  /** Who takes in what happens, in a turn without a tick; null: nobody. */
  #takenInBy(state: State, choice: Choice): Place | null {
    switch (choice.kind) {
      case 'arrives': {
        const { dialler, target } = connectionOf(state, choice.dialler, choice.name);
        return choice.way === 'toTarget' ? target : dialler;
      }
      case 'dialled':
        return choice.dialler;
      case 'answered':
        return choice.caller;
      case 'hinted':
      case 'write':
      case 'read':
        return choice.place;
      default:
        return null;
    }
  }

  /** Clients ask whoever leads, or believes so, and any replica for a read. */
  #addRequests(state: State, choices: Choice[]): void {
    const { writes, reads } = this.#ledgers.at(state.ledger);
    const due = writes.findIndex((write) => write.status === 'unsent');
    for (const [at, write] of writes.entries()) {
      const isRepeated = write.status === 'unknown' && write.attempts <= this.configuration.budget.repeats;
      if (at !== due && !isRepeated) continue;
      for (const place of PLACES) {
        if (state.replicas[place] === CRASHED || this.#image(state, place).role !== 'leading') continue;
        choices.push({ kind: 'write', number: at + 1, place });
      }
    }
    const read = reads.findIndex((each) => each.status === 'unsent');
    if (read < 0 || reads.some((each) => each.status === 'open')) return;
    for (const place of PLACES)
      if (state.replicas[place] !== CRASHED) choices.push({ kind: 'read', number: read + 1, place });
  }

  #image(state: State, place: Place): Image {
    return this.replicas.image(state.replicas[place]);
  }

  // --- what comes of it ------------------------------------------------------------------------------------------------

  /** @throws Violation if an invariant does not hold afterwards. */
  apply(before: State, choice: Choice): Reached {
    const state = copyOf(before);
    this.#takeover = 'none';
    this.#perform(state, choice);
    this.#checkEverywhere(state);
    return { state, takeover: this.#takeover };
  }

  #perform(state: State, choice: Choice): void {
    const { left } = state;
    const spend = (place: number): number => ((left[place] as number) -= 1);
    switch (choice.kind) {
      case 'dialled':
        this.#dialled(state, connectionOf(state, choice.dialler, choice.name));
        return;
      case 'arrives':
        this.#arrives(state, connectionOf(state, choice.dialler, choice.name), choice.way);
        return;
      case 'reset': {
        spend(LEFT.resets);
        const connection = connectionOf(state, choice.dialler, choice.name);
        connection.toTarget = [CLOSED];
        connection.toDialler = [CLOSED];
        return;
      }
      case 'misled':
        spend(LEFT.misled);
        this.#mislead(state, connectionOf(state, choice.dialler, choice.name));
        return;
      case 'landed':
        this.#landed(state, callOf(state, choice.caller, choice.number));
        return;
      case 'answered': {
        const call = callOf(state, choice.caller, choice.number);
        state.calls.splice(state.calls.indexOf(call), 1);
        this.#answer(state, call, call.answer);
        return;
      }
      case 'timedOut':
        spend(LEFT.timeOuts);
        this.#timedOut(state, callOf(state, choice.caller, choice.number));
        return;
      case 'tick':
        spend(
          this.#image(state, choice.place).waitsForTime && (left[LEFT.ticks + choice.place] as number) > 0
            ? LEFT.ticks + choice.place
            : LEFT.leaderTicks,
        );
        this.#tick(state, choice.place, this.configuration.tickMs);
        return;
      case 'hinted':
        spend(LEFT.hints);
        this.#hinted(state, choice.place);
        return;
      case 'crashed':
        spend(LEFT.crashes);
        this.#crashes(state, choice.place);
        return;
      case 'restarted':
        spend(LEFT.restarts);
        state.replicas[choice.place] = this.replicas.start(choice.place, 1);
        // Its first turn is due at once.
        this.#tick(state, choice.place, 0);
        return;
      case 'stopped':
        spend(LEFT.stops);
        this.#feed(state, choice.place, `stop`, () => ({ kind: 'stop', graceMs: GRACE_MS }));
        return;
      case 'write':
        this.#write(state, choice.number, choice.place);
        return;
      case 'read':
        this.#read(state, choice.number, choice.place);
        return;
      case 'deleted':
        spend(LEFT.deletions);
        this.#setApi(state, this.#internApi(deleted(this.#apis.at(state.api))));
        return;
      case 'ghost':
        spend(LEFT.ghosts);
        connectionOf(state, choice.dialler, choice.name)[choice.way].unshift(choice.message);
        this.#arrives(state, connectionOf(state, choice.dialler, choice.name), choice.way);
        return;
      case 'together': {
        const place = this.#takenInBy(state, choice.first);
        if (place === null) throw new Error('nobody takes it in');
        const gathered: Gathered = { names: [], inputs: [] };
        this.#gathered = gathered;
        this.#perform(state, choice.first);
        this.#perform(state, choice.second);
        this.#gathered = null;
        const turn = this.#turnOf(gathered.names.join(' & '), () => ({
          advanceMs: 0,
          inputs: gathered.inputs.map((input) => input()),
        }));
        this.#turn(state, place, turn);
        return;
      }
      case 'restored': {
        spend(LEFT.restores);
        const { lease } = this.#apis.at(this.#backup);
        if (lease === null) throw new Error('there is nothing to restore');
        this.#setApi(state, this.#internApi(rewritten(this.#apis.at(state.api), lease.uid, lease.content)));
        return;
      }
    }
  }

  // --- the network -----------------------------------------------------------------------------------------------------

  #dialled(state: State, connection: Connection): void {
    const { dialler, name, target } = connection;
    if (state.replicas[target] === CRASHED) {
      this.#refuse(state, connection);
      return;
    }
    const link = name % DIALS_PER_RUN;
    // The one who accepts takes no notice until something is said.
    connection.phase = OPEN;
    this.#feed(state, dialler, `connected ${link}`, () => ({ kind: 'connected', link }));
  }

  #refuse(state: State, connection: Connection): void {
    const link = connection.name % DIALS_PER_RUN;
    state.connections.splice(state.connections.indexOf(connection), 1);
    this.#feed(state, connection.dialler, `refused ${link}`, () => ({ kind: 'closed', link, reason: 'refused' }));
  }

  /** R8's false alarm: the connection breaks, with what was on its way, and who dials again is refused by a network. */
  #mislead(state: State, connection: Connection): void {
    const { dialler } = connection;
    const link = connection.name % DIALS_PER_RUN;
    connection.toTarget = [];
    this.#leave(state, connection, dialler);
    this.#feed(state, dialler, `closed ${link}`, () => ({ kind: 'closed', link, reason: 'lost' }));
    const again = state.connections.find((each) => each.dialler === dialler && each.phase === DIALLING);
    if (again !== undefined) this.#refuse(state, again);
  }

  #arrives(state: State, connection: Connection, way: 'toTarget' | 'toDialler'): void {
    const { dialler, name, target } = connection;
    const [place, link] = way === 'toTarget' ? [target, acceptedLink(dialler, name)] : [dialler, name % DIALS_PER_RUN];
    const message = connection[way].shift();
    if (message === undefined) throw new Error('nothing is on its way');
    if (message === CLOSED) {
      const other = way === 'toTarget' ? connection.toDialler : connection.toTarget;
      // After a reset both ends have to hear of it.
      if (other.length > 0 && other[0] === CLOSED) connection.phase = way === 'toTarget' ? TARGET_LEFT : DIALLER_LEFT;
      else state.connections.splice(state.connections.indexOf(connection), 1);
      this.#feed(state, place, `closed ${link}`, () => ({ kind: 'closed', link, reason: 'lost' }));
      return;
    }
    this.#feed(state, place, `received ${link} ${message}`, () => ({
      kind: 'received',
      link,
      message: this.#messages.at(message),
    }));
  }

  /** One end goes away; what it has sent still arrives, and then the other end hears of it. */
  #leave(state: State, connection: Connection, place: Place): void {
    const isDialler = connection.dialler === place;
    const left = isDialler ? DIALLER_LEFT : TARGET_LEFT;
    if (connection.phase === left) return;
    if (connection.phase !== OPEN) {
      state.connections.splice(state.connections.indexOf(connection), 1);
      return;
    }
    connection.phase = left;
    const [out, back] = isDialler ? (['toTarget', 'toDialler'] as const) : (['toDialler', 'toTarget'] as const);
    connection[back] = [];
    if (connection[out].at(-1) !== CLOSED) connection[out].push(CLOSED);
  }

  #connectionAt(state: State, place: Place, link: LinkId): Connection | undefined {
    if (link > 0) {
      const name = this.replicas.states.at(state.replicas[place]).run * DIALS_PER_RUN + link;
      return state.connections.find((each) => each.dialler === place && each.name === name);
    }
    return state.connections.find((each) => each.target === place && acceptedLink(each.dialler, each.name) === link);
  }

  /** What it had sent is lost: what arrives after a crash might as well have arrived before it. */
  #crashes(state: State, place: Place): void {
    for (const connection of state.connections) {
      const way = connection.dialler === place ? 'toTarget' : connection.target === place ? 'toDialler' : null;
      if (way !== null) connection[way] = connection[way].filter((message) => message === CLOSED);
    }
    this.#ends(state, place);
  }

  /** Its memory is gone. */
  #ends(state: State, place: Place): void {
    for (const connection of state.connections.slice())
      if (connection.dialler === place || connection.target === place) this.#leave(state, connection, place);
    for (const call of state.calls.slice()) {
      if (call.caller !== place) continue;
      if (call.phase === SENT) this.#giveUp(state, call);
      else if (call.phase === CARRIED_OUT) state.calls.splice(state.calls.indexOf(call), 1);
    }
    state.replicas[place] = CRASHED;
    const ledger = this.#ledgers.at(state.ledger);
    this.#setLedger(state, {
      ...ledger,
      writes: ledger.writes.map((write) =>
        write.status === 'open' && write.at === place ? { ...write, status: 'unknown' } : write,
      ),
      reads: ledger.reads.map((read) =>
        read.status === 'open' && read.at === place ? { ...read, status: 'declined' } : read,
      ),
    });
  }

  // --- the API server --------------------------------------------------------------------------------------------------

  #landed(state: State, call: Call): void {
    const key = state.api * 2 ** 24 + call.request;
    let done = this.#carriedOut.get(key);
    if (done === undefined) {
      const { after, answer } = carryOut(this.#apis.at(state.api), this.#requests.at(call.request));
      done = { api: this.#internApi(after), answer: this.#internPlain(this.#answers, answer) };
      this.#carriedOut.set(key, done);
    }
    if (done.api !== state.api) {
      const before = recordOf(this.#apis.at(state.api))?.content ?? null;
      const after = recordOf(this.#apis.at(done.api))?.content ?? null;
      if (before !== null && after !== null && after.lineage !== null) {
        this.#checker?.onReplaced(before, after, before.lineage?.id === after.lineage.id);
        const record = { epoch: after.epoch, members: after.inSync };
        this.#setLedger(state, { ...this.#ledgers.at(state.ledger), record });
      }
      this.#setApi(state, done.api);
    }
    if (call.phase === GIVEN_UP) {
      state.calls.splice(state.calls.indexOf(call), 1);
      return;
    }
    call.phase = CARRIED_OUT;
    call.answer = done.answer;
  }

  #timedOut(state: State, call: Call): void {
    if (call.phase === CARRIED_OUT) state.calls.splice(state.calls.indexOf(call), 1);
    else this.#giveUp(state, call);
    this.#answer(state, call, this.#internPlain(this.#answers, { kind: 'inDoubt', reason: 'time-out' }));
  }

  /** A read that nobody waits for is nothing; a change may land at any time from now on. */
  #giveUp(state: State, call: Call): void {
    const { kind } = this.#requests.at(call.request);
    if (kind === 'readLease' || kind === 'listPods' || kind === 'readPod')
      state.calls.splice(state.calls.indexOf(call), 1);
    else call.phase = GIVEN_UP;
  }

  #answer(state: State, call: Call, answer: number): void {
    this.#feed(state, call.caller, `answered ${call.number} ${answer}`, () => ({
      kind: 'apiAnswered',
      call: call.number,
      answer: this.#answers.at(answer),
    }));
  }

  #setApi(state: State, api: number): void {
    state.api = api;
    const hasHints = (state.left[LEFT.hints] as number) > 0;
    for (const place of PLACES) state.left[LEFT.news + place] = hasHints && state.replicas[place] !== CRASHED ? 1 : 0;
  }

  #hinted(state: State, place: Place): void {
    state.left[LEFT.news + place] = 0;
    if ((state.left[LEFT.hints] as number) === 0) for (const each of PLACES) state.left[LEFT.news + each] = 0;
    const { api } = state;
    this.#feed(state, place, `hinted ${api}`, () => ({ kind: 'recordHinted', record: recordOf(this.#apis.at(api)) }));
  }

  // --- clients ---------------------------------------------------------------------------------------------------------

  #write(state: State, number: number, place: Place): void {
    const ledger = this.#ledgers.at(state.ledger);
    const memory = ledger.writes[number - 1] as WriteMemory;
    const attempts = memory.attempts + 1;
    const writes = ledger.writes.with(number - 1, { ...memory, status: 'open', at: place, attempts });
    this.#setLedger(state, { ...ledger, writes });
    const ticket = number * TICKETS_PER_WRITE + attempts;
    this.#feed(state, place, `write ${ticket}`, () => ({
      kind: 'write',
      ticket,
      request: requestOf(number),
    }));
  }

  #read(state: State, number: number, place: Place): void {
    const ledger = this.#ledgers.at(state.ledger);
    const reads = ledger.reads.with(number - 1, {
      status: 'open',
      at: place,
      floor: acknowledged(ledger),
      revision: 0,
    });
    this.#setLedger(state, { ...ledger, reads });
    const ticket = READ_TICKETS + number;
    const mode = this.configuration.readMode;
    this.#feed(state, place, `read ${ticket}`, () => ({
      kind: 'read',
      ticket,
      request: { kind: 'key', key: KEY, mode, token: null },
    }));
  }

  #writeAnswered(state: State, place: Place, ticket: number, outcome: WriteOutcome): void {
    const number = Math.floor(ticket / TICKETS_PER_WRITE);
    const ledger = this.#ledgers.at(state.ledger);
    const memory = ledger.writes[number - 1];
    // The client has given that attempt up when its connection broke; a late answer reaches nobody.
    if (memory === undefined || this.#checker === null) return;
    const answered = this.#checker.onWriteAnswered(place, number, outcome, ledger);
    if (memory.status !== 'open' || memory.attempts !== ticket % TICKETS_PER_WRITE) return;
    this.#setLedger(state, { ...ledger, writes: ledger.writes.with(number - 1, answered) });
  }

  #readAnswered(state: State, place: Place, ticket: number, outcome: ReadOutcome): void {
    const at = ticket - READ_TICKETS - 1;
    const ledger = this.#ledgers.at(state.ledger);
    const memory = ledger.reads[at];
    if (memory?.status !== 'open' || this.#checker === null) return;
    const answered = this.#checker.onReadAnswered(place, memory, outcome, ledger);
    this.#setLedger(state, { ...ledger, reads: ledger.reads.with(at, answered) });
  }

  // --- the replicas ----------------------------------------------------------------------------------------------------

  #tick(state: State, place: Place, advanceMs: number): void {
    const turn = this.#turnOf(`tick ${advanceMs}`, () => ({ advanceMs, inputs: [{ kind: 'tick' }] }));
    this.#turn(state, place, turn);
  }

  #feed(state: State, place: Place, name: string, input: () => Input): void {
    if (state.replicas[place] === CRASHED) return;
    if (this.#gathered !== null) {
      this.#gathered.names.push(name);
      this.#gathered.inputs.push(input);
      return;
    }
    this.#turn(
      state,
      place,
      this.#turnOf(name, () => ({ advanceMs: 0, inputs: [input()] })),
    );
  }

  /** `name` says all that the turn is made of, in this run's numbers: cheaper to look up than the turn itself. */
  #turnOf(name: string, make: () => Turn): number {
    const known = this.#turns.get(name);
    if (known !== undefined) return known;
    const turn = make();
    const { replicas } = this;
    const id = replicas.turn(
      replicas.canonicalText(turn, 'own'),
      () => replicas.canonicalText(turn, 'exchanged'),
      () => turn,
    );
    this.#turns.set(name, id);
    return id;
  }

  #turn(state: State, place: Place, turn: number): void {
    const from = state.replicas[place];
    const step = this.replicas.step(from, turn);
    if (step.kind === 'failed') throw new Violation('no-exception', `${letterOf(place)} stopped with ${step.reason}`);
    state.replicas[place] = step.next;
    const before = this.replicas.image(from);
    const after = this.replicas.image(step.next);
    if (this.#checker !== null) {
      const { run } = this.replicas.states.at(step.next);
      const ledger = this.#ledgers.at(state.ledger);
      const next = this.#checker.afterTurn({ place, run, before, after }, ledger);
      if (next !== ledger) {
        if (next.leaders.length > ledger.leaders.length)
          this.#takeover = isInFlight(ledger) ? 'write in flight' : 'quiet';
        this.#setLedger(state, next);
      }
    }
    for (const effect of step.effects) this.#performEffect(state, place, effect);
  }

  #performEffect(state: State, place: Place, effect: Effect): void {
    switch (effect.kind) {
      case 'connect': {
        const name = this.replicas.states.at(state.replicas[place]).run * DIALS_PER_RUN + effect.link;
        const target = placeAt(effect.address);
        state.connections.push({ dialler: place, name, target, phase: DIALLING, toTarget: [], toDialler: [] });
        return;
      }
      case 'disconnect': {
        const connection = this.#connectionAt(state, place, effect.link);
        if (connection !== undefined) this.#leave(state, connection, place);
        return;
      }
      case 'send': {
        const connection = this.#connectionAt(state, place, effect.link);
        if (connection?.phase !== OPEN) return;
        const way = effect.link > 0 ? 'toTarget' : 'toDialler';
        // A reset has cut it already: nothing passes any more.
        if (connection[way].at(-1) === CLOSED) return;
        const message = this.#internPlain(this.#messages, effect.message);
        connection[way].push(message);
        if (this.#isOpening) this.#remember(connection, way, message);
        return;
      }
      case 'callApi': {
        const request = this.#internPlain(this.#requests, effect.request);
        state.calls.push({ caller: place, number: effect.call, request, phase: SENT, answer: -1 });
        return;
      }
      case 'writeAnswered':
        this.#writeAnswered(state, place, effect.ticket, effect.outcome);
        return;
      case 'readAnswered':
        this.#readAnswered(state, place, effect.ticket, effect.outcome);
        return;
      case 'sessionAnswered':
      case 'watchNews':
      case 'watchEnded':
      case 'turnWanted':
      case 'recoverAnswered':
      case 'report':
        return;
      case 'stopped':
        this.#ends(state, place);
        return;
    }
  }

  /** A hello is not fenced by its epoch, but by its number. */
  #remember({ dialler, target }: Connection, way: 'toTarget' | 'toDialler', message: number): void {
    const said = this.#messages.at(message);
    if (!('epoch' in said) || said.kind === 'hello' || said.epoch > 1) return;
    const name = way === 'toTarget' ? wayOf(dialler, target) : wayOf(target, dialler);
    const known = this.#said.get(name) ?? [];
    if (!known.includes(message)) this.#said.set(name, [...known, message]);
  }

  #checkEverywhere(state: State): void {
    if (this.#checker === null) return;
    const images = state.replicas.map((replica) => (replica === CRASHED ? null : this.replicas.image(replica)));
    this.#checker.everywhere(images, this.#ledgers.at(state.ledger));
  }

  // --- numbers for values ----------------------------------------------------------------------------------------------

  readonly #textCache = new WeakMap<object, number>();

  /** Effects are kept with the turn that made them, so that the same object comes again and again. */
  #internPlain<T extends object>(interner: Interner<T>, value: T): number {
    const known = this.#textCache.get(value);
    if (known !== undefined) return known;
    const { replicas } = this;
    const id = interner.intern(
      replicas.canonicalText(value, 'own'),
      () => replicas.canonicalText(value, 'exchanged'),
      () => value,
    );
    this.#textCache.set(value, id);
    return id;
  }

  #internApi(memory: ApiMemory): number {
    return this.#internPlain(this.#apis, memory);
  }

  #setLedger(state: State, ledger: Ledger): void {
    state.ledger = this.#ledgers.intern(
      textOf(ledger, 'own'),
      () => textOf(ledger, 'exchanged'),
      () => ledger,
    );
  }

  // --- before the search -----------------------------------------------------------------------------------------------

  #form(): State {
    const state: State = {
      replicas: [this.replicas.start(0, 0), this.replicas.start(1, 0), this.replicas.start(2, 0)],
      api: this.#internApi(emptyApi),
      ledger: 0,
      left: new Array<number>(LEFT_LENGTH).fill(0),
      connections: [],
      calls: [],
    };
    this.#setLedger(state, { committed: [], leaders: [], writes: [], reads: [], record: null });
    state.left[LEFT.hints] = 1e6;
    this.#calm(state, [0], () => this.#image(state, 0).role === 'leading');
    if (this.configuration.start === 'formed')
      this.#calm(state, PLACES, () => this.#image(state, 0).members?.length === 3);
    this.#feed(state, 0, 'session', () => ({ kind: 'openSession', ticket: SESSION_TICKET }));
    this.#backup = state.api;
    if (this.configuration.start === 'formed') {
      this.#calm(state, PLACES, () =>
        PLACES.every((place) => {
          const { appliedIndex, log } = this.#image(state, place);
          return appliedIndex === log.entries.length && log === this.#image(state, 0).log;
        }),
      );
    }
    if (this.configuration.removedBefore !== null) this.#remove(state, this.configuration.removedBefore);
    this.#begin(state);
    return state;
  }

  /** From here on everything counts. */
  #begin(state: State): void {
    const { budget, minInSync } = this.configuration;
    const leader = this.#image(state, 0);
    if (leader.dataLineage === null) throw new Error('the group was not formed');
    this.#checker = new Checker({ minInSync, lineage: leader.dataLineage });
    this.#setLedger(state, {
      ...this.#ledgers.at(state.ledger),
      committed: leader.log.entries.slice(0, leader.commitIndex),
      leaders: [{ epoch: leader.epoch, place: 0, run: 0 }],
      writes: Array.from({ length: budget.writes }, () => ({ status: 'unsent', at: null, attempts: 0, revision: 0 })),
      reads: Array.from({ length: budget.reads }, () => ({ status: 'unsent', at: null, floor: 0, revision: 0 })),
    });
    const { left } = state;
    left.fill(OPENING_BUDGET, 0, LEFT.news);
    this.#isOpening = true;
    for (const wanted of this.configuration.opening) this.#open(state, wanted);
    this.#isOpening = false;
    left.fill(0, 0, budget.hints === 0 ? LEFT_LENGTH : LEFT.news);
    left[LEFT.crashes] = budget.crashes;
    left[LEFT.timeOuts] = budget.timeOuts;
    left[LEFT.resets] = budget.resets;
    left[LEFT.misled] = budget.misled;
    left[LEFT.restarts] = budget.restarts;
    left[LEFT.deletions] = budget.deletions;
    left[LEFT.restores] = budget.restores;
    left[LEFT.stops] = budget.stops;
    left[LEFT.hints] = budget.hints;
    left[LEFT.leaderTicks] = budget.leaderTicks;
    left[LEFT.ghosts] = budget.ghosts;
    for (const place of PLACES) left[LEFT.ticks + place] = budget.ticks[place];
    this.#checkEverywhere(state);
  }

  #open(state: State, wanted: Opening): void {
    if (wanted.kind === 'calm') {
      this.#calm(state, [], () => true);
      return;
    }
    const choices = this.choices(state);
    const choice = choices.find((each) =>
      Object.entries(wanted).every(([name, value]) => (each as unknown as Record<string, unknown>)[name] === value),
    );
    if (choice === undefined) {
      const there = choices.map((each) => this.words(state, each)).join('; ');
      throw new Error(`the opening does not fit at ${JSON.stringify(wanted)}: ${there}`);
    }
    this.#perform(state, choice);
  }

  /** One is cut off amid an entry until the leader has removed it, and follows again. */
  #remove(state: State, place: Place): void {
    const append = (ticket: number): void =>
      this.#feed(state, 0, `open ${ticket}`, () => ({ kind: 'openSession', ticket }));
    const isCutOff = (choice: Choice): boolean =>
      choice.kind === 'arrives' &&
      [choice.dialler, connectionOf(state, choice.dialler, choice.name).target].includes(place);
    append(SESSION_TICKET - 1);
    const removedAtMs = this.replicas.clockMs(state.replicas[0]) + this.configuration.times.removalMs;
    this.#calm(state, [0], () => this.replicas.clockMs(state.replicas[0]) > removedAtMs, isCutOff);
    // The other one is heard again: the leader is not the one that is cut off (R6).
    append(SESSION_TICKET - 2);
    this.#calm(state, [0], () => this.#image(state, 0).members?.length === 2, isCutOff);
    this.#calm(state, [], () => true);
    check(
      PLACES.every((each) => this.#image(state, each).log === this.#image(state, 0).log),
      'world',
      () => `not all follow again: ${this.describe(state).join('; ')}`,
    );
  }

  /** Whatever is on its way arrives, in the order in which it was sent; when nothing is, time passes. */
  #calm(
    state: State,
    ticking: readonly Place[],
    isDone: () => boolean,
    isCutOff: (choice: Choice) => boolean = () => false,
  ): void {
    for (let turns = 0; turns < CALM_TURNS_MAX; turns += 1) {
      const choice = this.choices(state).find((each) => this.#isExpected(state, each) && !isCutOff(each));
      if (choice !== undefined) this.#perform(state, choice);
      else if (isDone()) return;
      else for (const place of ticking) if (state.replicas[place] !== CRASHED) this.#tick(state, place, CALM_TICK_MS);
    }
    throw new Violation('liveness', `no order within ${CALM_TURNS_MAX} turns: ${this.describe(state).join('; ')}`);
  }

  /** Something is on its way, and arrives if nothing goes wrong. */
  #isExpected(state: State, choice: Choice): boolean {
    switch (choice.kind) {
      case 'dialled':
      case 'arrives':
      case 'answered':
      case 'hinted':
        return true;
      case 'landed':
        return callOf(state, choice.caller, choice.number).phase !== GIVEN_UP;
      default:
        return false;
    }
  }

  /** Nothing can happen any more but that a call lands that was given up long ago. */
  isAtRest(state: State, choices: readonly Choice[]): boolean {
    return choices.every(
      (choice) => choice.kind === 'landed' && callOf(state, choice.caller, choice.number).phase === GIVEN_UP,
    );
  }

  /**
   * Once faults end, there is a leader that the record names, and everything in its log is committed.
   * @throws Violation if that does not come about, or if an invariant does not hold on the way.
   */
  checkProgress(from: State): void {
    const state = copyOf(from);
    state.left[LEFT.hints] = Number.MAX_SAFE_INTEGER;
    state.left.fill(1, LEFT.news, LEFT.news + PLACES.length);
    // Whom to ask (R8, R13) is kept from them during the search: it is about progress only.
    const peerAddresses = PLACES.map((place) => addressesOf(place).peer);
    for (const place of PLACES) this.#feed(state, place, 'peers', () => ({ kind: 'peersHinted', peerAddresses }));
    this.#calm(state, PLACES, () => {
      this.#checkEverywhere(state);
      const { lease } = this.#apis.at(state.api);
      const holder = lease?.content.holder;
      const leads = PLACES.some(
        (place) => state.replicas[place] !== CRASHED && this.#image(state, place).role === 'leading',
      );
      // R13: the record is lost, and nobody who led is there to write it again. Only an operator may.
      if (!leads && (lease === null || lease.content.lineage === null)) return true;
      return PLACES.some((place) => {
        if (state.replicas[place] === CRASHED) return false;
        const { role, replica, commitIndex, log } = this.#image(state, place);
        return role === 'leading' && replica === holder && commitIndex === log.entries.length;
      });
    });
  }

  // --- words -----------------------------------------------------------------------------------------------------------

  words(state: State, choice: Choice): string {
    switch (choice.kind) {
      case 'dialled': {
        const { dialler, target } = connectionOf(state, choice.dialler, choice.name);
        const what = state.replicas[target] === CRASHED ? 'is refused by' : 'is connected to';
        return `${letterOf(dialler)} ${what} ${letterOf(target)}`;
      }
      case 'misled': {
        const { dialler, target } = connectionOf(state, choice.dialler, choice.name);
        return `${letterOf(dialler)} loses its connection to ${letterOf(target)} and is refused another, though ${letterOf(target)} lives`;
      }
      case 'reset': {
        const { dialler, target } = connectionOf(state, choice.dialler, choice.name);
        return `the connection of ${letterOf(dialler)} to ${letterOf(target)} breaks, with what was on its way`;
      }
      case 'arrives': {
        const connection = connectionOf(state, choice.dialler, choice.name);
        const { dialler, target } = connection;
        const [from, to] = choice.way === 'toTarget' ? [dialler, target] : [target, dialler];
        const message = connection[choice.way][0] ?? CLOSED;
        const what = message === CLOSED ? 'the end of the connection' : format(this.#messages.at(message));
        return `${letterOf(to)} hears from ${letterOf(from)}: ${what}`;
      }
      case 'landed': {
        const call = callOf(state, choice.caller, choice.number);
        const how = call.phase === GIVEN_UP ? 'long after it was given up' : '';
        return `the API server carries out ${letterOf(choice.caller)}'s ${format(this.#requests.at(call.request))} ${how}`;
      }
      case 'answered': {
        const call = callOf(state, choice.caller, choice.number);
        return `${letterOf(choice.caller)} is answered: ${format(this.#answers.at(call.answer))}`;
      }
      case 'timedOut': {
        const call = callOf(state, choice.caller, choice.number);
        const how = call.phase === CARRIED_OUT ? 'though it was carried out' : 'and may land at any time';
        return `${letterOf(choice.caller)}'s ${this.#requests.at(call.request).kind} times out, ${how}`;
      }
      case 'tick':
        return `${this.configuration.tickMs} ms pass for ${letterOf(choice.place)}`;
      case 'hinted':
        return `${letterOf(choice.place)} is told by its watch: ${format(recordOf(this.#apis.at(state.api)))}`;
      case 'crashed':
        return `${letterOf(choice.place)} crashes, and what it had sent is lost`;
      case 'restarted':
        return `a new process of ${letterOf(choice.place)} starts`;
      case 'stopped':
        return `${letterOf(choice.place)} is told to stop`;
      case 'write':
        return `a client sends write ${choice.number} to ${letterOf(choice.place)}`;
      case 'read':
        return `a client asks ${letterOf(choice.place)} for a read (${this.configuration.readMode})`;
      case 'together':
        return `${this.words(state, choice.first)}; and in the same turn ${this.words(this.#after(state, choice.first), choice.second)}`;
      case 'ghost': {
        const { dialler, target } = connectionOf(state, choice.dialler, choice.name);
        const [from, to] = choice.way === 'toTarget' ? [dialler, target] : [target, dialler];
        return `${letterOf(to)} hears once more from ${letterOf(from)}: ${format(this.#messages.at(choice.message))}`;
      }
      case 'deleted':
        return 'somebody deletes the Lease';
      case 'restored':
        return 'somebody restores the Lease from a backup';
    }
  }

  /** Of two messages of one connection, the second is named when the first is gone. */
  #after(before: State, choice: Choice): State {
    if (choice.kind !== 'arrives') return before;
    const state = copyOf(before);
    connectionOf(state, choice.dialler, choice.name)[choice.way].shift();
    return state;
  }

  /** How everybody stands. */
  describe(state: State): string[] {
    const record = this.#apis.at(state.api).lease?.content;
    const lines = PLACES.map((place) => {
      if (state.replicas[place] === CRASHED) return `${letterOf(place)}: crashed`;
      const { role, epoch, log, commitIndex } = this.#image(state, place);
      const entries = log.entries.map((entry) => entry.words).join(' ');
      return `${letterOf(place)}: ${role} in epoch ${epoch}, committed ${commitIndex} of ${entries}`;
    });
    lines.push(`record: ${record === undefined ? 'none' : format(record)}`);
    const { writes } = this.#ledgers.at(state.ledger);
    lines.push(`writes: ${writes.map((write) => `${write.status} ${write.revision}`).join(', ')}`);
    return lines;
  }

  /** How many values of each kind there are: where memory and time go. */
  get sizes(): Record<string, number> {
    return {
      'states of replicas': this.replicas.states.size,
      'turns of replicas': this.replicas.stepsKnown,
      'turns run by the core': this.replicas.turnsRun,
      messages: this.#messages.size,
      records: this.#apis.size,
      ledgers: this.#ledgers.size,
    };
  }
}

function requestOf(number: number): WriteRequest {
  return {
    id: { session: SESSION, number },
    settledThrough: 0,
    idempotencyKey: null,
    command: {
      kind: 'put',
      key: KEY,
      value: Uint8Array.of(number),
      contentType: null,
      condition: { kind: 'none' },
      lifetime: { kind: 'unlimited' },
      idle: { kind: 'unlimited' },
    },
  };
}

function connectionOf(state: State, dialler: Place, name: number): Connection {
  const found = state.connections.find((each) => each.dialler === dialler && each.name === name);
  if (found === undefined) throw new Error('no such connection');
  return found;
}

const wayOf = (from: Place, to: Place): string => `${from} ${to}`;

/** Two messages are on their way. */
function hasTwo(state: State, choice: Choice): boolean {
  if (choice.kind !== 'arrives') return false;
  return connectionOf(state, choice.dialler, choice.name)[choice.way].length > 1;
}

function callOf(state: State, caller: Place, number: number): Call {
  const found = state.calls.find((each) => each.caller === caller && each.number === number);
  if (found === undefined) throw new Error('no such call');
  return found;
}
