import { DataFileError } from '../adapters/dataset/data-file.ts';
import { createLog } from '../adapters/observability/create-log.ts';
import { endWithParent } from '../adapters/system/end-with-parent.ts';
import { watchStalls } from '../adapters/system/stall-watch.ts';
import { thisMachine } from '../adapters/system/this-machine.ts';
import type { KvstoreConfig } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Log } from '../ports/telemetry.ts';
import { loadFailure, openDataFile } from './kvstore/data-file.ts';
import { reportFailure, type Failure } from './kvstore/failure.ts';
import { startReplica } from './kvstore/replica.ts';

/**
 * One replica of the store. Exit codes: 0 stopped as told, 1 failed, 2 not configured, or with a data file that cannot be
 * served, 70 a broken invariant.
 */
async function run(config: KvstoreConfig): Promise<void> {
  const log = createLog({ level: config.log.level, fields: { process: 'kvstore', pod: config.pod.name } });
  const onFailed = (failure: Failure): never => process.exit(reportFailure(log, failure));
  const fail = (error: unknown): never => onFailed({ group: null, error, status: null });
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  if (config.endWithParent) endWithParent();
  watchStalls(log);

  const signalled = stopSignals(log);
  const refused = ({ message }: DataFileError): void => {
    log.error('data file refused', { file: config.dataset?.file, reason: message });
  };
  const dataFile = await openDataFile(config, log).catch((error: unknown) => {
    if (!(error instanceof DataFileError)) throw error;
    refused(error);
    return process.exit(EXIT_NOT_CONFIGURED);
  });
  const start = startReplica({ config, log, dataFile, onFailed }).catch(fail);
  const replica = await Promise.race([start, signalled]);
  // Not yet started: there is nothing to hand over.
  if (typeof replica === 'string') process.exit(0);

  const stopping = new AbortController();
  const ends: Promise<NodeJS.Signals | DataFileError>[] = [signalled];
  if (dataFile !== null) ends.push(loadFailure(dataFile, stopping.signal));
  const end = await Promise.race(ends);
  stopping.abort();
  if (end instanceof DataFileError) refused(end);
  else log.info('stopping', { signal: end, graceMs: config.gracePeriodMs });
  // It may lead by now: a bad file is no reason to leave the others without a word.
  log.info('stopped', { outcome: await replica.stop(config.gracePeriodMs) });
  process.exit(end instanceof DataFileError ? EXIT_NOT_CONFIGURED : 0);
}

const EXIT_NOT_CONFIGURED = 2;

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

const loaded = loadConfig('kvstore', process.env, process.argv.slice(2), thisMachine());
switch (loaded.kind) {
  case 'config':
    await run(loaded.config);
    break;
  case 'help':
    process.stdout.write(loaded.text);
    break;
  case 'invalid':
    process.stderr.write(`${loaded.message}\n`);
    process.exitCode = EXIT_NOT_CONFIGURED;
    break;
}
