import { keyOfBytes } from '../../core/base/key.ts';
import type { ListPlace, SessionToken } from '../../core/store/reads.ts';
import { decodeSessionToken, encodeSessionToken } from './session-token.ts';

/** Where the next page of a list goes on, and which state the first page showed. Opaque to clients; inside, two parts in base64url. */
export interface Cursor {
  readonly after: ListPlace;
  readonly first: SessionToken;
}

export const CURSOR_PATTERN = '^[A-Za-z0-9_-]{2,1400}\\.[A-Za-z0-9_-]{22,512}$';
const KEY_MARK = 0;
const FOLDER_MARK = 1;

export function encodeCursor({ after, first }: Cursor): string {
  const mark = after.isFolder ? FOLDER_MARK : KEY_MARK;
  const place = Buffer.concat([Buffer.from([mark]), Buffer.from(after.key, 'latin1')]).toString('base64url');
  return `${place}.${encodeSessionToken(first)}`;
}

/** null: not a cursor of ours. */
export function decodeCursor(text: string): Cursor | null {
  const [place = '', token = ''] = text.split('.');
  const bytes = Buffer.from(place, 'base64url');
  const [mark] = bytes;
  if (bytes.toString('base64url') !== place || (mark !== KEY_MARK && mark !== FOLDER_MARK)) return null;
  const key = keyOfBytes(bytes.subarray(1));
  const first = decodeSessionToken(token);
  return key === null || first === null ? null : { after: { key, isFolder: mark === FOLDER_MARK }, first };
}
