import { type ReplicaId, replicaId } from '../../src/core/replication/replica-id.ts';
import type { Addresses } from '../../src/core/election/record.ts';
import type { ReplicaIdentity } from '../../src/core/replication/replica-id.ts';
import type { LinkId } from '../../src/core/group/io.ts';

/** A replica's place: 0 founds the group; 1 and 2 are interchangeable. */
export type Place = 0 | 1 | 2;

export const PLACES: readonly Place[] = [0, 1, 2];
const LETTERS = ['a', 'b', 'c'] as const;

export const letterOf = (place: Place): string => LETTERS[place];

/** `run`: of the process; a restarted one has other data. */
export const identityOf = (place: Place, run: number): ReplicaIdentity => ({
  podName: `pod-${LETTERS[place]}`,
  podUid: `uid-${LETTERS[place]}`,
  dataId: run === 0 ? `data-${LETTERS[place]}` : `data-${LETTERS[place]}-${run}`,
});

export const replicaOf = (place: Place, run: number): ReplicaId => replicaId(identityOf(place, run));

export const addressesOf = (place: Place): Addresses => ({
  peer: `pod-${LETTERS[place]}:7000`,
  http: `pod-${LETTERS[place]}:8000`,
});

export function placeAt(address: string): Place {
  const place = PLACES.find((other) => addressesOf(other).peer === address);
  if (place === undefined) throw new Error(`nobody lives at ${address}`);
  return place;
}

const LINKS_PER_REPLICA = 1000;

/** The accepted end of a connection is named for who dialled it, so that the order of arrival names nothing. */
export const acceptedLink = (dialler: Place, link: LinkId): LinkId => -((dialler + 1) * LINKS_PER_REPLICA + link);

/** The two interchangeable replicas, exchanged in a text: in their names, addresses, nonces and lineages. */
export const exchangeInText = (text: string): string =>
  text.includes('-')
    ? text.replace(/\b(pod|uid|data)-([bc])\b/g, (_all, what: string, letter: string) =>
        letter === 'b' ? `${what}-c` : `${what}-b`,
      )
    : text;

/** The same in a number, if it is one of {@link acceptedLink}'s. No other number of the core is that far below zero. */
export function exchangeInNumber(value: number): number {
  if (value > -LINKS_PER_REPLICA || value <= -4 * LINKS_PER_REPLICA) return value;
  const dialler = Math.floor(-value / LINKS_PER_REPLICA) - 1;
  if (dialler === 0) return value;
  return dialler === 1 ? value - LINKS_PER_REPLICA : value + LINKS_PER_REPLICA;
}

export const exchangePlace = (place: Place): Place => (place === 0 ? 0 : place === 1 ? 2 : 1);
