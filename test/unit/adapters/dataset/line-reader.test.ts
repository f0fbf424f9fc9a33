import { describe, expect, test } from '@jest/globals';
import { LineReader } from '../../../../src/adapters/dataset/line-reader.ts';

const A = '72cf48f7-d604-4423-b012-4e2329f5117b';
const B = '3479d894-3271-4935-88cf-a06f3cbb80a6';
const plain = (uuid: string) => uuid.replaceAll('-', '');

interface Reading {
  /** `uuid value`, the UUID without dashes. */
  readonly pairs: readonly string[];
  /** `line: reason` */
  readonly malformed: readonly string[];
  readonly lines: number;
}

/** What a reader makes of blocks that come one after the other. */
function read(blocks: readonly Uint8Array[], { valueBytesMax = 100, blockBytes = 4096 } = {}): Reading {
  const pairs: string[] = [];
  const malformed: string[] = [];
  const reader = new LineReader({
    blockBytes,
    valueBytesMax,
    sink: {
      onPair: (uuid, bytes, start, end) => {
        const digits = Array.from(uuid, (word) => word.toString(16).padStart(8, '0')).join('');
        pairs.push(`${digits} ${Buffer.from(bytes.subarray(start, end)).toString('utf8')}`);
      },
      onMalformed: (line, reason) => {
        malformed.push(`${line}: ${reason}`);
      },
    },
  });
  for (const block of blocks) {
    reader.room.set(block);
    reader.take(block.length);
  }
  reader.end();
  return { pairs, malformed, lines: reader.lines };
}

const readText = (text: string, options?: Parameters<typeof read>[1]) => read([Buffer.from(text)], options);
/** Every byte comes by itself. */
const readByteByByte = (bytes: Buffer, options?: Parameters<typeof read>[1]) =>
  read(
    Array.from(bytes, (byte) => Uint8Array.of(byte)),
    options,
  );

describe('a line', () => {
  test('has a UUID, a space and all the rest as its value', () => {
    expect(readText(`${A} zsda pl  focnygogk\n${B.toUpperCase()} x\n`)).toEqual({
      pairs: [`${plain(A)} zsda pl  focnygogk`, `${plain(B)} x`],
      malformed: [],
      lines: 2,
    });
  });

  test('may have a UUID without dashes, also where a value has a space behind as many bytes as one with dashes', () => {
    expect(readText(`${plain(A)} abc d\n${plain(B)} x\n ${A} y\n`).pairs).toEqual([
      `${plain(A)} abc d`,
      `${plain(B)} x`,
      `${plain(A)} y`,
    ]);
  });

  test('ends with a newline, with CRLF, or with the file', () => {
    const pairs = [`${plain(A)} one`, `${plain(B)} two`];
    for (const text of [`${A} one\n${B} two\n`, `${A} one\r\n${B} two\r\n`, `${A} one\r\n${B} two`]) {
      expect(readText(text)).toEqual({ pairs, malformed: [], lines: 2 });
    }
  });

  test('has no white space on either side, as in the earlier service; within, it stays', () => {
    expect(readText(` \t${A}  two\tand more \t\r\n`).pairs).toEqual([`${plain(A)}  two\tand more`]);
  });

  test('may be blank, and is none then, though it counts', () => {
    expect(readText(`\n\r\n  \t\n${A} one\n\n`)).toEqual({ pairs: [`${plain(A)} one`], malformed: [], lines: 5 });
    expect(readText('')).toEqual({ pairs: [], malformed: [], lines: 0 });
  });

  test('may come behind a byte order mark, if it is the first', () => {
    expect(readText(`\ufeff${A} one\n`).pairs).toEqual([`${plain(A)} one`]);
    expect(readText(`${A} one\n\ufeff${B} two\n`).malformed).toEqual(['2: its key is no UUID of version 4']);
  });

  test('has any text as its value', () => {
    const value = 'größer \u0000 \u2028 日本 🙂';
    expect(readText(`${A} ${value}\n`).pairs).toEqual([`${plain(A)} ${value}`]);
  });
});

