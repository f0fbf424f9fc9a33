import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { itemBytes } from '../../../../src/core/replication/snapshot.ts';
import type { PeerFrame } from '../../../../src/core/routing/frames.ts';
import { UnencodableError } from '../../../../src/protocol/peer/byte-writer.ts';
import { FrameDecoder } from '../../../../src/protocol/peer/frame-decoder.ts';
import { FrameEncoder } from '../../../../src/protocol/peer/frame-encoder.ts';
import { encodePreface, SUPPORTED_VERSIONS } from '../../../../src/protocol/peer/preface.ts';
import { anyFrame, framesByKind } from './arbitrary-frames.ts';

const preface = Buffer.from(encodePreface(SUPPORTED_VERSIONS));

function encoded(...frames: readonly PeerFrame[]): Buffer {
  const encoder = new FrameEncoder();
  for (const frame of frames) encoder.encode(frame);
  return Buffer.concat(encoder.take());
}

/** jest shows a difference well but takes a second for a value of 70,000 bytes, so it is asked only where there is one. */
function expectSame(actual: readonly PeerFrame[], wanted: readonly PeerFrame[]): void {
  if (!isDeepStrictEqual(actual, wanted)) expect(actual).toEqual(wanted);
}

function openDecoder(options: { readonly frameBytesMax?: number } = {}): FrameDecoder {
  const decoder = new FrameDecoder(options);
  expect(decoder.push(preface)).toEqual({ kind: 'frames', frames: [] });
  return decoder;
}

function decoded(decoder: FrameDecoder, chunk: Buffer): readonly PeerFrame[] {
  const outcome = decoder.push(chunk);
  if (outcome.kind === 'malformed') throw new Error(outcome.reason);
  return outcome.frames;
}

/** A frame's bytes as they would lie in what arrives: with length, type, group and epoch in front. */
function frameOf(type: number, ...body: readonly number[]): Buffer {
  const bytes = Buffer.from([0, 0, 0, 0, type, 0, 0, ...body]);
  bytes.writeUInt32BE(bytes.length - 4);
  return bytes;
}

describe('every frame comes out as it went in', () => {
  for (const [kind, arbitrary] of framesByKind) {
    test(kind, () => {
      fc.assert(
        fc.property(arbitrary, (frame) => {
          expectSame(decoded(openDecoder(), encoded(frame)), [frame]);
        }),
        { numRuns: 60 },
      );
    });
  }
});

test('a frame has one encoding: what is decoded encodes to the same bytes', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 5 }), (frames) => {
      const bytes = encoded(...frames);
      expect(encoded(...decoded(openDecoder(), Buffer.from(bytes))).equals(bytes)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('all complete frames of a chunk come as one batch', () => {
  const frames = fc.sample(anyFrame, { numRuns: 50, seed: 1 });
  expectSame(decoded(openDecoder(), encoded(...frames)), frames);
});

test('chunks may end anywhere: at each position of preface and frames', () => {
  const frames = fc.sample(anyFrame, { numRuns: 12, seed: 2 }).filter((frame) => encoded(frame).length < 2000);
  const body = encoded(...frames);
  const bytes = Buffer.concat([preface, body]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const decoder = new FrameDecoder();
    const first = decoded(decoder, Buffer.from(bytes.subarray(0, cut)));
    const rest = decoded(decoder, Buffer.from(bytes.subarray(cut)));
    expect(first.length + rest.length).toBe(frames.length);
    expect(encoded(...first, ...rest).equals(body)).toBe(true);
  }
});

test('chunks may be of any size, single bytes too', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 6 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70_000 })), {
        minLength: 1,
        maxLength: 10,
      }),
      (frames, sizes) => {
        const bytes = Buffer.concat([preface, encoded(...frames)]);
        // Single bytes only where there are few of them.
        const usable = bytes.length > 20_000 ? sizes.map((size) => size + 5000) : sizes;
        const decoder = new FrameDecoder();
        const out: PeerFrame[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = usable[i % usable.length] ?? 1;
          out.push(...decoded(decoder, Buffer.from(bytes.subarray(at, at + size))));
          at += size;
        }
        expectSame(out, frames);
      },
    ),
    { numRuns: 100 },
  );
});

test('what was taken stays as it is while more is encoded', () => {
  const frames = fc.sample(anyFrame, { numRuns: 60, seed: 3 });
  const encoder = new FrameEncoder();
  const taken = frames.map((frame) => {
    encoder.encode(frame);
    return encoder.take();
  });
  expectSame(decoded(openDecoder(), Buffer.concat(taken.flat())), frames);
});

