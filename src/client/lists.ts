import { bytesOf, entryOf, keyInfoOf, textOf, type Envelope, type KvEntry, type KvKeyInfo } from './kv-entry.ts';
import type { ReadOptions } from './options.ts';

export interface ListOptions extends ReadOptions {
  /** The beginning of the keys. @default all keys */
  readonly prefix?: string;
  /** Whether the values come along. @default false */
  readonly values?: boolean;
  /** Keys and folders of one page, which is one request: 1 to 1000. @default 100 */
  readonly limit?: number;
}

export interface PageOptions extends ListOptions {
  /** Ends a folder, such as `/`: what goes on behind one is folded into it. */
  readonly delimiter?: string;
  /** Where to go on: that of the page before, beside the same prefix and delimiter. */
  readonly cursor?: string;
}

/** One answer of a list, in the order of the keys' bytes. */
export interface KvPage<Item extends KvKeyInfo = KvKeyInfo> {
  readonly keys: readonly Item[];
  /** What stands before a delimiter, with it; with U+FFFD for what is not UTF-8. */
  readonly folders: readonly string[];
  /** Of the state that it shows. */
  readonly revision: number;
  /** Whether all pages so far have shown the same state. */
  readonly oneRevision: boolean;
  /** Where a watch goes on without a gap behind the first page: `from`. */
  readonly watchFrom: string;
  /** null: this is the last page. Others may be shorter than their limit, even empty. */
  readonly cursor: string | null;
}

export interface PageBody {
  readonly keys: readonly Envelope[];
  readonly folders: readonly { readonly prefix?: string; readonly prefixB64?: string }[];
  readonly revision: number;
  readonly oneRevision: boolean;
  readonly watchFrom: string;
  readonly cursor?: string;
}

export function pageOf(body: PageBody, { values }: PageOptions): KvPage<KvKeyInfo | KvEntry> {
  const { revision, oneRevision, watchFrom, cursor = null } = body;
  const keys = body.keys.map(values === true ? entryOf : keyInfoOf);
  const folders = body.folders.map(({ prefix, prefixB64 }) => prefix ?? textOf(bytesOf(undefined, prefixB64)));
  return { keys, folders, revision, oneRevision, watchFrom, cursor };
}
