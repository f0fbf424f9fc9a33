import { setTimeout as sleep } from 'node:timers/promises';
import { createGroupApi, type GroupApiOptions } from '../../../../src/adapters/kubernetes/create-group-api.ts';
import { epoch } from '../../../../src/core/base/numbers.ts';
import type { RecordContent } from '../../../../src/core/election/record.ts';
import { replicaId } from '../../../../src/core/replication/replica-id.ts';
import { SystemClock } from '../../../../src/adapters/system/system-clock.ts';
import type { GroupApi } from '../../../../src/ports/kubernetes.ts';
import type { Log, LogFields } from '../../../../src/ports/telemetry.ts';

export const member = replicaId({ podName: 'kvstore-0', podUid: 'uid-0', dataId: 'd0' });

export const content = (nonce: string): RecordContent => ({
  holder: member,
  epoch: epoch(1),
  inSync: [member],
  addresses: { peer: '127.0.0.1:7000', http: '127.0.0.1:8000' },
  lineage: { number: 1, id: 'd0' },
  nonce,
  endedEpoch: null,
});

export class KeptLog implements Log {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: LogFields }[] = [];
  debug(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'debug', event, fields });
  }
  info(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'info', event, fields });
  }
  warn(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'warn', event, fields });
  }
  error(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'error', event, fields });
  }
}

export const groupApi = (options: Partial<GroupApiOptions> & Pick<GroupApiOptions, 'connection'>): Promise<GroupApi> =>
  createGroupApi({
    namespace: 'default',
    leaseName: 'kvstore',
    podSelector: 'app.kubernetes.io/name=kvstore',
    peerService: 'kvstore-peers',
    defaultPeerPort: 7000,
    podName: 'kvstore-0',
    leaseDurationMs: 1000,
    callTimeoutMs: 1000,
    watchSilenceMs: 90_000,
    clock: new SystemClock(),
    log: new KeptLog(),
    ...options,
  });

/** Waits until `condition` holds; fails with what it waited for. */
export async function until(what: string, condition: () => boolean, withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(2);
  }
}