test('memory is used again once nobody reads what was taken', () => {
  const frames = fc.sample(anyFrame, { numRuns: 60, seed: 4 });
  const encoder = new FrameEncoder();
  const decoder = openDecoder();
  for (const frame of frames) {
    encoder.encode(frame);
    const copy = Buffer.concat(encoder.take());
    encoder.reuse();
    expectSame(decoded(decoder, copy), [frame]);
  }
});

test('what is decoded does not change when the bytes that it came from do', () => {
  const small = framesByKind.map(([, arbitrary]) => arbitrary).map((each) => fc.sample(each, { numRuns: 5, seed: 5 }));
  const frames = small.flat().filter((frame) => encoded(frame).length < 10_000);
  const bytes = encoded(...frames);
  const out = decoded(openDecoder(), bytes);
  bytes.fill(0xee);
  expectSame(out, frames);
});

describe('a frame that is not right never throws and is never delivered', () => {
  test('random bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (chunks) => {
        const decoder = openDecoder();
        for (const chunk of chunks) decoder.push(Buffer.from(chunk));
      }),
      { numRuns: 1000 },
    );
  });

  test('random bodies of every type', () => {
    fc.assert(
      fc.property(fc.nat(63), fc.uint8Array({ maxLength: 200 }), (type, body) => {
        const bytes = frameOf(type, ...body);
        const outcome = openDecoder().push(Buffer.from(bytes));
        // Whatever is taken for a frame is just what such a frame would be encoded to.
        if (outcome.kind === 'frames') expect(encoded(...outcome.frames).equals(bytes)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('a flipped bit', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, at) => {
        const bytes = encoded(frame);
        const bit = at % Math.min(8 * bytes.length, 8 * 4000);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const outcome = openDecoder().push(bytes);
        if (outcome.kind === 'frames') expect(outcome.frames.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1500 },
    );
  });

  test('a frame cut short, with a length that fits', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, at) => {
        const whole = encoded(frame);
        const bytes = Buffer.from(whole.subarray(0, 4 + 3 + (at % (whole.length - 6))));
        if (bytes.length === whole.length) return;
        bytes.writeUInt32BE(bytes.length - 4);
        expect(openDecoder().push(bytes).kind).toBe('malformed');
      }),
      { numRuns: 1000 },
    );
  });

  test('bytes after the last field', () => {
    fc.assert(
      fc.property(anyFrame, fc.uint8Array({ minLength: 1, maxLength: 9 }), (frame, more) => {
        const bytes = Buffer.concat([encoded(frame), more]);
        bytes.writeUInt32BE(bytes.length - 4);
        const outcome = openDecoder().push(bytes);
        expect(outcome).toEqual({ kind: 'malformed', reason: `${more.length} bytes after the last field` });
      }),
      { numRuns: 200 },
    );
  });

  const key = [1, 0x6b];
  /** A read of one key; what is asked of a list; the beginning of a write. */
  const [ofKey, ofList] = [0, 1];
  const write = [0, 1, 0x61, 1, 0, 0];
  const number = [5];
  test.each<[string, Buffer, RegExp]>([
    ['an unknown type', frameOf(13, 1), /unknown type of frame: 13/],
    ['a type beyond all', frameOf(200, 1), /unknown type of frame: 200/],
    ['an empty key', frameOf(34, ...number, ofKey, 0, 0, 0), /a key of 0 bytes/],
    [
      'a key of 1025 bytes',
      frameOf(34, ...number, ofKey, 0x81, 0x08, ...new Array<number>(1025).fill(1), 0, 0),
      /a key of 1025 bytes/,
    ],
    ['an unknown read mode', frameOf(34, ...number, ofKey, ...key, 4, 0), /unknown read mode: 4/],
    ['a read of another kind', frameOf(34, ...number, 5, ...key, 0, 0), /unknown kind of read: 5/],
    ['a version 0', frameOf(34, ...number, 3, ...key, 0, 0, 0, 0), /version is 0/],
    ['a page of 1001 keys', frameOf(34, ...number, ofList, 0, 0, 0, 0xe9, 0x07, 0, 0, 0), /a page of 1001/],
    ['a page of none', frameOf(34, ...number, ofList, 0, 0, 0, 0, 0, 0, 0), /limit is 0/],
    ['more keys than may be deleted', frameOf(32, ...number, ...write, 7, 0, 1, 0x91, 0x4e), /10001 keys expected/],
    [
      'a deletion within a batch',
      frameOf(32, ...number, ...write, 3, 1, 7, 0, 0),
      /deletePrefix within another command/,
    ],
    ['a flag that is none', frameOf(34, ...number, ofKey, ...key, 0, 2), /neither 0 nor 1/],
    ['a number beyond 2^53', frameOf(35, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f), /not a safe whole number/],
    ['a number without end', frameOf(35, ...new Array<number>(20).fill(0x80)), /not a safe whole number/],
    ['a number that is cut off', frameOf(35, 0x80), /ends within/],
    ['a number in more bytes than it needs', frameOf(35, 0x85, 0x00), /shortest way/],
    ['text that is not UTF-8', frameOf(7, 1, 2, 0xc3, 0x28), /lineage id is not UTF-8/],
    ['a lineage without an id', frameOf(7, 1, 0), /lineage id of 0 bytes/],
    ['a lineage numbered 0', frameOf(7, 0, 1, 0x61), /lineage number is 0/],
    ['a time that is none', frameOf(8, 1, 1, 0x61, 1, 1, 1, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0, 0, 0), /not a time/],
    ['more items than bytes', frameOf(5, 1, 1, 0x61, 1, 1, 0xff, 0xff, 0xff, 0x7f), /268435455 items do not fit/],
    ['not a replica id', frameOf(11, 1, 5, ...Buffer.from('a/b/ ')), /not a replica id/],
    ['a frame without a body', Buffer.from([0, 0, 0, 0]), /a frame of 0 bytes/],
  ])('%s', (_name, bytes, reason) => {
    const outcome = openDecoder().push(bytes);
    expect(outcome.kind === 'malformed' && outcome.reason).toMatch(reason);
  });

  test('entries that do not stand in a row', () => {
    const zeros = (count: number) => Array.from({ length: count }, () => 0);
    const empty = (index: number) => [index, 1, ...zeros(9)];
    const append = (...entries: readonly number[]) =>
      frameOf(7, 1, 1, 0x61, 0, 0, 4, 1, 4, 1, ...zeros(16), entries.length / 11, ...entries);
    expect(openDecoder().push(append(...empty(5), ...empty(6))).kind).toBe('frames');
    expect(openDecoder().push(append(...empty(5), ...empty(7))).kind).toBe('malformed');
    expect(openDecoder().push(append(...empty(4))).kind).toBe('malformed');
  });
});

