import { open, stat, type FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Key } from '../../core/base/key.ts';
import type { LookupOutcome } from '../../core/routing/frames.ts';
import type { Dataset } from '../../ports/dataset.ts';
import type { Log } from '../../ports/telemetry.ts';
import { LineReader, type LineSink } from './line-reader.ts';
import { Records } from './records.ts';
import { UuidIndex } from './uuid-index.ts';
import { newUuidWords, readUuid } from './uuid.ts';

export interface DataFileOptions {
  readonly path: string;
  /** The memory that is left for it: it takes as much as it has bytes, and no more. */
  readonly bytesMax: number;
  readonly valueBytesMax: number;
  /** Lines that are reported and skipped; with one more the file is refused. */
  readonly malformedLinesMax: number;
  readonly log: Log;
  readonly sizes?: DataFileSizes;
}

/** How much is done at once; tests make all of it small. */
export interface DataFileSizes {
  readonly blockBytes: number;
  readonly chunkBytes: number;
  readonly recordsPerTurn: number;
}

/** One or two milliseconds each, so that heartbeats and probes in between are answered in time. */
const SIZES: DataFileSizes = { blockBytes: 256 * 1024, chunkBytes: 64 * 2 ** 20, recordsPerTurn: 2048 };
/** Records reach 16 GiB; a chunk may lose a quarter to a value of 16 MiB that the next one has to take. */
export const DATA_FILE_BYTES_MAX = 12 * 2 ** 30;
/** Of the time to load a file, as measured, what indexing takes. */
const INDEXING_SHARE = 0.4;

const NOT_LOADED: LookupOutcome = { kind: 'declined', code: 'loading' };
const ABSENT: LookupOutcome = { kind: 'absent' };

/** The file cannot be served, and why, for whoever runs this process. */
export class DataFileError extends Error {
  override readonly name = 'DataFileError';
}

/**
 * A file of `UUID value` lines, in memory: read once, then served until the process ends. Records first, then the index
 * over their number: so nothing grows by copying, and the file takes no more memory at any time than it has bytes.
 */
export class DataFile implements Dataset {
  readonly bytes: number;
  readonly #options: DataFileOptions;
  readonly #sizes: DataFileSizes;
  readonly #modifiedMs: number;
  readonly #records: Records;
  readonly #sought = newUuidWords();
  readonly #soughtBytes = Buffer.alloc(36);
  /** null until it is whole. */
  #index: UuidIndex | null = null;
  #malformed = 0;
  #progress = 0;
  #tenthsTold = 0;

  /** Looks at the file without reading it. */
  static async open(options: DataFileOptions): Promise<DataFile> {
    const { path } = options;
    const found = await stat(path).catch((error: unknown) => {
      throw new DataFileError(`it cannot be opened: ${messageOf(error)}`, { cause: error });
    });
    // A pipe could be read once only, and a restart would find it empty.
    if (!found.isFile()) throw new DataFileError('it is no regular file');
    if (found.size > options.bytesMax) {
      throw new DataFileError(
        `it has ${found.size} bytes and takes as much memory, and ${options.bytesMax} bytes are left for it beside ` +
          'KV_MEMORY_MAX and what the process itself needs: raise the limit of memory, or lower KV_MEMORY_MAX',
      );
    }
    if (found.size > DATA_FILE_BYTES_MAX) {
      throw new DataFileError(
        `it has ${found.size} bytes, and ${DATA_FILE_BYTES_MAX} are the most that can be indexed`,
      );
    }
    return new DataFile(options, found.size, found.mtimeMs);
  }

  private constructor(options: DataFileOptions, bytes: number, modifiedMs: number) {
    this.#options = options;
    this.#sizes = options.sizes ?? SIZES;
    this.bytes = bytes;
    this.#modifiedMs = modifiedMs;
    this.#records = new Records({ chunkBytes: this.#sizes.chunkBytes, bytesMax: bytes });
  }

  /** From 0 to 1. */
  get progress(): number {
    return this.#progress;
  }

