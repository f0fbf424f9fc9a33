import { keyOfBytes } from '../../core/base/key.ts';
import type { ListPlace, SessionToken } from '../../core/store/reads.ts';
import { decodeSessionToken, encodeSessionToken } from './session-token.ts';

/**
 * Where the next page of a list goes on, and what the pages before have shown. Opaque to clients; inside, two parts in
 * base64url: a byte of marks with the place, and the state of the first page as a session token.
 */
export interface Cursor {
  readonly after: ListPlace;
  /** The state that the first page showed. */
  readonly first: SessionToken;
  /** All pages so far have shown that state. */
  readonly isOneRevision: boolean;
}

export const CURSOR_PATTERN = '^[A-Za-z0-9_-]{3,1400}\\.[A-Za-z0-9_-]{22,512}$';

const MARKS = { folder: 1, mixed: 2 } as const;
const MARKS_MAX = 3;

export function encodeCursor({ after, first, isOneRevision }: Cursor): string {
  const marks = (after.isFolder ? MARKS.folder : 0) + (isOneRevision ? 0 : MARKS.mixed);
  const place = Buffer.concat([Buffer.from([marks]), Buffer.from(after.key, 'latin1')]).toString('base64url');
  return `${place}.${encodeSessionToken(first)}`;
}

/** null: not a cursor of ours. */
export function decodeCursor(text: string): Cursor | null {
  const [place = '', token = ''] = text.split('.');
  const bytes = Buffer.from(place, 'base64url');
  const marks = bytes[0] ?? Infinity;
  if (bytes.toString('base64url') !== place || marks > MARKS_MAX) return null;
  const key = keyOfBytes(bytes.subarray(1));
  const first = decodeSessionToken(token);
  if (key === null || first === null) return null;
  const isFolder = (marks & MARKS.folder) !== 0;
  return { after: { key, isFolder }, first, isOneRevision: (marks & MARKS.mixed) === 0 };
}