test('after the first malformed frame nothing is read any more', () => {
  const decoder = openDecoder();
  const malformed = decoder.push(frameOf(13));
  expect(malformed.kind).toBe('malformed');
  expect(decoder.push(frameOf(35, 1))).toBe(malformed);
});

test('a frame beyond the limit is malformed as soon as its length is known', () => {
  const decoder = openDecoder({ frameBytesMax: 1000 });
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(1001);
  expect(decoder.push(bytes)).toEqual({ kind: 'malformed', reason: 'a frame of 1001 bytes' });
});

describe('what the other side would not take is not encoded, and leaves no trace', () => {
  const lineage = { number: 1, id: 'a' };
  const read = { key: 'k', mode: 'in-sync', token: null };
  const write = { id: { session: 's', number: 1 }, settledThrough: 0, idempotencyKey: null };
  const lifetime = { kind: 'unlimited' };
  const put = {
    kind: 'put',
    key: 'k',
    value: new Uint8Array(1),
    contentType: null,
    condition: { kind: 'none' },
    lifetime,
    idle: lifetime,
  };
  const tags = [{ lineageId: 'x'.repeat(5000), revision: 1 }];
  const ofRead = (change: object) => ({ kind: 'read', read: { ...read, ...change } });
  const ofWrite = (change: object, command: object = {}) => ({
    kind: 'write',
    hop: 'direct',
    write: { ...write, ...change, command: { ...put, ...command } },
  });
  const ofMessage = (message: object) => ({ kind: 'peer', message: { epoch: 1, lineage, ...message } });
  test.each<[string, object]>([
    ['a frame beyond the limit', ofWrite({}, { value: new Uint8Array(100_000) })],
    ['an empty key', ofRead({ key: '' })],
    ['a long key', ofRead({ key: 'k'.repeat(1025) })],
    ['an unknown mode', ofRead({ mode: 'stale' })],
    ['a token without lineage id', ofRead({ token: { lineage: { number: 1, id: '' }, revision: 1 } })],
    ['a token of lineage 0', ofRead({ token: { lineage: { number: 0, id: 'a' }, revision: 1 } })],
    ['a negative revision', ofRead({ token: { lineage, revision: -1 } })],
    ['a fraction of a revision', ofRead({ token: { lineage, revision: 1.5 } })],
    ['a revision beyond 2^53', ofRead({ token: { lineage, revision: 2 ** 53 } })],
    ['a long tag', ofWrite({}, { condition: { kind: 'match', tags } })],
    ['a long content type', ofWrite({}, { contentType: 'x'.repeat(256) })],
    ['a long idempotency key', ofWrite({ idempotencyKey: { key: 'x'.repeat(256), digest: '' } })],
    ['a session without a name', ofWrite({ id: { session: '', number: 1 } })],
    ['a request numbered 0', ofWrite({ id: { session: 's', number: 0 } })],
    ['not a replica id', ofMessage({ kind: 'question', number: 1, from: 'pod' })],
    ['not a time', ofMessage({ kind: 'snapshotBegin', hello: 1, startIndex: 1, startEpoch: 1, timeMs: NaN })],
  ])('%s', (_name, refused) => {
    const around = fc.sample(anyFrame, { numRuns: 20, seed: 6 }).filter((frame) => encoded(frame).length < 60_000);
    const encoder = new FrameEncoder({ frameBytesMax: 65_536 });
    for (const frame of around) {
      encoder.encode(frame);
      const before = encoder.bytes;
      expect(() => {
        encoder.encode({ group: 0, epoch: 1, request: 1, ...refused } as unknown as PeerFrame);
      }).toThrow(UnencodableError);
      expect(encoder.bytes).toBe(before);
    }
    expectSame(decoded(openDecoder(), Buffer.concat(encoder.take())), around);
  });
});

