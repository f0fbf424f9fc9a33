import type { Key } from '../../src/core/base/key.ts';
import type { Instant } from '../../src/core/base/numbers.ts';
import type { Effect, GroupStatus, Input, Role } from '../../src/core/group/io.ts';
import type { GroupOptions } from '../../src/core/group/options.ts';
import type { Entry } from '../../src/core/replication/entry.ts';
import type { Lineage } from '../../src/core/replication/lineage.ts';
import type { SessionId } from '../../src/core/store/commands.ts';
import type { Superseded } from '../../src/core/store/history.ts';
import type { HeldLock } from '../../src/core/store/locks.ts';
import type { Session } from '../../src/core/store/sessions.ts';
import type { StoredValue } from '../../src/core/store/reads.ts';

/** What the checkers look at inside a group: live, read-only, and never used by the product itself. */
export interface Inspection {
  /** Its replica id at this moment: data that is given up takes its id with it. */
  readonly id: string;
  readonly role: Role;
  /** The highest epoch seen. */
  readonly epoch: number;
  /** Lineage of the record that it obeys; null if none yet. */
  readonly obeyedLineage: Lineage | null;
  /** Lineage of the data; null while the replica counts as empty. */
  readonly dataLineage: Lineage | null;
  readonly log: {
    readonly firstIndex: number;
    readonly lastIndex: number;
    /** Of the last entry, even if it was trimmed or came with a snapshot. */
    readonly lastEpoch: number;
    entryAt(index: number): Entry | null;
  };
  readonly commitIndex: number;
  readonly appliedIndex: number;
  storeEntries(): Iterable<readonly [Key, StoredValue]>;
  locks(): Iterable<readonly [Key, HeldLock]>;
  superseded(): Iterable<Superseded>;
  sessions(): Iterable<readonly [SessionId, Session]>;
}

/** The group as the simulator drives it; the real one, a mutant of it, or a scripted fake. */
export interface SimulatedGroup {
  step(input: Input, now: Instant, effects: Effect[]): void;
  flush(now: Instant, effects: Effect[]): void;
  status(now: Instant): GroupStatus;
  inspect(): Inspection;
  /** What was appended to the log since this was last asked, in order: some of it may be trimmed already. */
  takeAppended(): readonly Entry[];
}

export type MakeGroup = (options: GroupOptions, now: Instant) => SimulatedGroup;
