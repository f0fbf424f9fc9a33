import { describe, expect, test } from '@jest/globals';
import { linesOf } from '../../../src/cli/lines.ts';
import { recordOf, type RecordOptions } from '../../../src/cli/records.ts';

const options: RecordOptions = { format: 'jsonl', prefix: '', onlyAbsent: false, nowMs: Date.parse('2026-01-01') };
const asked = (line: object, own: Partial<RecordOptions> = {}) =>
  recordOf(JSON.stringify(line), { ...options, ...own });

describe('a line of JSON', () => {
  test.each([
    ['a key', { keyB64: 'a', value: 'v' }],
    ['a key with what is no base64 in it', { keyB64: 'YQ==!', value: 'v' }],
    ['a value', { key: 'k', valueB64: '%%%%' }],
    ['a value without its padding', { key: 'k', valueB64: 'YQ' }],
  ])('%s that is no base64 is refused, and not read as something else', (_what, line) => {
    expect(asked(line)).toMatchObject({ kind: 'bad', reason: expect.stringContaining('in base64') });
  });

  test('a value in base64 is written as its bytes', () => {
    expect(asked({ key: 'k', valueB64: '/wA=' })).toMatchObject({
      kind: 'write',
      operation: { put: { key: 'k', value: Uint8Array.of(255, 0) } },
    });
  });

  test('one that deletes is left out where what is there is to stay', () => {
    expect(asked({ key: 'k', deleted: true }).kind).toBe('write');
    expect(asked({ key: 'k', deleted: true }, { onlyAbsent: true }).kind).toBe('skipped');
  });

  test('what is over is not written; what is not over yet stays for the rest', () => {
    expect(asked({ key: 'k', value: 'v', expiresAt: '2025-12-31T23:59:59Z' }).kind).toBe('expired');
    expect(asked({ key: 'k', value: 'v', expiresAt: '2026-01-01T00:00:05Z' })).toMatchObject({
      operation: { put: { ttl: '5000ms' } },
    });
  });
});

describe('lines', () => {
  async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
  }

  test.each([1, 2, 3, 100])(
    'are found wherever %d bytes end, and what is not UTF-8 is known to be none',
    async (size) => {
      const bytes = Buffer.concat([Buffer.from('ä\n\n  \n€\n'), Buffer.of(0xff, 0x0a), Buffer.from('end')]);
      const lines = [];
      for await (const line of linesOf(inPieces(bytes, size))) lines.push(line);
      expect(lines).toEqual([
        { number: 1, text: 'ä', end: 3 },
        { number: 4, text: '€', end: 11 },
        { number: 5, text: null, end: 13 },
        { number: 6, text: 'end', end: 16 },
      ]);
    },
  );
});
