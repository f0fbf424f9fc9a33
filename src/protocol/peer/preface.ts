/**
 * What each side of a connection sends first, at once: four bytes that name the protocol, and the first and last version
 * that it speaks, two bytes each. Both take the highest version that both speak.
 *
 * Versions:
 * 1  the first
 */
export interface VersionRange {
  readonly first: number;
  readonly last: number;
}

export const SUPPORTED_VERSIONS: VersionRange = { first: 1, last: 1 };

export const PREFACE_BYTES = 8;

/** No text protocol begins like this: a browser or a probe that lost its way is recognised by its first byte. */
const MAGIC = [0xab, 0x6b, 0x76, 0x70] as const;

export type PrefaceOutcome =
  | { readonly kind: 'agreed'; readonly version: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly reason: string };

export function encodePreface(versions: VersionRange): Uint8Array {
  return Uint8Array.of(
    ...MAGIC,
    versions.first >>> 8,
    versions.first & 0xff,
    versions.last >>> 8,
    versions.last & 0xff,
  );
}

/** Judges the first bytes of a connection, as few as there may be: a stranger need not send eight to be known as one. */
export function readPreface(bytes: Uint8Array, ours: VersionRange): PrefaceOutcome {
  for (let i = 0; i < MAGIC.length && i < bytes.length; i++) {
    if (bytes[i] !== MAGIC[i])
      return { kind: 'malformed', reason: 'the first bytes are not those of the peer protocol' };
  }
  const [, , , , firstHigh, firstLow, lastHigh, lastLow] = bytes;
  if (firstHigh === undefined || firstLow === undefined || lastHigh === undefined || lastLow === undefined) {
    return { kind: 'incomplete' };
  }
  const theirs: VersionRange = { first: (firstHigh << 8) | firstLow, last: (lastHigh << 8) | lastLow };
  const version = Math.min(ours.last, theirs.last);
  if (version < ours.first || version < theirs.first) {
    const reason = `no common version: the other side speaks ${theirs.first} to ${theirs.last}, this one ${ours.first} to ${ours.last}`;
    return { kind: 'malformed', reason };
  }
  return { kind: 'agreed', version };
}
