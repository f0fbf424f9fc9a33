import { setTimeout as wait } from 'node:timers/promises';
import { until } from '../../measure/until.ts';
import type { Group, Member, Writing } from './group.ts';

/** What is done to a group in a round while others write, and how long no write may be acknowledged. */
export interface Disturbance {
  readonly what: string;
  /** Of the p99 of all rounds, in milliseconds; null: nothing is asked. */
  readonly goal: Goal | null;
  /** Only a group that has a Kubernetes API can be disturbed by its loss. */
  readonly needs?: 'kubernetes';
  /** Resolves when it is over and the group is whole again. */
  begin(group: Group, writing: Writing): Promise<void>;
}

export type Goal =
  | { readonly kind: 'atMost'; readonly ms: number }
  /** No more than where nothing is done; half of the shortest time asked elsewhere is no difference. */
  | { readonly kind: 'asUndisturbed'; readonly withinMs: number };

/** As long as most disturbances take until all is as before. */
const UNDISTURBED_MS = 3000;
const API_AWAY_MS = 3000;
/** It takes a while until it is noticed that a process is another: what was whole before still seems to be. */
const NOTICED_MS = 1000;
/** So long everything is as it was before, and after. */
export const STEADY_MS = 500;
const AGAIN_WITHIN_MS = 60_000;

export const disturbances = {
  undisturbed: {
    what: 'nothing is done, for comparison',
    goal: null,
    begin: async () => wait(UNDISTURBED_MS),
  },
  'leader-killed': {
    what: 'SIGKILL of the leader; another process begins in its place at once',
    goal: { kind: 'atMost', ms: 500 },
    begin: async (group) => replace(group, await group.leader(), 'SIGKILL'),
  },
  'leader-silent': {
    what: 'SIGSTOP of the leader, and SIGCONT once others acknowledge writes again',
    goal: { kind: 'atMost', ms: 2000 },
    begin: async (group, writing) => {
      const leader = await group.leader();
      leader.signal('SIGSTOP');
      try {
        await untilSteady(writing);
      } finally {
        leader.signal('SIGCONT');
      }
      await wait(NOTICED_MS);
      await group.untilWhole();
    },
  },
  'leader-stopped': {
    what: 'SIGTERM of the leader; another process begins in its place once it has ended',
    goal: { kind: 'atMost', ms: 200 },
    begin: async (group) => replace(group, await group.leader(), 'SIGTERM'),
  },
  'follower-killed': {
    what: 'SIGKILL of a follower; another process begins in its place at once',
    goal: { kind: 'atMost', ms: 1000 },
    begin: async (group) => replace(group, await group.follower(), 'SIGKILL'),
  },
  'api-away': {
    what: `SIGKILL of the Kubernetes API, which is back after ${API_AWAY_MS / 1000} s`,
    goal: { kind: 'asUndisturbed', withinMs: 100 },
    needs: 'kubernetes',
    begin: async (group) => {
      await group.kubernetes?.takeAway();
      await wait(API_AWAY_MS);
      await group.kubernetes?.bringBack();
      await group.untilWhole();
    },
  },
} as const satisfies Readonly<Record<string, Disturbance>>;

export type DisturbanceName = keyof typeof disturbances;

async function replace(group: Group, member: Member, by: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  await member.replace(by);
  await wait(NOTICED_MS);
  await group.untilWhole();
}

/** Waits until so many writes have been acknowledged as a group that works does in that time. */
export async function untilSteady(writing: Writing): Promise<void> {
  const goal = writing.acknowledged + (writing.ratePerS * STEADY_MS) / 1000;
  await until('writes are acknowledged', () => writing.acknowledged >= goal, { withinMs: AGAIN_WITHIN_MS });
}