test('memory grows with what has arrived, not with what was announced', () => {
  const before = process.memoryUsage().arrayBuffers;
  const announced = Buffer.alloc(8, 1);
  announced.writeUInt32BE(20 * 2 ** 20);
  const decoders = Array.from({ length: 500 }, () => {
    const decoder = openDecoder();
    expect(decoder.push(Buffer.from(announced)).kind).toBe('frames');
    return decoder;
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(decoders.length * 16 * 1024);
});

test('a large frame in many small chunks is gathered without quadratic copying', () => {
  const value = new Uint8Array(4 * 2 ** 20).fill(9);
  const unguarded = { condition: { kind: 'none' }, lifetime: { kind: 'unlimited' }, idle: { kind: 'unlimited' } };
  const command = { kind: 'put', key: 'k', value, contentType: null, ...unguarded };
  const id = { session: 's', number: 1 };
  const write = { id, settledThrough: 0, idempotencyKey: null, command };
  const frame = { kind: 'write', group: 0, epoch: 1, request: 1, hop: 'direct', write } as unknown as PeerFrame;
  const bytes = encoded(frame);
  const decoder = openDecoder();
  const startMs = performance.now();
  const out: PeerFrame[] = [];
  for (let at = 0; at < bytes.length; at += 512) out.push(...decoded(decoder, bytes.subarray(at, at + 512)));
  expect(out).toHaveLength(1);
  // 8,000 chunks: copying all that is there at each would move 16 GB.
  expect(performance.now() - startMs).toBeLessThan(2000);
});

test('text that comes again is the same string, however it is interleaved', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b', 'ab', 'ä', 'session-1', 'session-2', ''), { maxLength: 30 }),
      (hints) => {
        const frames = hints.map((leaderHint, request) => ({
          kind: 'sessionAnswered',
          group: 0,
          epoch: 0,
          request,
          outcome: { kind: 'refused', code: 'not-leader', leaderHint },
        })) as unknown as PeerFrame[];
        expectSame(decoded(openDecoder(), encoded(...frames)), frames);
      },
    ),
  );
});

test('what entries and pieces of a snapshot count for is no less than what they take on the wire', () => {
  const heavy = framesByKind.filter(([kind]) => ['append', 'snapshotChunk'].includes(kind));
  expect(heavy).toHaveLength(2);
  for (const [, arbitrary] of heavy) {
    fc.assert(
      fc.property(arbitrary, (frame) => {
        const message = frame.kind === 'peer' ? frame.message : null;
        const counted =
          message?.kind === 'append'
            ? message.entries.reduce((sum, entry) => sum + entry.bytes, 0)
            : message?.kind === 'snapshotChunk'
              ? message.items.reduce((sum, item) => sum + itemBytes(item), 0)
              : NaN;
        expect(encoded(frame).length).toBeLessThanOrEqual(counted + 1024);
      }),
    );
  }
});
