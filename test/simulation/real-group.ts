import { Group } from '../../src/core/group/group.ts';
import type { Instant, LogIndex } from '../../src/core/base/numbers.ts';
import type { Effect, GroupStatus, Input } from '../../src/core/group/io.ts';
import type { GroupOptions } from '../../src/core/group/options.ts';
import type { Entry } from '../../src/core/replication/entry.ts';
import type { Inspection, MakeGroup, SimulatedGroup } from './inspection.ts';

/** The very core that the product runs. */
class RealGroup implements SimulatedGroup {
  readonly #group: Group;
  #appended: Entry[] = [];

  constructor(options: GroupOptions, now: Instant) {
    this.#group = new Group(options, now);
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
    const { log, machine, ...rest } = this.#group.inspect();
    return {
      id: rest.id,
      role: rest.role,
      epoch: rest.epoch,
      obeyedLineage: rest.obeyedLineage,
      dataLineage: rest.dataLineage,
      commitIndex: rest.commitIndex,
      appliedIndex: rest.appliedIndex,
      log: {
        firstIndex: log.dropped.index + 1,
        lastIndex: log.lastIndex,
        entryAt: (index: number): Entry | null => log.at(index as LogIndex) ?? null,
      },
      storeEntries: () => machine.store.values(),
    };
  }
}

export const makeRealGroup: MakeGroup = (options, now) => new RealGroup(options, now);
