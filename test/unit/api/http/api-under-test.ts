import { createApi } from '../../../../src/api/http/api.ts';
import type { ApiLimits, ApiMetrics, ApiOptions } from '../../../../src/api/http/context.ts';
import type { ReplicaSummary } from '../../../../src/core/group/summary.ts';
import type { KnownReplica } from '../../../../src/ports/known-replicas.ts';
import type { Log, LogFields } from '../../../../src/ports/telemetry.ts';
import { FakeOperations } from './fake-operations.ts';

export class RecordedMetrics implements ApiMetrics {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly answered: string[] = [];
  readonly limitsHit: string[] = [];

  requestAnswered(route: string, status: number): void {
    this.answered.push(`${route} ${status}`);
  }

  limitHit(code: string): void {
    this.limitsHit.push(code);
  }

  text(): Promise<string> {
    return Promise.resolve('kvstore_epoch{group="0"} 3\n');
  }
}

export class RecordedLog implements Log {
  readonly errors: { readonly event: string; readonly fields: LogFields | undefined }[] = [];

  debug(): void {
    // Not looked at.
  }

  info(): void {
    // Not looked at.
  }

  warn(): void {
    // Not looked at.
  }

  error(event: string, fields?: LogFields): void {
    this.errors.push({ event, fields });
  }
}

export const limits: ApiLimits = { valueBytesMax: 1000, bodyBytesMax: 100_000 };

const summary: ReplicaSummary = {
  replica: 'kv-0/uid-0/data-0',
  podName: 'kv-0',
  role: 'following',
  standing: 'member',
  ready: true,
  stopping: false,
  frozen: false,
  epoch: 3,
  lineage: { number: 1, id: 'd1-1' },
  lastIndex: 7,
  commitIndex: 7,
  appliedIndex: 7,
  keys: 5,
  storeBytes: 3000,
  historyBytes: 400,
  olderVersions: 2,
  memoryBytes: 4000,
  memoryBytesMax: 10_000,
  cpuPercent: 1.26,
  memoryPercent: 2.34,
  httpAddress: '10.0.0.1:8000',
  followers: [],
};

/** A member, the leader, and one that does not answer. */
export const knownReplicas: readonly KnownReplica[] = [
  { podName: 'kv-0', standing: 'member', summary, answers: 10, answerMsMean: 1.004 },
  {
    podName: 'kv-1',
    standing: 'leader',
    summary: { ...summary, podName: 'kv-1', memoryBytes: 9960, historyBytes: 0, httpAddress: '[fd00::2]:8000' },
    answers: 90,
    answerMsMean: 8,
  },
  { podName: 'kv-2', standing: 'member', summary: null, answers: 0, answerMsMean: 0 },
];

/** As of a proxy. */
export function optionsUnderTest() {
  const readiness = { ready: true, reason: 'in sync' };
  return {
    operations: new FakeOperations(),
    knownReplicas: { kind: 'all', replicas: () => knownReplicas },
    machine: () => Promise.resolve({ cpuPercent: 12.34, memoryPercent: 56.78, diskPercent: 90.12 }),
    admin: null,
    process: 'proxy',
    serverName: 'proxy-0',
    release: '1.2.3',
    limits,
    probes: { readiness: () => readiness },
    metrics: new RecordedMetrics(),
    log: new RecordedLog(),
  } as const satisfies ApiOptions;
}

export function apiUnderTest(options: Partial<ApiOptions> = {}) {
  const own = optionsUnderTest();
  const { operations, metrics, log, probes } = own;
  const whole = createApi({ ...own, ...options });
  return { whole, api: whole.listener, operations, metrics, log, readiness: probes.readiness() };
}
