import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DataFile, DataFileError, type DataFileOptions } from '../../../../src/adapters/dataset/data-file.ts';
import type { Key } from '../../../../src/core/base/key.ts';
import type { Log, LogFields } from '../../../../src/ports/telemetry.ts';

const A = '72cf48f7-d604-4423-b012-4e2329f5117b';
const B = '3479d894-3271-4935-88cf-a06f3cbb80a6';
const C = '00000000-0000-4000-8000-000000000000';

const folder = mkdtempSync(join(tmpdir(), 'kvstore-dataset-'));
const path = join(folder, 'pairs.data');
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  rmSync(path, { recursive: true, force: true });
});

class RecordedLog implements Log {
  readonly lines: string[] = [];
  debug() {}
  info(event: string, fields: LogFields = {}) {
    if (event === 'data file loading' && 'percent' in fields) this.lines.push(`${String(fields['percent'])} %`);
    else if (event === 'data file loaded') {
      const { lines, keys, repeated, malformed } = fields;
      this.lines.push(JSON.stringify({ lines, keys, repeated, malformed }));
    }
  }
  warn(event: string, fields?: LogFields) {
    this.lines.push(`${event}: ${String(fields?.['line'])}: ${String(fields?.['reason'])}`);
  }
  error() {}
}

const options = (changes: Partial<DataFileOptions> = {}): DataFileOptions => ({
  path,
  bytesMax: 1e6,
  valueBytesMax: 60,
  malformedLinesMax: 1000,
  log: new RecordedLog(),
  ...changes,
});
/** Borders of blocks, chunks and turns wherever they can be; a record has at most 80 bytes. */
const small = (blockBytes: number) => ({ blockBytes, chunkBytes: 128, recordsPerTurn: 3 });
const never = new AbortController().signal;

async function loaded(content: string | Uint8Array, changes: Partial<DataFileOptions> = {}): Promise<DataFile> {
  writeFileSync(path, content);
  const file = await DataFile.open(options(changes));
  await file.load(never);
  return file;
}

function valueOf(file: DataFile, key: string): string | null {
  const outcome = file.lookUp(key as Key);
  if (outcome.kind === 'declined') throw new Error(outcome.code);
  return outcome.kind === 'found' ? Buffer.from(outcome.value).toString('utf8') : null;
}

describe('lookups', () => {
  test('find what is in the file by its UUID, however either is written', async () => {
    const file = await loaded(`${A} one\n${B.toUpperCase().replaceAll('-', '')} two\n`);
    expect([A, A.toUpperCase(), A.replaceAll('-', '')].map((key) => valueOf(file, key))).toEqual(['one', 'one', 'one']);
    expect(valueOf(file, B)).toBe('two');
  });

  test('find nothing under other keys, whatever they are', async () => {
    const file = await loaded(`${A} one\n`);
    const keys = [B, C, '', 'a', `${A} `, `${A}0`, A.slice(1), A.replace('b012', 'b\u00ff12'), 'x'.repeat(1024)];
    expect(keys.map((key) => valueOf(file, key))).toEqual(keys.map(() => null));
  });

  test('find the last of several lines with one UUID', async () => {
    const log = new RecordedLog();
    const file = await loaded(`${A} first\n${B} other\n${A.toUpperCase()} second\n${A} third, longer\n`, { log });
    expect([valueOf(file, A), valueOf(file, B)]).toEqual(['third, longer', 'other']);
    expect(file.keys).toBe(2);
    expect(log.lines.at(-1)).toBe('{"lines":4,"keys":2,"repeated":2,"malformed":0}');
  });

  test('are declined until all of the file is there', async () => {
    writeFileSync(path, `${A} one\n${B} two\n`);
    const file = await DataFile.open(options({ sizes: small(8) }));
    const loading = { kind: 'declined', code: 'loading' };
    expect([file.lookUp(A as Key), file.lookUp('none' as Key)]).toEqual([loading, loading]);
    const load = file.load(never);
    await nextTurn();
    expect(file.lookUp(A as Key)).toEqual(loading);
    expect(file.progress).toBeLessThan(1);
    await load;
    expect(file.lookUp(A as Key)).toMatchObject({ kind: 'found' });
    expect(file.progress).toBe(1);
  });

  test('find nothing in an empty file', async () => {
    const file = await loaded('');
    expect([valueOf(file, A), file.keys, file.progress, file.bytes]).toEqual([null, 0, 1, 0]);
  });
});

