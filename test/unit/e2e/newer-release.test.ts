import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { epoch, groupId, logIndex } from '../../../src/core/base/numbers.ts';
import { Entry, type EntryBody } from '../../../src/core/replication/entry.ts';
import type { Append } from '../../../src/core/replication/messages.ts';
import type { PeerFrame } from '../../../src/core/routing/frames.ts';
import { FrameDecoder } from '../../../src/protocol/peer/frame-decoder.ts';
import { FrameEncoder } from '../../../src/protocol/peer/frame-encoder.ts';
import { encodePreface, SUPPORTED_VERSIONS, type VersionRange } from '../../../src/protocol/peer/preface.ts';
import { newerSources, withNewerRelease } from '../../e2e/release/newer-release.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const CODEC = `
  export { FrameDecoder } from './src/protocol/peer/frame-decoder.ts';
  export { FrameEncoder } from './src/protocol/peer/frame-encoder.ts';
  export { SUPPORTED_VERSIONS } from './src/protocol/peer/preface.ts';
`;

interface Codec {
  readonly FrameDecoder: typeof FrameDecoder;
  readonly FrameEncoder: new () => FrameEncoder & { version?: number };
  readonly SUPPORTED_VERSIONS: VersionRange;
}

const older: Codec = { FrameDecoder, FrameEncoder, SUPPORTED_VERSIONS };
let newer: Codec;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-codec-'));
  await withNewerRelease(ROOT, async (checkout) => {
    const { outputFiles } = await build({
      stdin: { contents: CODEC, resolveDir: checkout, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
    });
    writeFileSync(join(folder, 'codec.mjs'), outputFiles[0]?.text ?? '');
  });
  newer = (await import(pathToFileURL(join(folder, 'codec.mjs')).href)) as Codec;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOTE = { kind: 'note', number: 4711 } as unknown as EntryBody;

function appendOf(body: EntryBody): PeerFrame {
  const message: Append = {
    kind: 'append',
    epoch: epoch(3),
    lineage: { number: 1, id: 'd1.1' },
    round: 1,
    fullRound: 0,
    prevIndex: logIndex(6),
    prevEpoch: epoch(2),
    commitIndex: logIndex(5),
    member: true,
    confirmedMs: 12.5,
    timeMs: 2000 as Entry['timeMs'],
    entries: [new Entry(logIndex(7), epoch(3), 1000 as Entry['timeMs'], body)],
  };
  return { kind: 'peer', group: groupId(0), message };
}

/** What arrives of an append, once both sides have agreed on a version. */
function sent(from: Codec, to: Codec, body: EntryBody): { readonly version: number | null; readonly body: unknown } {
  const decoder = new to.FrameDecoder();
  decoder.push(Buffer.from(encodePreface(from.SUPPORTED_VERSIONS)));
  const encoder = new from.FrameEncoder();
  if (from === newer) encoder.version = decoder.version ?? 0;
  encoder.encode(appendOf(body));
  const outcome = decoder.push(Buffer.concat(encoder.take()));
  if (outcome.kind === 'malformed') throw new Error(outcome.reason);
  const [frame] = outcome.frames;
  if (frame?.kind !== 'peer' || frame.message.kind !== 'append') throw new Error('no append');
  return { version: decoder.version, body: frame.message.entries[0]?.body };
}

describe('the newer release', () => {
  test('differs in places that the sources have', () => {
    expect(newerSources(ROOT).size).toBeGreaterThan(10);
  });

  test('speaks to its own kind with all that is new', () => {
    expect(sent(newer, newer, NOTE)).toEqual({ version: 2, body: NOTE });
  });

  test('speaks to the older one as that one does, and is understood', () => {
    expect(sent(newer, older, NOTE)).toEqual({ version: 1, body: { kind: 'empty' } });
  });

  test('understands the older one', () => {
    expect(sent(older, newer, { kind: 'empty' })).toEqual({ version: 1, body: { kind: 'empty' } });
  });

  test('is not understood by the older one if it keeps to no version', () => {
    const decoder = new older.FrameDecoder();
    decoder.push(Buffer.from(encodePreface(older.SUPPORTED_VERSIONS)));
    const encoder = new newer.FrameEncoder();
    encoder.version = 2;
    encoder.encode(appendOf(NOTE));
    expect(decoder.push(Buffer.concat(encoder.take())).kind).toBe('malformed');
  });
});
