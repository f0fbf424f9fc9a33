import type { Key } from '../../../../src/core/base/key.ts';
import type { LogIndex } from '../../../../src/core/base/numbers.ts';
import type { SnapshotItem } from '../../../../src/core/replication/messages.ts';
import type { PackedValues } from '../../../../src/core/store/packed-values.ts';
import type { StoredValue } from '../../../../src/core/store/reads.ts';
import { Store } from '../../../../src/core/store/store.ts';

/** As a snapshot has them: neighbours of one content type together. */
export function packed(values: Iterable<readonly [Key, StoredValue]>): readonly PackedValues[] {
  const store = new Store(0);
  for (const [key, stored] of values) store.restoreValue(key, stored);
  return store.pieceFrom('', { through: Infinity as LogIndex, bytes: Infinity, onChanged: () => 0 }).packed;
}

export function unpacked(values: PackedValues): [Key, StoredValue][] {
  const store = new Store(0);
  store.restoreValues(values);
  return [...store.values()];
}

/** Each value by itself. */
export const readable = (items: readonly SnapshotItem[] | undefined): SnapshotItem[] =>
  (items ?? []).flatMap((item) =>
    item.kind === 'values' ? unpacked(item).map(([key, stored]) => ({ kind: 'value' as const, key, stored })) : [item],
  );