/** Few enough UUIDs that some repeat, and some that differ in one digit only. */
const uuids = [A, B, C, ...Array.from({ length: 16 }, (_, digit) => A.slice(0, -1) + digit.toString(16))];
const spelling = fc.constantFrom<(uuid: string) => string>(
  (uuid) => uuid,
  (uuid) => uuid.toUpperCase(),
  (uuid) => uuid.replaceAll('-', ''),
);
const value = fc
  .string({ minLength: 1, maxLength: 15, unit: 'grapheme' })
  .filter((text) => /^[^\n\r\s]([^\n]*[^\n\r\s])?$/u.test(text) && Buffer.byteLength(text) <= 60);
const uuid = fc.oneof(fc.constantFrom(...uuids), fc.uuid({ version: 4 }));
const pairLine = fc.record({ uuid, spelling, value }).map((line) => ({ kind: 'pair' as const, ...line }));
const blankLine = fc.constantFrom('', ' ', '\t').map((text) => ({ kind: 'blank' as const, text }));
const malformedLine = fc.constantFrom('nonsense', A, `${B}\t`).map((text) => ({ kind: 'malformed' as const, text }));
const anyLine = fc.oneof(
  { weight: 6, arbitrary: pairLine },
  { weight: 1, arbitrary: blankLine },
  { weight: 1, arbitrary: malformedLine },
);

test('any file is what a Map makes of its lines, wherever blocks, chunks and turns end', async () => {
  const file = fc.record({
    lines: fc.array(anyLine, { maxLength: 60 }),
    newline: fc.constantFrom('\n', '\r\n'),
    end: fc.constantFrom('newline', 'none'),
    blockBytes: fc.integer({ min: 1, max: 300 }),
  });
  await fc.assert(
    fc.asyncProperty(file, async ({ lines, newline, end, blockBytes }) => {
      const expected = new Map<string, string>();
      const malformed: number[] = [];
      const texts = lines.map((line, place) => {
        if (line.kind === 'pair') {
          expected.set(line.uuid, line.value);
          return `${line.spelling(line.uuid)} ${line.value}`;
        }
        if (line.kind === 'malformed') malformed.push(place + 1);
        return line.text;
      });
      const content = Buffer.from(texts.join(newline) + (end === 'newline' ? newline : ''));
      const log = new RecordedLog();
      const dataFile = await loaded(content, { sizes: small(blockBytes), log });
      for (const known of [...uuids, ...expected.keys()])
        expect(valueOf(dataFile, known)).toBe(expected.get(known) ?? null);
      expect(dataFile.keys).toBe(expected.size);
      const skipped = log.lines.filter((line) => line.startsWith('malformed'));
      expect(skipped).toEqual(
        malformed.map((line) => `malformed line skipped: ${line}: it has no space between a key and a value`),
      );
    }),
    { numRuns: 100 },
  );
});

test('many keys that differ little are all found, and no others', async () => {
  const uuidOf = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
  const numbers = Array.from({ length: 20_000 }, (_, number) => number * 2);
  const file = await loaded(numbers.map((number) => `${uuidOf(number)} value ${number}\n`).join(''), {
    bytesMax: Infinity,
  });
  expect(numbers.filter((number) => valueOf(file, uuidOf(number)) !== `value ${number}`)).toEqual([]);
  expect(numbers.filter((number) => valueOf(file, uuidOf(number + 1)) !== null)).toEqual([]);
});

