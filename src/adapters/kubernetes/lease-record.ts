import { createHash } from 'node:crypto';
import { epoch, type Epoch, type WallMs } from '../../core/base/numbers.ts';
import {
  type Addresses,
  isUnfilled,
  type LeaseRecord,
  type RecordContent,
  type RecordVersion,
} from '../../core/election/record.ts';
import type { Lineage } from '../../core/replication/lineage.ts';
import { parseReplicaId, type ReplicaId } from '../../core/replication/replica-id.ts';
import { isHostAndPort } from './host-and-port.ts';
import { isObject, objectAt, textAt, type JsonObject } from './json.ts';

/**
 * The record as a Lease: holder, epoch and times where every client of Leases has them, the rest in annotations plain
 * enough for an admission policy to read.
 */
export const ANNOTATIONS = {
  /** Replica ids, joined by commas. */
  inSync: 'kvstore.dev/in-sync',
  peerAddress: 'kvstore.dev/peer-address',
  httpAddress: 'kvstore.dev/http-address',
  /** `<number>.<id>`. */
  lineage: 'kvstore.dev/lineage',
  nonce: 'kvstore.dev/nonce',
  endedEpoch: 'kvstore.dev/ended-epoch',
  /** See {@link sealOf}. */
  seal: 'kvstore.dev/seal',
  /**
   * R13: the version that this write replaced although it was no record to obey. Written for the API server alone: where an
   * admission policy holds every record to the one before it, this is how it knows that there was none.
   */
  replacesLost: 'kvstore.dev/replaces-lost',
} as const;

/** Far above any sensible set; a list beyond it was not written by us. */
const IN_SYNC_MAX = 64;
const TEXT_MAX = 1024;

export type LeaseReading =
  | { readonly kind: 'record'; readonly record: LeaseRecord }
  /** A Lease that does not say what a record says. The reason names every field at fault. */
  | { readonly kind: 'damaged'; readonly version: RecordVersion; readonly reason: string }
  /** Without uid and version it is not what an API server stores. */
  | { readonly kind: 'notALease'; readonly reason: string };

export function readLease(lease: unknown): LeaseReading {
  if (!isObject(lease)) return { kind: 'notALease', reason: 'not an object' };
  const metadata = objectAt(lease, 'metadata');
  const uid = textAt(metadata, 'uid');
  const resourceVersion = textAt(metadata, 'resourceVersion');
  if (uid === null || resourceVersion === null) {
    return { kind: 'notALease', reason: 'metadata.uid or metadata.resourceVersion is missing' };
  }
  const version: RecordVersion = { uid, resourceVersion };
  const faults: string[] = [];
  const content = readContent(objectAt(lease, 'spec'), objectAt(metadata, 'annotations'), faults);
  if (faults.length > 0) return { kind: 'damaged', version, reason: faults.join('; ') };
  return { kind: 'record', record: { version, content } };
}

function readContent(spec: JsonObject, annotations: JsonObject, faults: string[]): RecordContent {
  const content: RecordContent = {
    holder: readHolder(spec, faults),
    epoch: readEpoch(spec, faults),
    inSync: readInSync(annotations, faults),
    addresses: readAddresses(annotations, faults),
    lineage: readLineage(annotations, faults),
    nonce: readNonce(annotations, faults),
    endedEpoch: readEndedEpoch(annotations, faults),
  };
  if (faults.length > 0) return content;
  const { holder, inSync, lineage } = content;
  if (holder !== null && !inSync.includes(holder)) {
    faults.push(`${ANNOTATIONS.inSync} does not name the holder ${quote(holder)}`);
  }
  if (lineage === null && inSync.length > 0) faults.push(`${ANNOTATIONS.lineage} is missing beside a set`);
  if (lineage !== null && inSync.length === 0) faults.push(`${ANNOTATIONS.inSync} is missing beside a lineage`);
  if (faults.length === 0 && !isUnfilled(content) && annotations[ANNOTATIONS.seal] !== sealOf(content)) {
    faults.push(`${ANNOTATIONS.seal} does not fit: somebody else has changed what a replica wrote`);
  }
  return content;
}

