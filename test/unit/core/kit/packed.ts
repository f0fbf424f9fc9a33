import type { Key } from '../../../../src/core/base/key.ts';
import type { LogIndex } from '../../../../src/core/base/numbers.ts';
import type { SnapshotItem } from '../../../../src/core/replication/messages.ts';
import type { Superseded } from '../../../../src/core/store/history.ts';
import type { PackedValues } from '../../../../src/core/store/packed-values.ts';
import type { StoredValue } from '../../../../src/core/store/reads.ts';
import { Store } from '../../../../src/core/store/store.ts';

/** As a snapshot has them: neighbours of one content type together. */
export function packed(values: Iterable<readonly [Key, StoredValue]>): readonly PackedValues[] {
  const store = new Store(0);
  for (const [key, stored] of values) store.restoreValue(key, stored);
  return store.pieceFrom('', { through: Infinity as LogIndex, bytes: Infinity, onChanged: () => 0 }).packed;
}

/** As a snapshot has them; which keys they are of, and in which order, does not matter here. */
export function olderPieces(versions: readonly Superseded[], bytes = Infinity): readonly (PackedValues | Superseded)[] {
  const store = new Store(0);
  for (const each of versions) store.history.restore(each, Infinity as LogIndex);
  const walk = store.history.refs();
  const pieces: (PackedValues | Superseded)[] = [];
  for (let more = true; more;) {
    const piece = store.pieceOfOlder(walk, { through: Infinity as LogIndex, bytes });
    pieces.push(...piece);
    more = piece.length > 0;
  }
  return pieces;
}

export function unpacked(values: PackedValues): [Key, StoredValue][] {
  const store = new Store(0);
  store.restoreValues(values);
  return [...store.values()];
}

function unpackedOlder(values: PackedValues): readonly Superseded[] {
  const { history } = new Store(0);
  history.restoreAll(values, Infinity as LogIndex);
  return [...history.superseded()];
}

/** Each value by itself. */
export const readable = (items: readonly SnapshotItem[] | undefined): SnapshotItem[] =>
  (items ?? []).flatMap((item): SnapshotItem[] => {
    switch (item.kind) {
      case 'values':
        return unpacked(item).map(([key, stored]) => ({ kind: 'value', key, stored }));
      case 'olderValues':
        return unpackedOlder(item).map((older) => ({ kind: 'older', ...older }));
      default:
        return [item];
    }
  });