describe('a malformed line', () => {
  test.each([
    ['a key that is none', 'hello world', 'its key is no UUID of version 4'],
    ['a UUID of another version', `${A.replace('-4', '-1')} value`, 'its key is no UUID of version 4'],
    ['a tab instead of the space', `${A}\tvalue`, 'it has no space between a key and a value'],
    ['a tab instead of the space, and a space in the value', `${A}\tvalue x`, 'its key is no UUID of version 4'],
    ['a key alone', A, 'it has no space between a key and a value'],
    ['a key and a space', `${A} `, 'it has no space between a key and a value'],
    ['a value alone', 'value', 'it has no space between a key and a value'],
    ['two spaces before a value of none', `${A}  `, 'it has no space between a key and a value'],
    ['a value that is too long', `${A} ${'x'.repeat(101)}`, 'its value is longer than 100 bytes (KV_VALUE_BYTES_MAX)'],
  ])('with %s is skipped, and its number told', (_what, line, reason) => {
    const expected = { pairs: [`${plain(B)} 1`, `${plain(B)} 3`], malformed: [`2: ${reason}`], lines: 3 };
    const text = `${B} 1\n${line}\n${B} 3\n`;
    expect(readText(text)).toEqual(expected);
    expect(readByteByByte(Buffer.from(text))).toEqual(expected);
  });

  test('that is not UTF-8 is skipped, and none of the others in its block', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${A} ä\n${B} `),
      Buffer.of(0xff),
      Buffer.from(`\n${A} b\n${B} `),
      // The first of the two bytes of ä, at the end of a line.
      Buffer.of(0xc3),
      Buffer.from(`\n${B} ö\n`),
    ]);
    const expected = {
      pairs: [`${plain(A)} ä`, `${plain(A)} b`, `${plain(B)} ö`],
      malformed: ['2: its value is not UTF-8', '4: its value is not UTF-8'],
      lines: 5,
    };
    expect(read([bytes])).toEqual(expected);
    expect(readByteByByte(bytes)).toEqual(expected);
  });

  test('may be longer than what is ever in memory, and the last', () => {
    const reason = 'its value is longer than 100 bytes (KV_VALUE_BYTES_MAX)';
    const long = `${A} ${'x'.repeat(5000)}`;
    const expected = { pairs: [`${plain(B)} 2`], malformed: [`1: ${reason}`, `3: ${reason}`], lines: 3 };
    const bytes = Buffer.from(`${long}\n${B} 2\n${long}`);
    for (const blockBytes of [1, 7, 64, 1000]) {
      const blocks = Array.from({ length: Math.ceil(bytes.length / blockBytes) }, (_, block) =>
        bytes.subarray(block * blockBytes, (block + 1) * blockBytes),
      );
      expect(read(blocks, { blockBytes })).toEqual(expected);
    }
  });

  test('stops the reader where the sink throws', () => {
    const reader = new LineReader({
      blockBytes: 100,
      valueBytesMax: 100,
      sink: {
        onPair() {},
        onMalformed(line) {
          throw new Error(`enough at line ${line}`);
        },
      },
    });
    reader.room.set(Buffer.from('no\nno\n'));
    expect(() => {
      reader.take(6);
    }).toThrow('enough at line 1');
  });
});

test('blocks may end at any byte', () => {
  const bytes = Buffer.from(
    `\ufeff${A} eins\r\n\n${plain(B)} größer\nnonsense\r\n${A.toUpperCase()} 🙂 drei \n${B} no newline`,
  );
  const expected = {
    pairs: [`${plain(A)} eins`, `${plain(B)} größer`, `${plain(A)} 🙂 drei`, `${plain(B)} no newline`],
    malformed: ['4: it has no space between a key and a value'],
    lines: 6,
  };
  expect(read([bytes])).toEqual(expected);
  for (let border = 0; border <= bytes.length; border += 1) {
    expect(read([bytes.subarray(0, border), bytes.subarray(border)])).toEqual(expected);
  }
  expect(readByteByByte(bytes)).toEqual(expected);
});
