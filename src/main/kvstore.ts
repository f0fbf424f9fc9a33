import { createLog } from '../adapters/observability/create-log.ts';
import { endWithParent } from '../adapters/system/end-with-parent.ts';
import { memoryLimitBytes } from '../adapters/system/memory-limit.ts';
import type { KvstoreConfig } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { startReplica } from './kvstore/replica.ts';

/** One replica of the store. Exit codes: 0 stopped as told, 1 failed, 2 not configured. */
async function run(config: KvstoreConfig): Promise<void> {
  const log = createLog({ level: config.log.level, fields: { process: 'kvstore', pod: config.pod.name } });
  const fail = (error: unknown): never => {
    log.error('process failed', { error });
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  if (config.endWithParent) endWithParent();

  const replica = await startReplica({ config, log, onFailed: () => process.exit(1) }).catch(fail);

  let signals = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1;
    if (signals > 1) {
      log.warn('stopping at once', { signal });
      process.exit(1);
    }
    log.info('stopping', { signal, graceMs: config.gracePeriodMs });
    void replica.stop(config.gracePeriodMs).then((outcome) => {
      log.info('stopped', { outcome });
      process.exit(0);
    });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
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
