import type { Entry } from '../../../src/core/replication/entry.ts';
import type { Lineage } from '../../../src/core/replication/lineage.ts';
import type { Role } from '../../../src/core/group/io.ts';
import type { Chronicle } from './chronicle.ts';

/** What a replica's state was after its last turn, so that the next one is compared with it. */
export class Mirror {
  chronicle: Chronicle | null = null;
  /** By index; what was cut off at the front stays here. */
  entries: (Entry | undefined)[] = [];
  lastIndex = 0;
  lastEpoch = 0;
  /** As the log has shown it, and was compared with what was appended. */
  lastEntry: Entry | null = null;
  commitIndex = 0;
  appliedIndex = 0;
  /** Its data has just come, all at once. */
  isNew = false;
  role: Role = 'seeking';
  epoch = 0;
  obeyedLineage: Lineage | null = null;
  /** The same, a turn earlier. */
  obeyedBefore: Lineage | null = null;
  /** Epochs that it has led, with their lineage. */
  ledEpoch = -1;
  readonly led = new Set<string>();
  /** When its log last changed, in simulated time. */
  changedUs = 0;
  storeCheckedUs = 0;

  /** It dropped its data. */
  empty(): void {
    this.chronicle = null;
    this.entries = [];
    this.lastIndex = 0;
    this.commitIndex = 0;
    this.appliedIndex = 0;
    this.isNew = true;
  }
}
