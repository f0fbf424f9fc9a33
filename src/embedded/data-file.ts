import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject } from './json.ts';
import type { StoreContents } from './object-store.ts';

const FORMAT = 1;

/** null: there is no such file yet. Throws if there is one that cannot be read as what {@link writeDataFile} wrote. */
export function readDataFile(path: string): StoreContents | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is damaged: it is not JSON; remove it to begin anew`, { cause });
  }
  if (!isObject(parsed) || parsed['format'] !== FORMAT || !Number.isSafeInteger(parsed['version'])) {
    throw new Error(`${path} is not a data file of format ${FORMAT}; remove it to begin anew`);
  }
  return parsed as unknown as StoreContents;
}

/**
 * Replaces the file as a whole, and returns only when it is on the disk: nothing is answered before, so neither a killed
 * process nor a power cut takes back what a client was told. There are few objects; a log would save nothing.
 */
export function writeDataFile(path: string, contents: StoreContents): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.part`;
  const file = openSync(part, 'w', 0o600);
  try {
    writeSync(file, JSON.stringify({ format: FORMAT, ...contents }));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
}
