import { isUnfilled } from '../../../src/core/election/record.ts';
import type { Process } from '../process.ts';
import { check } from '../violation.ts';
import type { World } from '../world.ts';

/** A leader leads, writes commit, and everybody who runs is in sync or standby. */
export function isSettled(world: World): boolean {
  return whatIsMissing(world) === null;
}

/** The time is up. */
export function checkLiveness(world: World): void {
  const missing = whatIsMissing(world);
  if (missing === null) return;
  const excuse = whyFrozen(world);
  check(excuse !== null, 'liveness', () => `10 s after the last fault: ${missing}`);
  check(world.alarms.size > 0, 'liveness', () => `the group is rightly frozen (${excuse}), but raised no alarm`);
  world.frozen = excuse;
}

function whatIsMissing(world: World): string | null {
  const running = world.pods.running();
  if (running.length < world.pods.desired) return `${running.length} of ${world.pods.desired} replicas run`;
  const holder = world.api.lease?.content.holder;
  const leader = running.find((process) => process.id === holder && process.mirror?.role === 'leading');
  if (leader === undefined) return 'nobody leads';
  if (world.lastCommittedWriteStartUs < world.faultsEndedUs) return 'no write was committed';
  const overdue = whatIsOverdue(leader) ?? whatIsUnused(leader, world);
  if (overdue !== null) return overdue;
  for (const process of running) {
    const { standing } = process.group.status(process.instant());
    if (standing === 'learner' || standing === 'none') return `${process.label} is ${standing}`;
  }
  return null;
}

const OVERDUE_MS = 500;

/** R17, R18: a leader at work removes what is due. */
function whatIsOverdue(leader: Process): string | null {
  const view = leader.group.inspect();
  const nowMs = view.log.entryAt(view.log.lastIndex)?.timeMs ?? 0;
  for (const [key, { expiresAtMs }] of [...view.storeEntries(), ...view.locks()]) {
    if (expiresAtMs !== null && expiresAtMs < nowMs - OVERDUE_MS)
      return `${key}, due at ${expiresAtMs}, is there at ${nowMs}`;
  }
  return null;
}

/** R21: what nobody uses goes, a quarter of its idle time later at most and as long as a round takes; clocks may be wrong by a hundredth. */
function whatIsUnused(leader: Process, world: World): string | null {
  for (const [key, { idleMs }] of leader.group.inspect().storeEntries()) {
    if (idleMs === null) continue;
    const unusedMs = (world.now - world.checker.idles.lastUsedUs(leader, key)) / 1000;
    if (unusedMs > idleMs * 1.27 + 2 * OVERDUE_MS) return `${key}, unused for ${unusedMs} ms, is there after ${idleMs}`;
  }
  return null;
}

/** Where the rules say that only an operator can go on; null if they do not. */
function whyFrozen(world: World): string | null {
  const { lease } = world.api;
  const running = world.pods.running();
  if (running.some((process) => process.mirror?.role === 'leading')) return whyLeaderWaits(world);
  const withData = running.filter((process) => process.mirror?.chronicle != null);
  if (lease?.isDamaged === true) return 'the record cannot be read, and nobody led who could write it again';
  if (lease === null || isUnfilled(lease.content)) {
    return withData.length > 0 ? 'the record is lost, and with it nobody who led' : null;
  }
  const record = world.checker.lastRecord;
  if (record === null) return null;
  const isForeign = lease.content.nonce !== record.nonce;
  if (isForeign && withData.length > 0 && !withData.some((process) => obeys(process, world))) {
    return 'the record is one that nobody may obey, and nobody led who could write it again';
  }
  const members = lease.content.inSync.map((member) => world.processOf(member));
  const isLost = lease.content.inSync.every((member) => world.holderOf(member) === undefined);
  if (!isLost) return null;
  if (world.plan.uncleanRecovery === 'never') return 'all members are gone, and only an operator may begin anew';
  if (
    world.plan.uncleanRecovery === 'strict' &&
    members.some((member) => member !== undefined && !isProvenByPod(member))
  ) {
    return 'all members are gone, and of one there is only the word of the API server';
  }
  return null;
}

/** R13: a leader whose record is lost may leave out a member that is gone; but it must be sure of that. */
function whyLeaderWaits(world: World): string | null {
  const { lease } = world.api;
  const record = world.checker.lastRecord;
  const isLost = lease === null || lease.isDamaged || lease.content.nonce !== record?.nonce;
  if (!isLost || record === null || world.plan.uncleanRecovery !== 'strict') return null;
  // A change of the set may have landed just before the record was lost: the leader does not know, and counts its own set.
  const leaders = world.pods.running().filter((process) => process.mirror?.role === 'leading');
  const members = leaders.flatMap((leader) => leader.group.status(leader.instant()).inSync);
  const dead = [...record.inSync, ...members].filter((member) => world.holderOf(member) === undefined);
  const isUnproven = dead.some((member) => {
    const process = world.processOf(member);
    return process !== undefined && !isProvenByPod(process);
  });
  return isUnproven ? 'the record is lost, and that a member is gone there is only the word of the API server' : null;
}

/** R3, in short: the lineage is later, or the same with an epoch that is high enough. */
function obeys(process: Process, world: World): boolean {
  const content = world.api.lease?.content;
  const own = process.mirror?.obeyedLineage;
  if (content?.lineage == null || own == null) return true;
  if (content.lineage.number > own.number) return true;
  return content.lineage.id === own.id && content.epoch >= (process.mirror?.epoch ?? 0);
}

/** A process of the same pod runs with other data, or the pod is listed as terminated. */
function isProvenByPod(member: Process): boolean {
  const { pod } = member;
  return pod.isListed && (pod.process !== null || pod.state === 'terminated');
}
