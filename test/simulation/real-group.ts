import { Group } from '../../src/core/group/group.ts';
import type { Instant, LogIndex } from '../../src/core/base/numbers.ts';
import type { Effect, GroupStatus, Input, Role } from '../../src/core/group/io.ts';
import type { GroupOptions } from '../../src/core/group/options.ts';
import type { Key } from '../../src/core/base/key.ts';
import type { Entry } from '../../src/core/replication/entry.ts';
import type { Lineage } from '../../src/core/replication/lineage.ts';
import type { Log } from '../../src/core/replication/log.ts';
import type { SessionId } from '../../src/core/store/commands.ts';
import type { Superseded } from '../../src/core/store/history.ts';
import type { HeldLock } from '../../src/core/store/locks.ts';
import type { Session } from '../../src/core/store/sessions.ts';
import type { StoredValue } from '../../src/core/store/reads.ts';
import type { StateMachine } from '../../src/core/store/state-machine.ts';
import type { Inspection, MakeGroup, SimulatedGroup } from './inspection.ts';

/** The very core that the product runs. */
class RealGroup implements SimulatedGroup {
  readonly #group: Group;
  readonly #view: View;
  #appended: Entry[] = [];

  constructor(options: GroupOptions, now: Instant) {
    this.#group = new Group(options, now);
    this.#view = new View(this.#group);
    // The one tap into the core: a leader on its own may append, commit, apply and trim an entry within one turn.
    const { log } = this.#group.inspect();
    const append = log.append.bind(log);
    log.append = (entry) => {
      this.#appended.push(entry);
      append(entry);
    };
  }

  takeAppended(): readonly Entry[] {
    const appended = this.#appended;
    if (appended.length > 0) this.#appended = [];
    return appended;
  }

  step(input: Input, now: Instant, effects: Effect[]): void {
    this.#group.step(input, now, effects);
  }

  flush(now: Instant, effects: Effect[]): void {
    this.#group.flush(now, effects);
  }

  status(now: Instant): GroupStatus {
    return this.#group.status(now);
  }

  inspect(): Inspection {
    this.#view.refresh(this.#group);
    return this.#view;
  }
}

/** One object for all turns: it is asked for after every single one. */
class View implements Inspection {
  id = '';
  role: Role = 'seeking';
  epoch = 0;
  obeyedLineage: Lineage | null = null;
  dataLineage: Lineage | null = null;
  commitIndex = 0;
  appliedIndex = 0;
  readonly log: LogView;
  readonly #machine: StateMachine;

  constructor(group: Group) {
    const { log, machine } = group.inspect();
    this.log = new LogView(log);
    this.#machine = machine;
  }

  refresh(group: Group): void {
    const inspected = group.inspect();
    this.id = inspected.id;
    this.role = inspected.role;
    this.epoch = inspected.epoch;
    this.obeyedLineage = inspected.obeyedLineage;
    this.dataLineage = inspected.dataLineage;
    this.commitIndex = inspected.commitIndex;
    this.appliedIndex = inspected.appliedIndex;
  }

  storeEntries(): Iterable<readonly [Key, StoredValue]> {
    return this.#machine.store.values();
  }

  locks(): Iterable<readonly [Key, HeldLock]> {
    return this.#machine.locks.entries();
  }

  superseded(): Iterable<Superseded> {
    return this.#machine.store.history.superseded();
  }

  sessions(): Iterable<readonly [SessionId, Session]> {
    return this.#machine.sessions.entries();
  }
}

class LogView {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  get firstIndex(): number {
    return this.#log.dropped.index + 1;
  }

  get lastIndex(): number {
    return this.#log.lastIndex;
  }

  get lastEpoch(): number {
    return this.#log.lastEpoch;
  }

  entryAt(index: number): Entry | null {
    return this.#log.at(index as LogIndex) ?? null;
  }
}

export const makeRealGroup: MakeGroup = (options, now) => new RealGroup(options, now);