test('a file takes no more memory than it has bytes, however short its lines are', async () => {
  const lines = Array.from({ length: 1000 }, (_, number) => `${C.slice(0, -4)}${number.toString().padStart(4, '0')}`);
  for (const content of [lines.map((line) => `${line.replaceAll('-', '')} v`), lines.map((line) => `${line} value`)]) {
    const file = await loaded(content.join('\n'), { bytesMax: Infinity });
    expect(file.keys).toBe(1000);
    expect(file.memoryBytes).toBeLessThan(file.bytes);
  }
});

test('progress is told at each tenth, once', async () => {
  const log = new RecordedLog();
  const lines = Array.from({ length: 60 }, (_, number) => `${C.slice(0, -2)}${number.toString().padStart(2, '0')} v\n`);
  await loaded(lines.join(''), { sizes: small(64), log });
  expect(log.lines).toEqual([
    ...['10 %', '20 %', '30 %', '40 %', '50 %', '60 %', '70 %', '80 %', '90 %'],
    '{"lines":60,"keys":60,"repeated":0,"malformed":0}',
  ]);
});

describe('a file that cannot be served is refused', () => {
  const refusal = async (load: Promise<unknown>): Promise<string> => {
    const error: unknown = await load.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof DataFileError)) throw new Error(`no DataFileError: ${String(error)}`);
    return error.message;
  };

  test('where it is not there', async () => {
    expect(await refusal(DataFile.open(options()))).toBe(
      `it cannot be opened: ENOENT: no such file or directory, stat '${path}'`,
    );
  });

  test('where it is a folder, as an empty mount is', async () => {
    mkdirSync(path);
    expect(await refusal(DataFile.open(options()))).toBe('it is no regular file');
  });

  test('where it is larger than the memory that is left, before any of it is read', async () => {
    writeFileSync(path, 'x'.repeat(1001));
    expect(await refusal(DataFile.open(options({ bytesMax: 1000 })))).toBe(
      'it has 1001 bytes and takes as much memory, and 1000 bytes are left for it beside KV_MEMORY_MAX and what the ' +
        'process itself needs: raise the limit of memory, or lower KV_MEMORY_MAX',
    );
    expect((await DataFile.open(options({ bytesMax: 1001 }))).bytes).toBe(1001);
  });

  test('with one malformed line more than may be, by the number of that line', async () => {
    const content = `no\n${A} one\nno\n${B} two\n`;
    expect((await loaded(content, { malformedLinesMax: 2 })).malformedLines).toBe(2);
    expect(await refusal(loaded(content, { malformedLinesMax: 1 }))).toBe(
      'line 3: it has no space between a key and a value; so more lines are malformed than KV_DATASET_MALFORMED_MAX ' +
        'allows: 1',
    );
    expect(await refusal(loaded(`${A}\n`, { malformedLinesMax: 0 }))).toContain('line 1: ');
  });

  test('where it is gone, shorter, longer or another by the time that it is read', async () => {
    const changed = 'it changed while it was read: write a new file beside it, rename it, then restart';
    const content = `${A} one\n${B} two\n`;
    const opened = async () => {
      writeFileSync(path, content);
      return DataFile.open(options());
    };
    let file = await opened();
    rmSync(path);
    expect(await refusal(file.load(never))).toBe(
      `it cannot be read: ENOENT: no such file or directory, open '${path}'`,
    );
    for (const other of [content.slice(1), `${content}x`, '']) {
      file = await opened();
      writeFileSync(path, other);
      expect(await refusal(file.load(never))).toBe(changed);
    }
    file = await opened();
    utimesSync(path, new Date(), new Date(Date.now() + 1000));
    expect(await refusal(file.load(never))).toBe(changed);
  });
});

test('loading ends when the process does', async () => {
  writeFileSync(path, `${A} one\n`.repeat(100));
  const stopping = new AbortController();
  const file = await DataFile.open(options({ sizes: small(8) }));
  const load = file.load(stopping.signal);
  await nextTurn();
  stopping.abort();
  await expect(load).rejects.toThrow('aborted');
  expect(file.progress).toBeLessThan(1);
});
