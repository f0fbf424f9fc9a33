import type { Key } from '../../../src/core/base/key.ts';
import { epoch, groupId, logIndex, version, wallMs } from '../../../src/core/base/numbers.ts';
import { defaultLimits } from '../../../src/core/group/options.ts';
import { SnapshotScan } from '../../../src/core/replication/snapshot.ts';
import { StateMachine } from '../../../src/core/store/state-machine.ts';
import { FrameDecoder } from '../../../src/protocol/peer/frame-decoder.ts';
import { FrameEncoder } from '../../../src/protocol/peer/frame-encoder.ts';
import { encodePreface, SUPPORTED_VERSIONS } from '../../../src/protocol/peer/preface.ts';

/** Processor time for each value, in microseconds. */
export interface ValueCost {
  /** To walk over the leader's store. */
  readonly findUs: number;
  readonly encodeUs: number;
  readonly decodeUs: number;
  /** To add what came to the follower's store. */
  readonly addUs: number;
}

export interface SnapshotCost {
  readonly standing: ValueCost;
  /** R20. */
  readonly older: ValueCost;
}

const VALUE_BYTES = 64;
const VERSIONS = 2;
/** A prime: keys come scattered, as they do. */
const STRIDE = 7_368_787;

/** Of a store of so many keys of 16 bytes, each with an older version, in this process. @throws if not all of them came over */
export function costOfSnapshot(keys: number): SnapshotCost {
  const leader = filled(keys);
  const follower = emptyMachine();
  const newSpent = () => ({ findUs: 0, encodeUs: 0, decodeUs: 0, addUs: 0 });
  const spent = { standing: newSpent(), older: newSpent() };
  let what: keyof SnapshotCost = 'standing';
  const timed = <Result>(part: keyof ValueCost, work: () => Result): Result => {
    const before = process.threadCpuUsage();
    const result = work();
    const { user, system } = process.threadCpuUsage(before);
    spent[what][part] += user + system;
    return result;
  };

  const encoder = new FrameEncoder();
  const decoder = new FrameDecoder();
  decoder.push(Buffer.from(encodePreface(SUPPORTED_VERSIONS)));
  const head = { epoch: epoch(1), lineage: { number: 1, id: 'bench' }, hello: 1 } as const;
  follower.restart({ index: leader.appliedIndex, timeMs: leader.timeMs });
  follower.store.history.limit = VERSIONS;
  const scan = new SnapshotScan(leader);
  while (!scan.done) {
    const chunk = timed('findUs', () => scan.nextChunk(defaultLimits.snapshotChunkBytes));
    if (chunk === null) break;
    const { number, items } = chunk;
    const bytes = timed('encodeUs', () => {
      encoder.encode({ kind: 'peer', group: groupId(0), message: { kind: 'snapshotChunk', ...head, number, items } });
      return Buffer.concat(encoder.take());
    });
    encoder.reuse();
    const outcome = timed('decodeUs', () => decoder.push(bytes));
    if (outcome.kind === 'malformed') throw new Error(outcome.reason);
    timed('addUs', () => {
      for (const frame of outcome.frames) {
        if (frame.kind !== 'peer' || frame.message.kind !== 'snapshotChunk') continue;
        for (const item of frame.message.items) follower.restore(item);
      }
    });
    // Older versions come behind all that stand; what finds the first of them counts as the other.
    what = follower.store.size < keys ? 'standing' : 'older';
  }
  const { size, history } = follower.store;
  if (size !== keys || history.size !== keys)
    throw new Error(`${size} keys of ${keys} came over, and ${history.size} older versions`);
  return { standing: perValue(spent.standing, keys), older: perValue(spent.older, keys) };
}

const perValue = ({ findUs, encodeUs, decodeUs, addUs }: ValueCost, count: number): ValueCost => ({
  findUs: findUs / count,
  encodeUs: encodeUs / count,
  decodeUs: decodeUs / count,
  addUs: addUs / count,
});

function emptyMachine(): StateMachine {
  return new StateMachine({ tombstonesMax: 1_000_000, idempotencyKeptMs: 600_000 });
}

function filled(keys: number): StateMachine {
  const machine = emptyMachine();
  machine.restart({ index: logIndex(VERSIONS * keys), timeMs: wallMs(0) });
  machine.store.history.limit = VERSIONS;
  const value = new Uint8Array(VALUE_BYTES).fill(120);
  for (let write = 0; write < VERSIONS * keys; write += 1) {
    const number = write % keys;
    machine.store.apply({
      kind: 'put',
      key: `bench-${String((number * STRIDE) % keys).padStart(10, '0')}` as Key,
      stored: {
        value,
        contentType: 'text/plain',
        revision: logIndex(write + 1),
        version: version(1 + Math.floor(write / keys)),
        createRevision: logIndex(number + 1),
        modifiedMs: wallMs(1_790_000_000_000),
        expiresAtMs: null,
        idleMs: null,
      },
    });
  }
  return machine;
}
