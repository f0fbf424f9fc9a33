import { createApi } from '../../../../src/api/http/api.ts';
import type { ApiLimits, ApiMetrics, ApiOptions } from '../../../../src/api/http/context.ts';
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

export function apiUnderTest(options: Partial<ApiOptions> = {}) {
  const operations = new FakeOperations();
  const metrics = new RecordedMetrics();
  const log = new RecordedLog();
  const readiness = { ready: true, reason: 'in sync' };
  const api = createApi({
    operations,
    admin: null,
    process: 'proxy',
    serverName: 'proxy-0',
    release: '1.2.3',
    limits,
    probes: { readiness: () => readiness },
    metrics,
    log,
    ...options,
  });
  return { api, operations, metrics, log, readiness };
}
