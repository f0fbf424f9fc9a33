import { join } from 'node:path';
import { createLog } from '../adapters/observability/create-log.ts';
import { endWithParent } from '../adapters/system/end-with-parent.ts';
import type { EmbeddedConfig } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { startEmbedded } from '../embedded/start-embedded.ts';

/** The embedded Kubernetes API. Exit codes: 0 stopped as told, 1 failed, 2 not configured. */
async function run(config: EmbeddedConfig): Promise<void> {
  const log = createLog({ level: config.log.level, fields: { process: 'embedded' } });
  const fail = (error: unknown): never => {
    log.error('process failed', { error });
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  if (config.endWithParent) endWithParent();

  const { http, dataDirectory, allowRemote, watchHistoryMax } = config;
  const embedded = await startEmbedded({
    ...http,
    allowRemote,
    historyMax: watchHistoryMax,
    ...(dataDirectory === null ? {} : { dataFile: join(dataDirectory, 'kubernetes.json') }),
  }).catch(fail);
  log.info('listening', {
    url: embedded.url,
    data: dataDirectory ?? 'in memory',
    note: 'a small emulation of the Kubernetes API for laptops, compose and tests; not for production',
  });

  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    log.info('stopping', { signal });
    void embedded.close().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

const loaded = loadConfig('embedded', process.env, process.argv.slice(2));
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
