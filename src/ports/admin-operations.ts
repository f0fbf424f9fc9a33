import type { RecoverOutcome, RecoverRequest, RecoveryView } from '../core/election/recovery.ts';

/** What a replica offers to those who run it, and to nobody else: not by the proxy. */
export interface AdminOperations {
  /** What this replica has, as of its last turn. */
  recoveryView(): RecoveryView;
  /** R13: an operator decides. Never rejects. */
  recover(request: RecoverRequest): Promise<RecoverOutcome>;
}
