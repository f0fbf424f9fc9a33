/**
 * What the peer protocol costs for one replicated write, by message: `node test/bench/peer-codec.ts [value bytes]`.
 * Batches are those of a busy leader: 64 writes a turn.
 */
import { epoch, groupId, logIndex, version, wallMs } from '../../src/core/base/numbers.ts';
import type { Key } from '../../src/core/base/key.ts';
import { Entry } from '../../src/core/replication/entry.ts';
import type { PeerFrame } from '../../src/core/routing/frames.ts';
import type { SessionId } from '../../src/core/store/commands.ts';
import { FrameDecoder } from '../../src/protocol/peer/frame-decoder.ts';
import { FrameEncoder } from '../../src/protocol/peer/frame-encoder.ts';
import { encodePreface, SUPPORTED_VERSIONS } from '../../src/protocol/peer/preface.ts';

const BATCH = 64;
const BLOCKS = 200;
const valueBytes = Number(process.argv[2] ?? 32);

const group = groupId(0);
const term = epoch(3);
const lineage = { number: 1, id: '2b1e6c9a-77f0-4d7c-8d1c-0a6f2b9f1e55.1' };
const session = '2b1e6c9a-77f0-4d7c-8d1c-0a6f2b9f1e55.12' as SessionId;
const value = new Uint8Array(valueBytes).fill(7);
const contentType = 'application/octet-stream';
const condition = { kind: 'none' } as const;
const lifetime = { kind: 'unlimited' } as const;

function writes(base: number): PeerFrame[] {
  return Array.from({ length: BATCH }, (_, i): PeerFrame => {
    const key = `user:${base + i}` as Key;
    const command = { kind: 'put', key, value, contentType, condition, lifetime, idle: lifetime } as const;
    const write = {
      id: { session, number: base + i },
      settledThrough: base,
      idempotencyKey: null,
      command,
    } as const;
    return { kind: 'write', group, epoch: term, request: base + i, hop: 'direct', write };
  });
}

function entriesFrom(base: number): Entry[] {
  return Array.from({ length: BATCH }, (_, i) => {
    const index = logIndex(base + i + 1);
    const timeMs = wallMs(1_790_000_000_000);
    const place = {
      revision: index,
      version: version(1),
      createRevision: index,
      modifiedMs: timeMs,
      expiresAtMs: null,
      idleMs: null,
    };
    const effects = [
      { kind: 'put', key: `user:${base + i}` as Key, stored: { value, contentType, ...place } } as const,
    ];
    const outcome = { kind: 'written', version: version(1), created: true } as const;
    const request = { session, number: base + i };
    const body = { kind: 'write', request, settledThrough: base, idempotencyKey: null, effects, outcome } as const;
    return new Entry(index, term, timeMs, body);
  });
}

function appendOf(base: number): PeerFrame[] {
  const position = { prevIndex: logIndex(base), prevEpoch: term, commitIndex: logIndex(base) };
  const round = {
    round: base,
    fullRound: base - 1,
    member: true,
    confirmedMs: 12_345.678,
    timeMs: wallMs(1_700_000_000_000),
  };
  return [
    {
      kind: 'peer',
      group,
      message: { kind: 'append', epoch: term, lineage, ...round, ...position, entries: entriesFrom(base) },
    },
  ];
}

function answers(base: number): PeerFrame[] {
  return Array.from({ length: BATCH }, (_, i): PeerFrame => {
    const decided = { kind: 'written', version: version(1), created: true } as const;
    const outcome = {
      kind: 'committed',
      decided,
      revision: logIndex(base + i + 1),
      lineage,
      acks: 3,
      members: 3,
    } as const;
    return { kind: 'writeAnswered', group, epoch: term, request: base + i, outcome };
  });
}

function reads(base: number): PeerFrame[] {
  return Array.from({ length: BATCH }, (_, i): PeerFrame => {
    const read = { kind: 'key', key: `user:${base + i}` as Key, mode: 'in-sync', token: null } as const;
    return { kind: 'read', group, epoch: term, request: base + i, read };
  });
}

function found(base: number): PeerFrame[] {
  return Array.from({ length: BATCH }, (_, i): PeerFrame => {
    const revision = logIndex(base + i + 1);
    const stored = {
      value,
      contentType,
      revision,
      version: version(1),
      createRevision: revision,
      modifiedMs: wallMs(1_790_000_000_000),
      expiresAtMs: null,
      idleMs: null,
    };
    return {
      kind: 'readAnswered',
      group,
      epoch: term,
      request: base + i,
      outcome: { kind: 'read', found: stored, remainingMs: null, lineage, revision },
    };
  });
}

/** The best of many blocks: on a machine that is shared, the rest measures the neighbours. */
function measure(name: string, perBatch: number, make: (base: number) => PeerFrame[]): void {
  const batches = Array.from({ length: 32 }, (_, i) => make(1_000_000 + i * BATCH));
  const encoder = new FrameEncoder();
  const decoder = new FrameDecoder();
  decoder.push(Buffer.from(encodePreface(SUPPORTED_VERSIONS)));
  let encodeNs = Infinity;
  let decodeNs = Infinity;
  let bytes = 0;
  for (let block = 0; block < BLOCKS; block++) {
    const chunks: Buffer[] = [];
    const start = process.hrtime.bigint();
    for (const batch of batches) {
      for (const frame of batch) encoder.encode(frame);
      // The kernel's part: what arrives is a fresh chunk.
      chunks.push(Buffer.concat(encoder.take()));
      encoder.reuse();
    }
    const encoded = process.hrtime.bigint();
    let frames = 0;
    for (const chunk of chunks) {
      const outcome = decoder.push(chunk);
      if (outcome.kind === 'malformed') throw new Error(outcome.reason);
      frames += outcome.frames.length;
    }
    const decoded = process.hrtime.bigint();
    if (frames * perBatch !== batches.length * BATCH) throw new Error(`${frames} frames came out`);
    encodeNs = Math.min(encodeNs, Number(encoded - start) / (batches.length * BATCH));
    decodeNs = Math.min(decodeNs, Number(decoded - encoded) / (batches.length * BATCH));
    bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0) / (batches.length * BATCH);
  }
  const each = (ns: number): string => ns.toFixed(0).padStart(5);
  console.log(
    `${name.padEnd(24)} encode ${each(encodeNs)} ns   decode ${each(decodeNs)} ns   ${bytes.toFixed(0)} bytes`,
  );
}

console.log(`per operation, values of ${valueBytes} bytes, ${BATCH} to a batch`);
measure('write', 1, writes);
measure('append (per entry)', BATCH, appendOf);
measure('writeAnswered', 1, answers);
measure('read', 1, reads);
measure('readAnswered', 1, found);
