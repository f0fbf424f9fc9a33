import type { RecordVersion } from './record.ts';
import { type Lineage, sameLineage } from '../replication/lineage.ts';

/** A lineage that a replica has asked for with its own data as the start; it exists once the record names it. */
export interface Beginning {
  readonly lineage: Lineage;
  readonly reason: string;
  /** Acknowledged writes may be lost (R14); null where none can be. */
  readonly alarm: string | null;
  /** What it was to replace: once that has moved on, the asking can no longer land. */
  readonly base: RecordVersion;
}

/**
 * The lineages that this replica has asked for and whose outcome is open. There may be several: an asking whose answer
 * was lost may land after the next was sent (R1), and whichever landed is the one that the record names.
 */
export class Beginnings {
  #open: Beginning[] = [];

  ask(beginning: Beginning): void {
    this.#open.push(beginning);
  }

  find(lineage: Lineage | null): Beginning | null {
    return this.#open.find((beginning) => sameLineage(beginning.lineage, lineage)) ?? null;
  }

  /** Another's record stands at `version`: only askings that are to replace just this one may still land. */
  forgetAllBut(version: RecordVersion): void {
    this.#open = this.#open.filter(
      ({ base }) => base.uid === version.uid && base.resourceVersion === version.resourceVersion,
    );
  }

  /** One has landed: the record has moved on, and none of the others can. */
  forget(): void {
    this.#open = [];
  }
}
