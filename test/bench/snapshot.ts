/**
 * What a snapshot costs for each key, in processor time: to walk over the leader's store, to encode, to decode, and to add what came at the
 * follower. `npm run bench -- snapshot [keys]`, 400,000 if nothing else is said, of 16 bytes with values of 64, in one process.
 */
import type { Key } from '../../src/core/base/key.ts';
import { epoch, groupId, logIndex, version, wallMs } from '../../src/core/base/numbers.ts';
import { defaultLimits } from '../../src/core/group/options.ts';
import { SnapshotScan } from '../../src/core/replication/snapshot.ts';
import { StateMachine } from '../../src/core/store/state-machine.ts';
import { FrameDecoder } from '../../src/protocol/peer/frame-decoder.ts';
import { FrameEncoder } from '../../src/protocol/peer/frame-encoder.ts';
import { encodePreface, SUPPORTED_VERSIONS } from '../../src/protocol/peer/preface.ts';

const keys = Number(process.argv[2] ?? 400_000);
/** A prime: keys come scattered, as they do. */
const STRIDE = 7_368_787;

const emptyMachine = (): StateMachine => new StateMachine({ tombstonesMax: 1_000_000, idempotencyKeptMs: 600_000 });

const leader = emptyMachine();
const follower = emptyMachine();
const value = new Uint8Array(64).fill(120);
for (let number = 0; number < keys; number += 1) {
  leader.store.restoreValue(`bench-${String((number * STRIDE) % keys).padStart(10, '0')}` as Key, {
    value,
    contentType: 'text/plain',
    revision: logIndex(0),
    version: version(1),
    createRevision: logIndex(0),
    modifiedMs: wallMs(1_790_000_000_000),
    expiresAtMs: null,
    idleMs: null,
  });
}

const spentUs = { walk: 0, encode: 0, decode: 0, add: 0 };

function timed<Result>(part: keyof typeof spentUs, work: () => Result): Result {
  const before = process.threadCpuUsage();
  const result = work();
  const { user, system } = process.threadCpuUsage(before);
  spentUs[part] += user + system;
  return result;
}

const encoder = new FrameEncoder();
const decoder = new FrameDecoder();
decoder.push(Buffer.from(encodePreface(SUPPORTED_VERSIONS)));
const head = { epoch: epoch(1), lineage: { number: 1, id: 'bench' }, hello: 1 } as const;
const scan = new SnapshotScan(leader);
while (!scan.done) {
  const chunk = timed('walk', () => scan.nextChunk(defaultLimits.snapshotChunkBytes));
  if (chunk === null) break;
  const { number, items } = chunk;
  const bytes = timed('encode', () => {
    encoder.encode({ kind: 'peer', group: groupId(0), message: { kind: 'snapshotChunk', ...head, number, items } });
    return Buffer.concat(encoder.take());
  });
  encoder.reuse();
  const outcome = timed('decode', () => decoder.push(bytes));
  if (outcome.kind === 'malformed') throw new Error(outcome.reason);
  timed('add', () => {
    for (const frame of outcome.frames) {
      if (frame.kind !== 'peer' || frame.message.kind !== 'snapshotChunk') continue;
      for (const item of frame.message.items) follower.restore(item);
    }
  });
}
if (follower.store.size !== keys) throw new Error(`${follower.store.size} keys of ${keys} came over`);
for (const [part, us] of Object.entries(spentUs)) console.log(`${part.padEnd(8)} ${(us / keys).toFixed(2)} µs a key`);
