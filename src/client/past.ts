import { entryOf, keyInfoOf, type Envelope, type KvEntry, type KvKeyInfo } from './kv-entry.ts';
import type { ReadOptions } from './options.ts';
import type { QueryOf } from './targets.ts';

/** What is read: what stands, or what stood. At most one of the two. */
export type GetOptions = ReadOptions &
  (
    | {
        /** The version to read: that of {@link KvHistory} or of an entry. */
        readonly version?: number;
        readonly revision?: undefined;
      }
    | {
        readonly version?: undefined;
        /** The version to read is the one that was the newest at this revision, of whatever key that is. */
        readonly revision?: number;
      }
  );

export interface HistoryOptions extends ReadOptions {
  /** Whether the values come along, as many as fit into 1 MiB. @default false */
  readonly values?: boolean;
}

/** A version of a key that is kept. */
export interface KvVersion extends KvKeyInfo {
  /** When it was written, by the log's time. */
  readonly modifiedAt: Date;
  /** Bytes of its value. */
  readonly size: number;
  /** null: it was not asked for, or did not fit in; `get` with the version brings it. */
  readonly entry: KvEntry | null;
}

/** The newest first. */
export type KvHistory = readonly KvVersion[];

export const pastQuery = ({ version, revision }: GetOptions): QueryOf => ({
  version: version?.toString(),
  revision: revision?.toString(),
});

export const historyQuery = ({ values }: HistoryOptions): QueryOf => ({ history: 'true', values: values?.toString() });

export interface HistoryBody {
  readonly versions: readonly VersionBody[];
}

type VersionBody = Omit<Envelope, 'key' | 'keyB64'> & { readonly modifiedAt: string; readonly size: number };

export const historyOf = (key: string, { versions }: HistoryBody): KvHistory =>
  versions.map(({ modifiedAt, size, ...version }) => {
    const envelope = { ...version, key };
    const isShown = (version.value ?? version.valueB64) !== undefined;
    return {
      ...keyInfoOf(envelope),
      modifiedAt: new Date(modifiedAt),
      size,
      entry: isShown ? entryOf(envelope) : null,
    };
  });
