import { InvariantError } from '../../core/base/assert.ts';
import type { GroupId } from '../../core/base/numbers.ts';
import type { Log } from '../../ports/telemetry.ts';
import type { GroupFailure } from '../../runtime/group-driver.ts';

/** Why a kvstore ends that was not told to. */
export interface Failure extends GroupFailure {
  /** null: it was none of its groups. */
  readonly group: GroupId | null;
}

/** EX_SOFTWARE of sysexits.h; neither Node nor a signal ends a process with it. */
const EXIT_INVARIANT = 70;
const EXIT_FAILED = 1;

/** Its last words, one line, written before this returns; the code to exit with. */
export function reportFailure(log: Log, { group, error, status }: Failure): number {
  const standing = status === null ? {} : standingOf(status);
  if (!(error instanceof InvariantError)) {
    log.error('process failed', { group, ...standing, error });
    return EXIT_FAILED;
  }
  const { rule, message: invariant } = error;
  log.error('invariant-violated', { rule, invariant, group, ...standing, error });
  return EXIT_INVARIANT;
}

function standingOf(status: NonNullable<GroupFailure['status']>) {
  const { replica, role, standing, epoch, lineage, leader, inSync } = status;
  const { lastIndex, commitIndex, appliedIndex } = status;
  return { replica, role, standing, epoch, lineage, leader, inSync, lastIndex, commitIndex, appliedIndex };
}