/**
 * Fits just this content. Whoever edits a Lease keeps the nonce, so that the edit would pass for the leader's own write:
 * a holder or a member that no replica has named breaks R2, R3 and R5. An edited record is damaged instead, and R13 is
 * about those. It guards against mistakes, not against malice: anybody can compute it.
 *
 * The first part is the version of the list below. A field that a later release adds stays out of this one, so that
 * releases side by side can check each other's records.
 */
export function sealOf(content: RecordContent): string {
  const { holder, epoch: inEpoch, inSync, addresses, lineage, nonce, endedEpoch } = content;
  const fields = [
    holder,
    inEpoch,
    inSync,
    addresses?.peer,
    addresses?.http,
    lineage?.number,
    lineage?.id,
    nonce,
    endedEpoch,
  ];
  return `1.${createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, 32)}`;
}

function readHolder(spec: JsonObject, faults: string[]): ReplicaId | null {
  const value = spec['holderIdentity'] ?? '';
  if (value === '') return null;
  if (typeof value === 'string' && parseReplicaId(value) !== null) return value as ReplicaId;
  faults.push(`spec.holderIdentity ${quote(value)} is not a replica id`);
  return null;
}

function readEpoch(spec: JsonObject, faults: string[]): Epoch {
  const value = spec['leaseTransitions'] ?? 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return epoch(value);
  faults.push(`spec.leaseTransitions ${quote(value)} is not an epoch`);
  return epoch(0);
}

function readInSync(annotations: JsonObject, faults: string[]): readonly ReplicaId[] {
  const text = readAnnotation(annotations, ANNOTATIONS.inSync, Number.MAX_SAFE_INTEGER, faults);
  if (text === null) return [];
  const ids = text.split(',', IN_SYNC_MAX + 1);
  if (ids.length > IN_SYNC_MAX) {
    faults.push(`${ANNOTATIONS.inSync} names more than ${IN_SYNC_MAX} replicas`);
    return [];
  }
  const bad = ids.find((id) => parseReplicaId(id) === null);
  if (bad !== undefined) faults.push(`${ANNOTATIONS.inSync} holds ${quote(bad)}, which is not a replica id`);
  if (new Set(ids).size < ids.length) faults.push(`${ANNOTATIONS.inSync} names a replica twice`);
  return ids as readonly string[] as readonly ReplicaId[];
}

function readAddresses(annotations: JsonObject, faults: string[]): Addresses | null {
  const peer = readAddress(annotations, ANNOTATIONS.peerAddress, faults);
  const http = readAddress(annotations, ANNOTATIONS.httpAddress, faults);
  if (peer !== null && http !== null) return { peer, http };
  if (peer !== null) faults.push(`${ANNOTATIONS.httpAddress} is missing beside ${ANNOTATIONS.peerAddress}`);
  if (http !== null) faults.push(`${ANNOTATIONS.peerAddress} is missing beside ${ANNOTATIONS.httpAddress}`);
  return null;
}

function readAddress(annotations: JsonObject, name: string, faults: string[]): string | null {
  const text = readAnnotation(annotations, name, TEXT_MAX, faults);
  if (text !== null && !isHostAndPort(text)) faults.push(`${name} ${quote(text)} is not host:port`);
  return text;
}

function readLineage(annotations: JsonObject, faults: string[]): Lineage | null {
  const text = readAnnotation(annotations, ANNOTATIONS.lineage, TEXT_MAX, faults);
  if (text === null) return null;
  const dot = text.indexOf('.');
  const number = wholeIn(text.slice(0, Math.max(dot, 0)));
  const id = text.slice(dot + 1);
  if (number !== null && number > 0 && id !== '') return { number, id };
  faults.push(`${ANNOTATIONS.lineage} ${quote(text)} is not <number>.<id>`);
  return null;
}

