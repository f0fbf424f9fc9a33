import type { LeaseState } from './lease-state.ts';

export interface RecordChanges {
  readonly elections: number;
  readonly setChanges: number;
  readonly lineages: number;
}

/** What happened to the record from one state to the last. */
export function changesOf(trail: readonly LeaseState[]): RecordChanges {
  let [elections, setChanges, lineages] = [0, 0, 0];
  for (const [index, state] of trail.entries()) {
    const before = trail[index - 1];
    if (before === undefined) continue;
    if (state.epoch > before.epoch) elections += 1;
    if (state.inSync.toSorted().join() !== before.inSync.toSorted().join()) setChanges += 1;
    if (state.lineage !== null && before.lineage !== null && state.lineage.id !== before.lineage.id) lineages += 1;
  }
  return { elections, setChanges, lineages };
}

/** What no sequence of records that replicas wrote may show; empty: nothing of the kind. */
export function violationsIn(trail: readonly LeaseState[]): readonly string[] {
  const violations: string[] = [];
  const holders = new Map<string, string>();
  let last: LeaseState | null = null;
  for (const state of trail) {
    const { lineage, epoch, holder } = state;
    if (lineage === null) continue;
    const was = last?.lineage ?? null;
    if (was !== null && lineage.number < was.number) {
      violations.push(`R3: lineage ${lineage.number} was recorded after ${was.number}`);
    }
    if (was !== null && last !== null && lineage.id === was.id && epoch < last.epoch) {
      violations.push(`R3: epoch ${epoch} was recorded after ${last.epoch}`);
    }
    if (holder !== null) {
      const name = `${lineage.id}/${epoch}`;
      const former = holders.get(name);
      if (former !== undefined && former !== holder) {
        violations.push(`one epoch belongs to one replica: ${epoch} belonged to ${former} and to ${holder}`);
      }
      holders.set(name, holder);
    }
    last = state;
  }
  return violations;
}
