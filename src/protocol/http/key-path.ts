import { isUtf8 } from 'node:buffer';

import { KEY_BYTES_MAX, keyOf, textOf, type Key } from '../../core/base/key.ts';

/**
 * A key as it travels in a path: everything after the prefix, slashes included, percent-decoded once. A request line
 * reaches us as one UTF-16 unit per byte, which is just what a {@link Key} is, so that decoding needs no second form.
 */
export type KeyPath = { readonly kind: 'key'; readonly key: Key } | { readonly kind: 'bad'; readonly reason: string };

/** Visible ASCII without the percent sign: the path is the key. */
const PLAIN = /^[!-$&-~]+$/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

const byteOf = (_escape: string, digits: string): string => String.fromCharCode(Number.parseInt(digits, 16));

export function decodeKeyPath(path: string): KeyPath {
  if (path.length === 0) return bad('it is empty');
  if (path.includes('#')) return bad('it holds a #, which must be sent as %23');
  let units = path;
  if (!PLAIN.test(path)) {
    const escape = BAD_ESCAPE.exec(path);
    if (escape !== null)
      return bad(`the percent sign at character ${escape.index} does not begin an escape such as %20`);
    units = path.replace(ESCAPE, byteOf);
    if (!isUtf8(Buffer.from(units, 'latin1'))) {
      return bad('its bytes are not UTF-8, and binary keys cannot travel in a path');
    }
  }
  if (units.length > KEY_BYTES_MAX) return bad(`it has ${units.length} bytes, and ${KEY_BYTES_MAX} are allowed`);
  // `includes` first: nearly no key has a dot segment, and most have no dot.
  if (units.includes('.') && DOT_SEGMENT.test(units)) {
    return bad(
      'it has the segment . or .., which URL parsers drop on the way, so that such a key cannot travel in a path',
    );
  }
  return { kind: 'key', key: units as Key };
}

/** Percent-encodes a key for a path of ours: each segment on its own, so that slashes stay. */
export function encodeKeyPath(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

export { KEY_BYTES_MAX, keyOf, textOf };

function bad(reason: string): KeyPath {
  return { kind: 'bad', reason };
}