  /** UUIDs that are served. */
  get keys(): number {
    return this.#index?.size ?? 0;
  }

  get malformedLines(): number {
    return this.#malformed;
  }

  /** Outside the heap. */
  get memoryBytes(): number {
    return this.#records.bytes + (this.#index?.bytes ?? 0);
  }

  lookUp(key: Key): LookupOutcome {
    if (this.#index === null) return NOT_LOADED;
    const length = this.#soughtBytes.write(key, 'latin1');
    if (length !== key.length || !readUuid(this.#soughtBytes, 0, length, this.#sought)) return ABSENT;
    const place = this.#index.find(this.#sought);
    return place === null ? ABSENT : { kind: 'found', value: this.#records.valueAt(place) };
  }

  /** Once. Gives way to everything else of this process after every few milliseconds; rejects with {@link DataFileError}. */
  async load(signal: AbortSignal): Promise<void> {
    const { log, path } = this.#options;
    const startedMs = performance.now();
    log.info('data file loading', { file: path, bytes: this.bytes });
    const { blockBytes } = this.#sizes;
    const reader = new LineReader({ blockBytes, valueBytesMax: this.#options.valueBytesMax, sink: this.#sink() });
    const file = await open(path, 'r').catch(unreadable);
    try {
      await this.#read(file, reader, signal);
    } finally {
      await file.close();
    }
    const index = await this.#indexed(signal);
    this.#index = index;
    this.#advance(1);
    log.info('data file loaded', {
      file: path,
      lines: reader.lines,
      keys: index.size,
      repeated: this.#records.count - index.size,
      malformed: this.#malformed,
      memoryBytes: this.memoryBytes,
      seconds: Math.round(performance.now() - startedMs) / 1000,
    });
  }

  #sink(): LineSink {
    const { path, malformedLinesMax, log } = this.#options;
    return {
      onPair: (uuid, bytes, start, end) => {
        this.#records.append(uuid, bytes, start, end);
      },
      onMalformed: (line, reason) => {
        this.#malformed += 1;
        if (this.#malformed > malformedLinesMax) {
          throw new DataFileError(
            `line ${line}: ${reason}; so more lines are malformed than KV_DATASET_MALFORMED_MAX allows: ${malformedLinesMax}`,
          );
        }
        log.warn('malformed line skipped', { file: path, line, reason });
      },
    };
  }

  async #read(file: FileHandle, reader: LineReader, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < this.bytes;) {
      signal.throwIfAborted();
      const { room } = reader;
      const { bytesRead } = await file.read(room, 0, Math.min(room.length, this.bytes - at), at).catch(unreadable);
      if (bytesRead === 0) break;
      reader.take(bytesRead);
      at += bytesRead;
      this.#advance((at / this.bytes) * (1 - INDEXING_SHARE));
    }
    const now = await file.stat();
    if (now.size !== this.bytes || now.mtimeMs !== this.#modifiedMs) {
      throw new DataFileError('it changed while it was read: write a new file beside it, rename it, then restart');
    }
    reader.end();
  }

  async #indexed(signal: AbortSignal): Promise<UuidIndex> {
    const index = new UuidIndex(this.#records);
    let added = 0;
    for (const place of this.#records.places()) {
      index.add(place);
      added += 1;
      if (added % this.#sizes.recordsPerTurn !== 0) continue;
      this.#advance(1 - INDEXING_SHARE * (1 - added / this.#records.count));
      await nextTurn();
      signal.throwIfAborted();
    }
    return index;
  }

  #advance(progress: number): void {
    this.#progress = progress;
    const tenths = Math.floor(progress * 10);
    if (tenths === this.#tenthsTold || progress === 1) return;
    this.#tenthsTold = tenths;
    this.#options.log.info('data file loading', { file: this.#options.path, percent: tenths * 10 });
  }
}

function unreadable(error: unknown): never {
  throw new DataFileError(`it cannot be read: ${messageOf(error)}`, { cause: error });
}

const messageOf = (error: unknown): string => (error as NodeJS.ErrnoException).message;
