import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writevSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject } from './json.ts';
import type { StoreContents, StoredObject } from './object-store.ts';

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
    const parts = partsOf(contents);
    const bytes = parts.reduce((sum, each) => sum + each.length, 0);
    if (writevSync(file, parts) < bytes) throw new Error(`${part} was not written whole: is the disk full?`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
}

/**
 * An object's JSON is kept for as long as the object stays the same. All anew for each renewal of a Lease was garbage in
 * proportion to all the Events of an hour: 10 MiB more of resident memory after half of one.
 */
const encoded = new WeakMap<StoredObject, Buffer<ArrayBuffer>>();

function partsOf({ version, objects }: StoreContents): Buffer[] {
  const parts = [Buffer.from(`{"format":${FORMAT},"version":${version},"objects":[`)];
  for (const [at, object] of objects.entries()) {
    let bytes = encoded.get(object);
    if (bytes === undefined) {
      bytes = Buffer.from(JSON.stringify(object));
      encoded.set(object, bytes);
    }
    if (at > 0) parts.push(COMMA);
    parts.push(bytes);
  }
  parts.push(Buffer.from(']}\n'));
  return parts;
}

const COMMA = Buffer.from(',\n');
