import type { Stay, StoredValue } from './reads.ts';

/*
 * A record is a block of the arena, in the order of the machine's bytes. First what finding it reads, mostly one line of the
 * processor's cache:
 *
 *   word 0      lengths of the key and of the value | TOMBSTONE | APART | ENDS | OLDER
 *   word 1      of a value: its content type's number
 *   the key, up to a multiple of 8 bytes
 *
 * Then doubles, counted from here, those in brackets only where they say something, and of a value its bytes:
 *
 *   a value                                                  a tombstone
 *   0  version                                               version
 *   1  revision                                              revision
 *   2  when it was written                                   its number in the order of deletion
 *   3  revision of its creation                              two words: its neighbours in that order
 *     [when it falls due, or NaN
 *      its idle time, or NaN
 *      a word: its place among those that fall due, and 1, or 0: it does not]
 *     [of an older version: its number in the order of superseding
 *      two words: its neighbours in that order
 *      the entry that superseded it
 *      two words: its neighbours among those of its key]
 *      the bytes; of a value that is apart a word, its number there
 */
export const KEY_LENGTH = (1 << 11) - 1;
export const VALUE_LENGTH_SHIFT = 11;
export const VALUE_LENGTH = (1 << 13) - 1;
export const TOMBSTONE = 1 << 24;
export const APART = 1 << 25;
/** It has a time to live, or an idle time. A put that leaves that as it was finds its place as large as it needs. */
export const ENDS = 1 << 26;
/** R20: another version has taken its place. */
export const OLDER = 1 << 27;
export const [VERSION, REVISION, MODIFIED, CREATED, ENDS_FROM] = [0, 1, 2, 3, 4];
/** Within what {@link ENDS} adds. */
export const [EXPIRES, IDLE, DUE_PLACE, ENDS_LENGTH] = [0, 1, 2, 3];
/** Where the list begins that a tombstone is in; that of an older version begins behind what the value has. */
export const TOMBSTONE_LIST_FROM = 2;
/** Within a list, and within what {@link OLDER} adds. */
export const [ORDER, NEIGHBOURS, LIST_LENGTH, SUPERSEDED, KEY_NEIGHBOURS, OLDER_LENGTH] = [0, 1, 2, 2, 3, 4];
/** A value that is larger has an array of its own, which nobody ever writes to again: it is neither copied in nor out. */
export const PACKED_BYTES_MAX = 4096;
const APART_NUMBER_BYTES = 4;

export const hasEnd = ({ expiresAtMs, idleMs }: Stay): boolean => expiresAtMs !== null || idleMs !== null;

export const headOf = (keyLength: number, stored: StoredValue): number =>
  keyLength | valueHead(stored.value.length) | (hasEnd(stored) ? ENDS : 0);

export const valueHead = (length: number): number => (length > PACKED_BYTES_MAX ? APART : length << VALUE_LENGTH_SHIFT);

export const lengthOf = (head: number): number => (head >>> VALUE_LENGTH_SHIFT) & VALUE_LENGTH;

/** The double with which the numbers begin, behind the two words and the key. */
export const numbersFrom = (head: number): number => 1 + (((head & KEY_LENGTH) + 7) >>> 3);

/** The number with which the list begins that a tombstone or an older version is in. */
export const listFrom = (head: number): number =>
  (head & TOMBSTONE) !== 0 ? TOMBSTONE_LIST_FROM : (head & ENDS) === 0 ? ENDS_FROM : ENDS_FROM + ENDS_LENGTH;

/** The number with which the bytes begin. */
export const bytesFrom = (head: number): number =>
  ENDS_FROM + ((head & ENDS) === 0 ? 0 : ENDS_LENGTH) + ((head & OLDER) === 0 ? 0 : OLDER_LENGTH);

/** All of it. */
export const bytesOfHead = (head: number): number =>
  8 * (numbersFrom(head) + bytesFrom(head)) + ((head & APART) === 0 ? lengthOf(head) : APART_NUMBER_BYTES);

/** What a snapshot copies of a value that is not apart, in words: all of it, up to a multiple of two. */
export const wordsOfHead = (head: number): number =>
  2 * (numbersFrom(head) + bytesFrom(head) + ((lengthOf(head) + 7) >>> 3));
