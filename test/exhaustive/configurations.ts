import { defaultTimes, type GroupTimes } from '../../src/core/group/options.ts';
import type { Choice } from './choice.ts';
import type { Place } from './names.ts';

/** How often each kind of thing may happen in one history. What is not named happens as often as it can. */
export interface Budget {
  readonly writes: number;
  /** How often a client repeats a write whose outcome it could not learn (R15). */
  readonly repeats: number;
  readonly reads: number;
  /** By place: time passes for a replica that waits for it. */
  readonly ticks: readonly [number, number, number];
  /** Time passes for whoever leads, though it waits for nothing. */
  readonly leaderTicks: number;
  readonly crashes: number;
  readonly timeOuts: number;
  readonly resets: number;
  /** A replica loses a connection and is refused another, though the other end lives. */
  readonly misled: number;
  readonly restarts: number;
  readonly deletions: number;
  readonly restores: number;
  readonly stops: number;
  /** Beyond what TCP does: what was said in an earlier epoch is heard once more on a connection of now. */
  readonly ghosts: number;
  /** News of the watch, in all. */
  readonly hints: number;
}

export interface Configuration {
  readonly name: string;
  /** One sentence: what it is about. */
  readonly about: string;
  readonly budget: Budget;
  /** Which replica may crash; the others may not. */
  readonly mayCrash: readonly Place[];
  readonly readMode: 'linearizable' | 'in-sync';
  readonly times: GroupTimes;
  /** What a tick of the search adds to a replica's clock. */
  readonly tickMs: number;
  readonly minInSync: number;
  /** How much a replica takes in before it acts: the runtime gives it whatever has arrived by then. */
  readonly turns: 'single' | 'pairs';
  /** Everything that is there for both followers is exchanged freely; else the order of names counts, too. */
  readonly symmetry: 'on' | 'off';
  /** Who is no member when the search begins: it was cut off, was removed, and follows again. */
  readonly removedBefore: Place | null;
  /** `formed`: three members, nothing on its way. `founding`: one leads alone, the others have not heard of it. */
  readonly start: 'formed' | 'founding';
  /** What happens first, one after the other: it sets the stage for what would be too deep a search. */
  readonly opening: readonly Opening[];
}

/** The first choice that has these fields; `calm`: whatever is on its way arrives. */
export interface Opening {
  readonly kind: Choice['kind'] | 'calm';
  readonly number?: number;
  readonly place?: Place;
  readonly dialler?: Place;
  readonly caller?: Place;
  readonly way?: 'toTarget' | 'toDialler';
}

const NEVER_MS = 1e9;

/**
 * Nothing happens by itself, but that members which are away are removed: after an election time-out's grace, which the
 * ticks of a search do not use up, and only where somebody is heard, hence the heartbeats.
 */
const memberTimes: GroupTimes = {
  ...defaultTimes,
  heartbeatMs: 100,
  electionMs: 450,
  removalMs: 150,
  renewMs: NEVER_MS,
  leaseMs: NEVER_MS,
  readStalenessMs: NEVER_MS,
  writeWaitMs: NEVER_MS,
  readWaitMs: NEVER_MS,
  sessionIdleMs: NEVER_MS,
  readmitMinMs: NEVER_MS,
  readmitMaxMs: NEVER_MS,
};

const nothing: Budget = {
  writes: 0,
  repeats: 0,
  reads: 0,
  ticks: [0, 0, 0],
  leaderTicks: 0,
  crashes: 0,
  timeOuts: 0,
  resets: 0,
  misled: 0,
  restarts: 0,
  deletions: 0,
  restores: 0,
  stops: 0,
  ghosts: 0,
  hints: 0,
};

const base: Omit<Configuration, 'name' | 'about'> = {
  budget: nothing,
  mayCrash: [],
  readMode: 'linearizable',
  times: memberTimes,
  tickMs: 200,
  minInSync: 2,
  turns: 'single',
  symmetry: 'on',
  removedBefore: null,
  start: 'formed',
  opening: [],
};

/** One takes over beside the leader, up to where its update has landed and nobody knows of it. */
function takeover(place: Place): readonly Opening[] {
  return [
    { kind: 'misled', dialler: place },
    // It looks twice, for the broken connection and for the refused one, and once more before it asks for the record.
    { kind: 'landed', caller: place },
    { kind: 'answered', caller: place },
    { kind: 'landed', caller: place },
    { kind: 'answered', caller: place },
    { kind: 'landed', caller: place },
    { kind: 'answered', caller: place },
    { kind: 'landed', caller: place },
  ];
}

const usurping = takeover(1);

const everybodyKnows: readonly Opening[] = [
  { kind: 'answered', caller: 1 },
  { kind: 'hinted', place: 0 },
  // It steps down by the first read, and obeys by the second.
  { kind: 'landed', caller: 0 },
  { kind: 'answered', caller: 0 },
  { kind: 'landed', caller: 0 },
  { kind: 'answered', caller: 0 },
  { kind: 'hinted', place: 2 },
  { kind: 'landed', caller: 2 },
  { kind: 'answered', caller: 2 },
];

/** a hears nobody, asks around in vain, and gives the record up. */
const givingUp: readonly Opening[] = [
  ...Array.from({ length: 5 }, () => ({ kind: 'tick', place: 0 }) as const),
  { kind: 'landed', caller: 0 },
  { kind: 'answered', caller: 0 },
  { kind: 'tick', place: 0 },
  { kind: 'tick', place: 0 },
  { kind: 'landed', caller: 0 },
  { kind: 'answered', caller: 0 },
];

