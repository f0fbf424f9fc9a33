import type { Epoch } from '../base/numbers.ts';
import { type Lineage, sameLineage } from '../replication/lineage.ts';
import type { RecordContent } from './record.ts';

/** What of a record, or of a message, a replica is bound by (R3): the lineage that it obeys and the highest epoch in it. */
export class Obedience {
  #lineage: Lineage | null = null;
  #epoch = 0 as Epoch;

  get lineage(): Lineage | null {
    return this.#lineage;
  }

  /** The highest epoch seen, in the record or in a message of the lineage. */
  get epoch(): Epoch {
    return this.#epoch;
  }

  /** R3: a later lineage, or the same one in no lower an epoch. */
  accepts(content: RecordContent): boolean {
    if (content.lineage === null) return false;
    if (this.#lineage === null || content.lineage.number > this.#lineage.number) return true;
    return sameLineage(content.lineage, this.#lineage) && content.epoch >= this.#epoch;
  }

  /** The record binds from now on, also where an empty replica goes back to an older one. */
  adopt(content: { readonly lineage: Lineage; readonly epoch: Epoch }): void {
    this.#lineage = content.lineage;
    this.#epoch = content.epoch;
  }

  /** News of an epoch in a message; true if it is higher than any seen. A lineage is taken from records only. */
  seeEpoch(lineage: Lineage | null, epoch: Epoch): boolean {
    if (!sameLineage(lineage, this.#lineage) || lineage === null || epoch <= this.#epoch) return false;
    this.#epoch = epoch;
    return true;
  }
}
