import type { Key } from '../base/key.ts';
import { groupId, type GroupId } from '../base/numbers.ts';

/** As many as Redis Cluster has, so that its clients and tools compute the same slots. */
export const SLOTS = 16_384;

/**
 * The hash slot of a key: CRC16 of its hash tag. The tag is what stands between the first `{` and the next `}`, if that
 * is not empty, else the whole key; so keys that belong together can be kept together.
 */
export function slotOf(key: Key): number {
  const open = key.indexOf('{');
  if (open !== -1) {
    const close = key.indexOf('}', open + 1);
    if (close > open + 1) return crc16(key, open + 1, close) % SLOTS;
  }
  return crc16(key, 0, key.length) % SLOTS;
}

/** Which group holds which slots. */
export interface SlotMap {
  groupOf(key: Key): GroupId;
}

/** Every slot in one group, and no slot to be computed. */
export const oneGroup = (group: GroupId = groupId(0)): SlotMap => ({ groupOf: () => group });

/** CRC-16/XMODEM (polynomial 0x1021, from 0) of the bytes of `key` in [start, end). */
function crc16(key: Key, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at += 1) {
    crc = ((crc << 8) & 0xffff) ^ (CRC16_TABLE[(crc >> 8) ^ key.charCodeAt(at)] ?? 0);
  }
  return crc;
}

const CRC16_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});
