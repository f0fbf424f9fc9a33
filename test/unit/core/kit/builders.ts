import { keyOf, type Key } from '../../../../src/core/base/key.ts';
import {
  epoch,
  logIndex,
  version,
  wallMs,
  type Epoch,
  type LogIndex,
  type WallMs,
} from '../../../../src/core/base/numbers.ts';
import type { Addresses } from '../../../../src/core/election/record.ts';
import type { Effect, Report } from '../../../../src/core/group/io.ts';
import { defaultLimits, defaultTimes, type GroupLimits, type GroupTimes } from '../../../../src/core/group/options.ts';
import { Entry, type EntryBody, type KeyEffect, type StateEffect } from '../../../../src/core/replication/entry.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import type { PeerMessage } from '../../../../src/core/replication/messages.ts';
import { Replica } from '../../../../src/core/replication/replica.ts';
import type { ReplicaId, ReplicaIdentity } from '../../../../src/core/replication/replica-id.ts';
import type {
  Condition,
  DecidedOutcome,
  DeleteCommand,
  IncrementCommand,
  PutCommand,
  RequestId,
  SessionId,
  WriteOutcome,
} from '../../../../src/core/store/commands.ts';
import { EntryBytes } from '../../../../src/protocol/peer/entry-bytes.ts';
import type { Eviction } from '../../../../src/core/store/uses.ts';

/** Pods are called a, b, c …; `process` counts what has run in the pod, each with data of its own. */
export const identityOf = (name: string, process = 1): ReplicaIdentity => ({
  podName: name,
  podUid: `uid-${name}`,
  dataId: `${name}${process}`,
});

export const idOf = (name: string, process = 1): ReplicaId => `${name}/uid-${name}/${name}${process}` as ReplicaId;

export const addressesOf = (name: string): Addresses => ({ peer: `${name}:7000`, http: `${name}:8000` });

export const LINEAGE: Lineage = { number: 1, id: 'first' };
export const NEXT_LINEAGE: Lineage = { number: 2, id: 'second' };

export const key = (text: string): Key => {
  const made = keyOf(text);
  if (made === null) throw new Error(`not a key: ${text}`);
  return made;
};

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const SESSION = 'session' as SessionId;

export const request = (number: number, session: SessionId = SESSION): RequestId => ({ session, number });

export const put = (name: string, value = 'v', condition: Condition = { kind: 'none' }): PutCommand => ({
  kind: 'put',
  key: key(name),
  value: bytes(value),
  contentType: null,
  condition,
  lifetime: { kind: 'unlimited' },
  idle: { kind: 'unlimited' },
});

export const remove = (name: string, condition: Condition = { kind: 'none' }): DeleteCommand => ({
  kind: 'delete',
  key: key(name),
  condition,
});

export const increment = (name: string, by: bigint, condition: Condition = { kind: 'none' }): IncrementCommand => ({
  kind: 'increment',
  key: key(name),
  by,
  condition,
});

export const written = (options: { version: number; created?: boolean }): DecidedOutcome => ({
  kind: 'written',
  version: version(options.version),
  created: options.created ?? options.version === 1,
});

/** What a body's effects make is made of this entry's own index and time, whatever they said before. */
export const entry = (index: number, inEpoch: number, body: EntryBody = { kind: 'empty' }, timeMs = 1000): Entry =>
  new Entry(logIndex(index), epoch(inEpoch), wallMs(timeMs), stamped(body, logIndex(index), wallMs(timeMs)));

function stamped(body: EntryBody, revision: LogIndex, modifiedMs: WallMs): EntryBody {
  if (body.kind !== 'write' && body.kind !== 'expire' && body.kind !== 'evict') return body;
  const effects = body.effects.map((effect): StateEffect => {
    switch (effect.kind) {
      case 'put':
        return { ...effect, stored: { ...effect.stored, revision, modifiedMs } };
      case 'delete':
      case 'expire':
      case 'evict':
        return { ...effect, tombstone: { ...effect.tombstone, revision } };
      default:
        return effect;
    }
  });
  return { ...body, effects };
}

/** What is done to keys. */
export const ofKeys = (effects: readonly StateEffect[]): readonly KeyEffect[] =>
  effects.filter((effect): effect is KeyEffect => 'key' in effect);

