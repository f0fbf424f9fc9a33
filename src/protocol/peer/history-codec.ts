import { unreachable } from '../../core/base/assert.ts';
import type { Kept, Past, PastPlace } from '../../core/store/reads.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readIndex, readStored, readVersion, writeStored } from './store-codec.ts';

/** The words of R20. A `read…` takes just what its `write…` has put. Numbers on the wire: append, never reorder. */

const PLACES: readonly PastPlace['kind'][] = ['version', 'revision'];
const PASTS: readonly Past['kind'][] = ['found', 'none', 'compacted'];

export function writePastPlace(writer: ByteWriter, at: PastPlace): void {
  writer.oneOf(PLACES, at.kind);
  if (at.kind === 'version') writer.positive(at.version);
  else writer.number(at.revision);
}

export function readPastPlace(reader: ByteReader): PastPlace {
  const kind = reader.oneOf(PLACES, 'place in the past');
  return kind === 'version'
    ? { kind, version: readVersion(reader) }
    : { kind, revision: readIndex(reader, 'revision that is asked for') };
}

export function writePast(writer: ByteWriter, past: Past): void {
  writer.oneOf(PASTS, past.kind);
  if (past.kind === 'found') writeStored(writer, past.stored);
}

export function readPast(reader: ByteReader): Past {
  const kind = reader.oneOf(PASTS, 'what stood there');
  switch (kind) {
    case 'found':
      return { kind, stored: readStored(reader) };
    case 'none':
    case 'compacted':
      return { kind };
    default:
      return unreachable(kind);
  }
}

export function writeVersions(writer: ByteWriter, versions: readonly Kept[]): void {
  writer.number(versions.length);
  for (const { stored, valueBytes, isShown } of versions) {
    writer.flag(isShown);
    if (!isShown) writer.number(valueBytes);
    writeStored(writer, stored);
  }
}

export function readVersions(reader: ByteReader): readonly Kept[] {
  const versions: Kept[] = [];
  for (let left = reader.count('versions'); left > 0; left--) versions.push(readKept(reader));
  return versions;
}

function readKept(reader: ByteReader): Kept {
  const isShown = reader.flag('presence of a value');
  const valueBytes = isShown ? null : reader.number('bytes of a value');
  const stored = readStored(reader);
  return { stored, valueBytes: valueBytes ?? stored.value.length, isShown };
}
