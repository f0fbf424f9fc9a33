import { keyOfBytes } from '../../core/base/key.ts';
import { logIndex, type LogIndex } from '../../core/base/numbers.ts';
import { placeAfter, type WatchToken } from '../../core/store/watching.ts';
import { decodeSessionToken, encodeSessionToken } from './session-token.ts';

/**
 * How far a watcher has come, as clients carry it in the id of an event. Opaque to them; inside, the session token of the last
 * revision of which it has seen everything (so that any token of a state begins a watch behind that state), and, where it has
 * seen a part of the next, a second part in base64url behind a full stop:
 *
 *     0 · how many effects of the next entry it has seen (4 bytes)
 *     1 · the last key of the state that it was shown (the rest)
 */
export const WATCH_TOKEN_PATTERN = '^[A-Za-z0-9_-]{22,512}(?:\\.[A-Za-z0-9_-]{2,1400})?$';
const EFFECTS_MARK = 0;
const SHOWN_MARK = 1;
const EFFECTS_BYTES = 5;

export function encodeWatchToken({ lineage, place }: WatchToken): string {
  const { index, effects, shown } = place;
  const seen = encodeSessionToken({ lineage, revision: (index - 1) as LogIndex });
  if (shown !== null) {
    const key = Buffer.from(shown, 'latin1');
    return `${seen}.${Buffer.concat([Buffer.from([SHOWN_MARK]), key]).toString('base64url')}`;
  }
  if (effects === 0) return seen;
  const part = Buffer.alloc(EFFECTS_BYTES);
  part[0] = EFFECTS_MARK;
  part.writeUInt32BE(effects, 1);
  return `${seen}.${part.toString('base64url')}`;
}

/** null: not a token of ours. */
export function decodeWatchToken(text: string): WatchToken | null {
  const [first = '', second, ...rest] = text.split('.');
  const seen = decodeSessionToken(first);
  if (seen === null || rest.length > 0 || seen.revision >= Number.MAX_SAFE_INTEGER) return null;
  const { lineage, revision } = seen;
  const place = placeAfter(revision);
  if (second === undefined) return { lineage, place };
  const part = Buffer.from(second, 'base64url');
  // Decoding ignores what it does not know; only the one way to write these bytes is a token.
  if (part.toString('base64url') !== second) return null;
  if (part[0] === EFFECTS_MARK && part.length === EFFECTS_BYTES) {
    const effects = part.readUInt32BE(1);
    return effects === 0 ? null : { lineage, place: { ...place, effects } };
  }
  if (part[0] !== SHOWN_MARK) return null;
  const shown = part.length === 1 ? '' : keyOfBytes(part.subarray(1));
  return shown === null ? null : { lineage, place: { index: logIndex(revision + 1), effects: 0, shown } };
}
