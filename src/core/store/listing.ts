import type { Key } from '../base/key.ts';
import type { WallMs } from '../base/numbers.ts';
import { isDue } from './newest.ts';
import type { Listed, ListPlace, ListSelection } from './reads.ts';
import type { Store } from './store.ts';

/** A page is no larger than this, so that a thousand large values are not one answer; but one key it may have, however large. */
export const PAGE_BYTES_MAX = 1024 * 1024;
/** A page ends after so many keys, shown or not: what is due and not removed yet must not hold up everybody else. */
const LOOKED_AT_MAX = 20_000;

/** One page of the keys under a prefix, in the order of their bytes, as they are now; what is due at `timeMs` is not there. */
export function list(store: Store, selection: ListSelection, timeMs: WallMs): Pick<Listed, 'items' | 'next'> {
  const { prefix, limit } = selection;
  const items: Listed['items'][number][] = [];
  let [bytes, left] = [0, LOOKED_AT_MAX];
  let last: ListPlace | null = selection.after;
  let from = last === null || behind(last) < prefix ? prefix : behind(last);
  for (;;) {
    let folder: Key | null = null;
    for (const key of store.keysFrom(from)) {
      if (!key.startsWith(prefix)) return { items, next: null };
      const stored = store.get(key);
      if (left === 0) return { items, next: last };
      left -= 1;
      if (stored === null || isDue(stored, timeMs)) {
        last = { key, isFolder: false };
        continue;
      }
      // One more than fits shows that there is another page.
      if (items.length === limit) return { items, next: last };
      folder = folderOf(key, selection);
      if (folder !== null) break;
      const shown = selection.withValues ? stored : { ...stored, value: NOTHING };
      bytes += key.length + shown.value.length + (shown.contentType?.length ?? 0);
      if (bytes > PAGE_BYTES_MAX && items.length > 0) return { items, next: last };
      items.push({ kind: 'key', key, stored: shown });
      last = { key, isFolder: false };
    }
    if (folder === null) return { items, next: null };
    bytes += folder.length;
    if (bytes > PAGE_BYTES_MAX && items.length > 0) return { items, next: last };
    // Whatever else is in it is passed over without a look.
    items.push({ kind: 'folder', prefix: folder });
    last = { key: folder, isFolder: true };
    from = behind(last);
  }
}

const NOTHING = new Uint8Array(0);

/** The part of the key up to the first delimiter behind the prefix; null: there is none. */
function folderOf(key: Key, { prefix, delimiter }: ListSelection): Key | null {
  if (delimiter === null) return null;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? null : (key.slice(0, at + delimiter.length) as Key);
}

/** The first string behind a key, or behind all that a folder holds. */
function behind({ key, isFolder }: ListPlace): string {
  if (!isFolder) return `${key}\0`;
  // A unit above all bytes stands behind every key that goes on from here.
  return `${key}\u0100`;
}
