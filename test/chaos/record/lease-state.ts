import { readFileSync } from 'node:fs';
import { readLease } from '../../../src/adapters/kubernetes/lease-record.ts';
import type { Lineage } from '../../../src/core/replication/lineage.ts';

/** The record, as a Lease that was stored said it. */
export interface LeaseState {
  readonly atUs: number;
  readonly uid: string;
  readonly holder: string | null;
  readonly epoch: number;
  readonly inSync: readonly string[];
  readonly lineage: Lineage | null;
}

/** null: it does not say what a record says. */
export function leaseStateOf(lease: unknown, atUs: number): LeaseState | null {
  const reading = readLease(lease);
  if (reading.kind !== 'record') return null;
  const { version, content } = reading.record;
  const { holder, epoch, inSync, lineage } = content;
  return { atUs, uid: version.uid, holder, epoch, inSync, lineage };
}

export function readLeaseTrail(file: string): readonly LeaseState[] {
  const states: LeaseState[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const { atUs, lease } = JSON.parse(line) as { readonly atUs: number; readonly lease: unknown };
    const state = leaseStateOf(lease, atUs);
    if (state !== null) states.push(state);
  }
  return states;
}