export const configurations: readonly Configuration[] = [
  {
    ...base,
    name: 'takeover',
    about: 'any replica crashes amid two writes, and one call to the API server times out',
    budget: { ...nothing, writes: 2, repeats: 1, ticks: [1, 1, 1], crashes: 1, timeOuts: 1 },
    mayCrash: [0, 1, 2],
  },
  {
    ...base,
    name: 'crash',
    about: 'any replica crashes amid two writes',
    budget: { ...nothing, writes: 2, repeats: 1, crashes: 1 },
    mayCrash: [0, 1, 2],
  },
  {
    ...base,
    name: 'crash-in-pairs',
    about: 'the leader crashes amid a write, and what arrives together may be taken in together',
    budget: { ...nothing, writes: 1, repeats: 1, crashes: 1 },
    mayCrash: [0],
    turns: 'pairs',
  },
  {
    ...base,
    name: 'usurped',
    about: 'a follower believes that the leader is dead, which goes on, and takes over beside it amid a write',
    budget: { ...nothing, writes: 1, misled: 1, hints: 2 },
  },
  {
    ...base,
    name: 'twice',
    about: 'a follower takes over beside the leader amid a write and crashes, and the other one takes over from it',
    budget: { ...nothing, writes: 1, crashes: 1, misled: 1, hints: 1 },
    mayCrash: [1],
  },
  {
    ...base,
    name: 'outsider',
    about: 'one of three has been removed and follows again; the leader crashes amid two writes',
    budget: { ...nothing, writes: 2, repeats: 1, crashes: 1 },
    mayCrash: [0],
    removedBefore: 2,
    symmetry: 'off',
  },
  {
    ...base,
    name: 'shrink',
    about: 'a member does not acknowledge and is removed amid two writes; the call times out and may land late',
    budget: { ...nothing, writes: 2, ticks: [1, 0, 0], leaderTicks: 1, timeOuts: 1 },
    mayCrash: [0],
  },
  {
    ...base,
    name: 'grow',
    about: 'one that was removed is added again amid a write; the leader crashes',
    budget: { ...nothing, writes: 1, leaderTicks: 2, crashes: 1 },
    mayCrash: [0],
    times: { ...memberTimes, readmitMinMs: 180, readmitMaxMs: 180 },
    removedBefore: 2,
    symmetry: 'off',
  },
  {
    ...base,
    name: 'restarted',
    about: 'a follower crashes amid a write and starts again, empty, as another replica',
    budget: { ...nothing, writes: 1, leaderTicks: 1, crashes: 1, restarts: 1 },
    mayCrash: [2],
    symmetry: 'off',
  },
  {
    ...base,
    name: 'hand-over',
    about: 'the leader is told to stop amid a write and names its successor',
    budget: { ...nothing, writes: 1, stops: 1 },
  },
  {
    ...base,
    name: 'reads',
    about: 'two linearizable reads anywhere and a write, while a follower takes over beside the leader',
    budget: { ...nothing, writes: 1, repeats: 1, reads: 2, misled: 1 },
  },
  {
    ...base,
    name: 'founding',
    about: 'one leads alone amid a write, below the minimum, and the others come',
    budget: { ...nothing, writes: 1, leaderTicks: 1 },
    start: 'founding',
  },
  {
    ...base,
    name: 'reunited',
    about: 'a takeover has landed and is not answered yet; the winner may follow the old leader again, amid a write',
    budget: { ...nothing, writes: 1, ticks: [0, 1, 0], hints: 1 },
    opening: usurping,
    symmetry: 'off',
  },
  {
    ...base,
    name: 'ghosts',
    about: 'the leader of epoch 1 is about to lead epoch 3, and a message of epoch 1 is heard once more',
    budget: { ...nothing, writes: 2, ghosts: 1, hints: 2 },
    minInSync: 3,
    opening: [
      // Two writes that only a and c have are dropped by b, which leads epoch 2.
      { kind: 'write', number: 1 },
      { kind: 'write', number: 2 },
      { kind: 'arrives', dialler: 2, way: 'toDialler' },
      { kind: 'arrives', dialler: 2, way: 'toDialler' },
      ...usurping,
      { kind: 'calm' },
      ...takeover(0),
    ],
    symmetry: 'off',
  },
  {
    ...base,
    name: 'lost-record',
    about: 'a takeover has landed and is not answered yet; the Lease is deleted, and the old leader writes it again',
    budget: { ...nothing, ticks: [1, 1, 0] },
    opening: [...usurping, { kind: 'deleted' }, { kind: 'hinted', place: 0 }],
    symmetry: 'off',
  },
  {
    ...base,
    name: 'restored-record',
    about: 'everybody knows of a takeover when the Lease is restored from before it',
    budget: { ...nothing, ticks: [0, 1, 0], hints: 1 },
    opening: [...usurping, ...everybodyKnows, { kind: 'restored' }],
    symmetry: 'off',
  },
  {
    ...base,
    name: 'given-up',
    about: 'a leader that hears nobody has given the record up; the Lease is restored from before',
    budget: { ...nothing, writes: 1, ticks: [0, 1, 0] },
    opening: [...givingUp, { kind: 'restored' }],
  },
  {
    ...base,
    name: 'old-set',
    about: 'one of three has been removed when the Lease is restored from before, amid a write',
    budget: { ...nothing, writes: 1, leaderTicks: 1 },
    removedBefore: 2,
    times: { ...memberTimes, renewMs: 150 },
    opening: [{ kind: 'restored' }],
    symmetry: 'off',
  },
];

export function configuration(name: string): Configuration {
  const found = configurations.find((candidate) => candidate.name === name);
  if (found === undefined)
    throw new Error(`no configuration ${name}; there are ${configurations.map((each) => each.name).join(', ')}`);
  return found;
}
