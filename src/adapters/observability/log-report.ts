import { unreachable } from '../../core/base/assert.ts';
import type { Report } from '../../core/group/io.ts';
import type { Log } from '../../ports/telemetry.ts';

/** One line for each change of role, epoch, set and lineage, with its reason. */
export function logReport(log: Log, report: Report): void {
  switch (report.kind) {
    case 'roleChanged':
      return log.info('role changed', { role: report.role, epoch: report.epoch, reason: report.reason });
    case 'setChanged':
      return log.info('in-sync set changed', { epoch: report.epoch, members: report.members, reason: report.reason });
    case 'lineageChanged':
      return log.info('lineage changed', { lineage: report.lineage, reason: report.reason });
    case 'alarm':
      return log.error('alarm', { code: report.code, message: report.message });
    case 'peerRefused':
      return log.error('peer refused', { replica: report.replica, reason: report.reason });
    case 'note':
      return log.debug('note', { message: report.message });
    default:
      unreachable(report);
  }
}
