import type { Lineage } from '../replication/lineage.ts';

/** A lineage that a replica has asked for with its own data as the start; it exists once the record names it. */
export interface Beginning {
  readonly lineage: Lineage;
  readonly reason: string;
  /** Acknowledged writes may be lost (R14); null where none can be. */
  readonly alarm: string | null;
}