export const putEffect = (
  name: string,
  options: {
    readonly version: number;
    readonly created: number;
    readonly revision?: number;
    readonly value?: string | Uint8Array;
    readonly contentType?: string | null;
    readonly timeMs?: number;
    readonly expiresAtMs?: number;
    readonly idleMs?: number;
  },
): Extract<KeyEffect, { kind: 'put' }> => ({
  kind: 'put',
  key: key(name),
  stored: {
    value: typeof options.value === 'object' ? options.value : bytes(options.value ?? 'v'),
    contentType: options.contentType ?? null,
    revision: logIndex(options.revision ?? options.created),
    version: version(options.version),
    createRevision: logIndex(options.created),
    modifiedMs: wallMs(options.timeMs ?? 0),
    expiresAtMs: options.expiresAtMs === undefined ? null : wallMs(options.expiresAtMs),
    idleMs: options.idleMs ?? null,
  },
});

/** The version that the key has by this effect; a touch has none. */
export function versionOf(effect: KeyEffect): number {
  if (effect.kind === 'touch') throw new Error('a touch leaves the version as it is');
  return (effect.kind === 'put' ? effect.stored : effect.tombstone).version;
}

export const deleteEffect = (
  name: string,
  options: { readonly version: number; readonly revision: number },
): Extract<KeyEffect, { kind: 'delete' }> => ({
  kind: 'delete',
  key: key(name),
  tombstone: { version: version(options.version), revision: logIndex(options.revision) },
});

/** The body of a put that was decided: version `version` of the key, created at `created`. */
export const putBody = (
  name: string,
  options: {
    value?: string;
    contentType?: string;
    version: number;
    created: number;
    number?: number;
    session?: SessionId;
  },
): EntryBody => ({
  kind: 'write',
  // No two writes of a log have the same number.
  request: request(options.number ?? options.created + 1000 * (options.version - 1), options.session),
  settledThrough: 0,
  idempotencyKey: null,
  effects: [putEffect(name, options)],
  outcome: written({ version: options.version }),
});

export const deleteBody = (name: string, atVersion: number, number = 0): EntryBody => ({
  kind: 'write',
  request: request(number),
  settledThrough: 0,
  idempotencyKey: null,
  effects: [deleteEffect(name, { version: atVersion, revision: 0 })],
  outcome: { kind: 'deleted', version: version(atVersion) },
});

export const openSessionBody = (session: SessionId = SESSION): EntryBody => ({ kind: 'openSession', session });

export const times = (changed: Partial<GroupTimes> = {}): GroupTimes => ({ ...defaultTimes, ...changed });
export const limits = (changed: Partial<GroupLimits> = {}): GroupLimits => ({ ...defaultLimits, ...changed });

/** A replica with this log, as much of it applied as is said. */
export function replicaOf(
  name: string,
  options: { log?: readonly Entry[]; committed?: number; lineage?: Lineage | null; eviction?: Eviction } = {},
): Replica {
  const { eviction = 'none' } = options;
  const replica = new Replica(identityOf(name), {
    tombstonesMax: 1000,
    idempotencyKeptMs: 600_000,
    eviction,
    entryCodec: new EntryBytes(),
  });
  const lineage = options.lineage === undefined ? LINEAGE : options.lineage;
  if (lineage !== null) replica.beginLineage(lineage);
  for (const one of options.log ?? []) replica.append(one);
  replica.commitThrough(logIndex(options.committed ?? 0), null);
  return replica;
}

// --- looking at effects --------------------------------------------------------------------------------------------

type MessageOf<Kind extends PeerMessage['kind']> = Extract<PeerMessage, { kind: Kind }>;

export const effectsOf = <Kind extends Effect['kind']>(kind: Kind, effects: readonly Effect[]) =>
  effects.filter((effect): effect is Extract<Effect, { kind: Kind }> => effect.kind === kind);

export const messagesOf = <Kind extends PeerMessage['kind']>(
  kind: Kind,
  effects: readonly Effect[],
  link?: number,
): MessageOf<Kind>[] =>
  effectsOf('send', effects)
    .filter((sent) => link === undefined || sent.link === link)
    .map(({ message }) => message)
    .filter((message): message is MessageOf<Kind> => message.kind === kind);

export const reportsOf = <Kind extends Report['kind']>(kind: Kind, effects: readonly Effect[]) =>
  effectsOf('report', effects)
    .map(({ report }) => report)
    .filter((report): report is Extract<Report, { kind: Kind }> => report.kind === kind);

export const outcomesOf = (effects: readonly Effect[]): WriteOutcome[] =>
  effectsOf('writeAnswered', effects).map(({ outcome }) => outcome);

export const readsOf = (effects: readonly Effect[]) => effectsOf('readAnswered', effects).map(({ outcome }) => outcome);

/** What must be there; a test that finds it missing has found its error. */
export function present<T>(value: T | null | undefined, what = 'what the test looks for'): T {
  if (value === null || value === undefined) throw new Error(`there is not ${what}`);
  return value;
}

export type { Epoch, LogIndex };
