import type { PeerMessage } from '../../core/replication/messages.ts';
import type { RequestFrame } from './request-codec.ts';

/** A frame that claims to be longer is malformed. A value has at most 1 MiB; the rest is room for batches. */
export const FRAME_BYTES_MAX = 20 * 2 ** 20;

/** The shortest body: type, group, epoch. */
export const FRAME_BYTES_MIN = 3;

/** The second byte of the wire: numbers never change their meaning. */
export const MESSAGE_TYPES: Readonly<Record<PeerMessage['kind'], number>> = {
  hello: 1,
  reject: 2,
  resume: 3,
  snapshotBegin: 4,
  snapshotChunk: 5,
  snapshotEnd: 6,
  append: 7,
  ack: 8,
  vouch: 9,
  vouched: 10,
  question: 11,
  answer: 12,
};

export const REQUEST_TYPES: Readonly<Record<RequestFrame['kind'], number>> = {
  write: 32,
  openSession: 33,
  read: 34,
  status: 35,
  lookup: 36,
  watch: 37,
  grant: 38,
  unwatch: 39,
  writeAnswered: 48,
  sessionAnswered: 49,
  readAnswered: 50,
  statusAnswered: 51,
  lookupAnswered: 52,
  watchNews: 53,
  watchEnded: 54,
};

const TYPES = 64;

export const MESSAGE_KINDS = byNumber(MESSAGE_TYPES);
export const REQUEST_KINDS = byNumber(REQUEST_TYPES);

function byNumber<Kind extends string>(types: Readonly<Record<Kind, number>>): readonly (Kind | null)[] {
  const kinds = new Array<Kind | null>(TYPES).fill(null);
  for (const [kind, type] of Object.entries<number>(types)) kinds[type] = kind as Kind;
  return kinds;
}
