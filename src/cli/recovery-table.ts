import type { Lineage } from '../core/replication/lineage.ts';
import type { Found } from './replica-admin.ts';
import { aligned } from './text.ts';

const HEAD = ['POD', 'DATA', 'ROLE', 'LINEAGE', 'LAST EPOCH', 'LAST INDEX', 'COMMITTED', 'KEYS', 'FROZEN'];

/** What each replica has, who did not answer, and why the group is frozen. */
export function recoveryTable({ reached, unreached }: Found): string {
  const rows = reached.map(({ podName, view }) => [
    podName,
    short(view.replica.split('/')[2] ?? ''),
    view.role,
    lineageOf(view.holding.lineage),
    String(view.holding.lastEpoch),
    String(view.holding.lastIndex),
    String(view.commitIndex),
    String(view.keys),
    view.frozen === null ? 'no' : 'yes',
  ]);
  const silent = unreached.map(({ podName, reason }) => [podName, `no answer: ${reason}`]);
  const reasons = Map.groupBy(reached, ({ view }) => view.frozen);
  reasons.delete(null);
  const why = [...reasons].map(
    ([reason, replicas]) => `frozen, says ${replicas.map(({ podName }) => podName).join(', ')}: ${String(reason)}`,
  );
  return [...aligned([HEAD, ...rows]), ...silent.map((row) => row.join('  ')), ...why].join('\n');
}

const lineageOf = (lineage: Lineage | null): string =>
  lineage === null ? 'no data' : `${lineage.number}.${short(lineage.id)}`;

/** Enough to tell two apart. */
const short = (id: string): string => (id.length <= 12 ? id : `${id.slice(0, 8)}…`);
