import { createLog } from '../adapters/observability/create-log.ts';
import { endWithParent } from '../adapters/system/end-with-parent.ts';
import { memoryLimitBytes } from '../adapters/system/memory-limit.ts';
import { watchStalls } from '../adapters/system/stall-watch.ts';
import type { KvstoreConfig } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Log } from '../ports/telemetry.ts';
import { reportFailure, type Failure } from './kvstore/failure.ts';
import { startReplica } from './kvstore/replica.ts';

/** One replica of the store. Exit codes: 0 stopped as told, 1 failed, 2 not configured, 70 a broken invariant. */
async function run(config: KvstoreConfig): Promise<void> {
  const log = createLog({ level: config.log.level, fields: { process: 'kvstore', pod: config.pod.name } });
  const onFailed = (failure: Failure): never => process.exit(reportFailure(log, failure));
  const fail = (error: unknown): never => onFailed({ group: null, error, status: null });
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  if (config.endWithParent) endWithParent();
  watchStalls(log);

  const signalled = stopSignals(log);
  const start = startReplica({ config, log, onFailed }).catch(fail);
  const replica = await Promise.race([start, signalled]);
  // Not yet started: there is nothing to hand over.
  if (typeof replica === 'string') process.exit(0);

  const signal = await signalled;
  log.info('stopping', { signal, graceMs: config.gracePeriodMs });
  log.info('stopped', { outcome: await replica.stop(config.gracePeriodMs) });
  process.exit(0);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignals(log: Log): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      signals += 1;
      if (signals === 1) {
        resolve(signal);
        return;
      }
      log.warn('stopping at once', { signal });
      process.exit(1);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

const loaded = loadConfig('kvstore', process.env, process.argv.slice(2), { memoryLimitBytes: memoryLimitBytes() });
switch (loaded.kind) {
  case 'config':
    await run(loaded.config);
    break;
  case 'help':
    process.stdout.write(loaded.text);
    break;
  case 'invalid':
    process.stderr.write(`${loaded.message}\n`);
    process.exitCode = 2;
    break;
}
