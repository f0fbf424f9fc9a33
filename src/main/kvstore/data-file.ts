import { totalmem } from 'node:os';
import { DataFile, DataFileError } from '../../adapters/dataset/data-file.ts';
import type { Metrics } from '../../adapters/observability/metrics.ts';
import { memoryLimitBytes } from '../../adapters/system/memory-limit.ts';
import type { KvstoreConfig } from '../../config/config.ts';
import { PROCESS_BYTES } from '../../config/table.ts';
import type { Log } from '../../ports/telemetry.ts';

/** The data file that is configured, not yet loaded; null: none is. Rejects with {@link DataFileError}. */
export async function openDataFile(
  config: KvstoreConfig,
  log: Log,
  limitBytes = memoryLimitBytes() ?? totalmem(),
): Promise<DataFile | null> {
  if (config.dataset === null) return null;
  return DataFile.open({
    path: config.dataset.file,
    // The store may grow up to its own limit at any time: what is left beside that is for the file.
    bytesMax: Math.max(0, limitBytes - config.groupLimits.memoryBytesMax - PROCESS_BYTES),
    valueBytesMax: config.valueBytesMax,
    malformedLinesMax: config.dataset.malformedLinesMax,
    log,
  });
}

/** Loads it; resolves only if it turns out that it cannot be served, and with the reason. */
export async function loadFailure(dataFile: DataFile, signal: AbortSignal): Promise<DataFileError> {
  const { promise, resolve } = Promise.withResolvers<DataFileError>();
  try {
    await dataFile.load(signal);
  } catch (error) {
    if (error instanceof DataFileError) resolve(error);
    else if (!signal.aborted) throw error;
  }
  return promise;
}

export function publishDataFile(dataFile: DataFile, metrics: Metrics): void {
  const gauges: readonly (readonly [name: string, help: string, value: () => number])[] = [
    ['kvstore_dataset_loaded', 'How much of the data file is loaded, from 0 to 1.', () => dataFile.progress],
    ['kvstore_dataset_keys', 'Keys of the data file that are served.', () => dataFile.keys],
    ['kvstore_dataset_bytes', 'Memory that the data file takes.', () => dataFile.memoryBytes],
    ['kvstore_dataset_malformed_lines', 'Lines of the data file that were skipped.', () => dataFile.malformedLines],
  ];
  for (const [name, help, value] of gauges) metrics.addGauge({ name, help, value });
}