function readNonce(annotations: JsonObject, faults: string[]): string {
  return readAnnotation(annotations, ANNOTATIONS.nonce, TEXT_MAX, faults) ?? '';
}

function readEndedEpoch(annotations: JsonObject, faults: string[]): Epoch | null {
  const text = readAnnotation(annotations, ANNOTATIONS.endedEpoch, TEXT_MAX, faults);
  if (text === null) return null;
  const number = wholeIn(text);
  if (number !== null) return epoch(number);
  faults.push(`${ANNOTATIONS.endedEpoch} ${quote(text)} is not an epoch`);
  return null;
}

/** null if absent or empty. */
function readAnnotation(annotations: JsonObject, name: string, lengthMax: number, faults: string[]): string | null {
  const value = annotations[name] ?? '';
  if (typeof value !== 'string') {
    faults.push(`${name} is not text`);
    return null;
  }
  if (value.length > lengthMax) {
    faults.push(`${name} is longer than ${lengthMax}`);
    return null;
  }
  return value === '' ? null : value;
}

/** Only as we print it: no sign, no leading zero, no exponent. */
function wholeIn(text: string): number | null {
  if (!/^(?:0|[1-9]\d{0,15})$/.test(text)) return null;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : null;
}

const quote = (value: unknown): string => JSON.stringify(value).slice(0, 100);

export const emptyLease = (name: string, namespace: string): JsonObject => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace },
  spec: {},
});

/**
 * The body of a replace: `base` as it was read, with this content in place of its own. Version and uid of `base` make it
 * the compare-and-swap of R1; labels, owners, other programs' annotations and fields younger than this code stay.
 */
export function leaseWith(
  base: JsonObject,
  content: RecordContent,
  {
    nowMs,
    leaseDurationMs,
    baseIs,
  }: {
    readonly nowMs: WallMs;
    readonly leaseDurationMs: number;
    readonly baseIs?: 'lost' | undefined;
  },
): JsonObject {
  const metadata = objectAt(base, 'metadata');
  const spec = objectAt(base, 'spec');
  const holderIdentity = content.holder ?? '';
  const now = microTime(nowMs);
  const replacesLost = baseIs === 'lost' ? textAt(metadata, 'resourceVersion') : null;
  const sameTerm =
    (spec['holderIdentity'] ?? '') === holderIdentity && (spec['leaseTransitions'] ?? 0) === content.epoch;
  return {
    ...base,
    metadata: { ...metadata, annotations: annotationsWith(objectAt(metadata, 'annotations'), content, replacesLost) },
    spec: {
      ...spec,
      holderIdentity,
      leaseTransitions: content.epoch,
      leaseDurationSeconds: Math.max(1, Math.ceil(leaseDurationMs / 1000)),
      acquireTime: sameTerm ? (spec['acquireTime'] ?? now) : now,
      renewTime: now,
    },
  };
}

function annotationsWith(base: JsonObject, content: RecordContent, replacesLost: string | null): JsonObject {
  const values: Readonly<Record<keyof typeof ANNOTATIONS, string | null>> = {
    seal: sealOf(content),
    inSync: content.inSync.join(','),
    peerAddress: content.addresses?.peer ?? null,
    httpAddress: content.addresses?.http ?? null,
    lineage: content.lineage === null ? null : `${content.lineage.number}.${content.lineage.id}`,
    nonce: content.nonce,
    endedEpoch: content.endedEpoch === null ? null : String(content.endedEpoch),
    replacesLost,
  };
  const annotations: Record<string, unknown> = { ...base };
  for (const field of Object.keys(ANNOTATIONS) as (keyof typeof ANNOTATIONS)[]) {
    const name = ANNOTATIONS[field];
    const value = values[field];
    if (value === null || value === '') Reflect.deleteProperty(annotations, name);
    else annotations[name] = value;
  }
  return annotations;
}

/** Kubernetes takes a MicroTime only with six decimals. */
const microTime = (ms: WallMs): string => new Date(ms).toISOString().replace('Z', '000Z');
