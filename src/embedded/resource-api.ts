import { randomInt, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { without } from './json.ts';
import { validateMetadata, type ObjectMeta, type SentMeta } from './metadata.ts';
import type { ObjectStore } from './object-store.ts';
import type { KubeObject, Resource } from './resources/resource.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  notFound,
  unforeseen,
  type FieldError,
  type Subject,
} from './status.ts';

/** An object as a client sent it: decoded, but nothing in it needs to be there. */
export type SentObject = Omit<KubeObject, 'metadata'> & { readonly metadata: SentMeta };

export interface Target {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

export interface DeleteOptions {
  /** null: as the object's own rules say. */
  readonly gracePeriodSeconds: number | null;
  /** The object is only deleted if it is this one; null: whichever it is. */
  readonly uid: string | null;
  readonly resourceVersion: string | null;
}

export interface WriteMode {
  /** Everything is checked and answered as usual, but nothing is kept. */
  readonly dryRun: boolean;
}

/** What is removed at once is gone; what is left with a deletion timestamp waits for its grace to end or a finalizer to go. */
export interface Deleted {
  readonly object: KubeObject;
  readonly state: 'removed' | 'waiting';
}

/** The verbs that change objects, in the order of checks that the real server has. They throw what a client is told. */
export class ResourceApi {
  readonly #store: ObjectStore;
  readonly #nowMs: () => number;

  constructor(options: { readonly store: ObjectStore; readonly nowMs: () => number }) {
    this.#store = options.store;
    this.#nowMs = options.nowMs;
  }

  get({ resource, namespace, name }: Target): KubeObject {
    const object = this.#store.get(resource, namespace, name);
    if (object === null) throw notFound(resourceSubject(resource, name));
    return object;
  }

  create(resource: Resource, namespace: string, sent: SentObject, { dryRun }: WriteMode): KubeObject {
    requireSameNamespace(sent, namespace);
    const { name: sentName = '', generateName = '' } = sent.metadata;
    const name = sentName === '' && generateName !== '' ? generateName + nameSuffix() : sentName;
    const object = this.#prepareCreate(resource, namespace, name, sent);
    if (versionOf(sent) !== null) throw unforeseen('resourceVersion should not be set on objects to be created');
    const existing = this.#store.get(resource, namespace, name);
    if (existing !== null) {
      const prefix = existing.metadata.deletionTimestamp === undefined ? '' : 'object is being deleted: ';
      throw alreadyExists(resourceSubject(resource, name), prefix);
    }
    if (dryRun) return object;
    this.#removeOutlived(resource, namespace);
    return this.#store.put(resource, object);
  }

  /** `created`: there was none, and the resource is of those that a replace creates. */
  replace(
    target: Target,
    sent: SentObject,
    mode: WriteMode,
  ): { readonly object: KubeObject; readonly created: boolean } {
    const { resource, namespace, name } = target;
    const existing = this.#existingToReplace(target, sent);
    if (existing === null) {
      // The version that came along is not compared: there is none to compare it with. Only a uid would have refused.
      const object = this.#prepareCreate(resource, namespace, name, sent);
      return { object: mode.dryRun ? object : this.#store.put(resource, object), created: true };
    }
    const prepared = resource.prepareReplace(withServerMetadata(sent, existing), existing);
    const errors = [...validateMetadata(prepared.metadata), ...resource.validate(prepared, existing)];
    if (errors.length > 0) throw invalid(kindSubject(resource, name), errors);
    return { object: this.#putIfChanged(resource, prepared, existing, mode), created: false };
  }

  replaceStatus(target: Target, sent: SentObject, mode: WriteMode): KubeObject {
    const { resource, name } = target;
    const existing = this.#existingToReplace(target, sent);
    if (existing === null || resource.status === null) throw notFound(resourceSubject(resource, name));
    const prepared = resource.status.prepareReplace(withServerMetadata(sent, existing), existing);
    const errors = validateMetadata(prepared.metadata);
    if (errors.length > 0) throw invalid(kindSubject(resource, name), errors);
    return this.#putIfChanged(resource, prepared, existing, mode);
  }

  delete(target: Target, options: DeleteOptions, { dryRun }: WriteMode): Deleted {
    const { resource, name } = target;
    const object = this.get(target);
    const { uid, resourceVersion } = object.metadata;
    const subject = kindSubject(resource, name);
    if (options.uid !== null && options.uid !== uid) {
      const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
      throw conflict(subject, why);
    }
    if (options.resourceVersion !== null && options.resourceVersion !== resourceVersion) {
      const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
      throw conflict(subject, why);
    }

    const marked = this.#marked(resource, object, options.gracePeriodSeconds);
    if (dryRun) return { object: marked ?? object, state: 'removed' };
    // The mark is a change of its own, which watches see even when the removal follows at once.
    const current = marked === null || marked === object ? object : this.#store.put(resource, marked);
    return this.#removeUnlessHeld(resource, current);
  }

  /** The object with its deletion timestamp, itself if nothing changes in it; null: it needs none to go. */
  #marked(resource: Resource, object: KubeObject, asked: number | null): KubeObject | null {
    const { metadata } = object;
    const rules = resource.gracefulDeletion;
    if (rules === null && (metadata.finalizers ?? []).length === 0) return null;
    if (metadata.deletionTimestamp !== undefined) {
      const granted = metadata.deletionGracePeriodSeconds ?? 0;
      // A second request can only shorten what the first one granted.
      if (asked === null || asked >= granted) return object;
      const askedAtMs = Date.parse(metadata.deletionTimestamp) - granted * 1000;
      return withDeletion(object, { askedAtMs, graceSeconds: Math.max(0, asked) });
    }
    const graceSeconds = rules?.graceSeconds(object, asked) ?? 0;
    const marked = withDeletion(object, { askedAtMs: this.#nowMs(), graceSeconds });
    const { generation } = metadata;
    if (generation === undefined) return marked;
    return { ...marked, metadata: { ...marked.metadata, generation: generation + 1 } };
  }

  #removeUnlessHeld(resource: Resource, object: KubeObject): Deleted {
    const { finalizers = [], deletionGracePeriodSeconds = 0 } = object.metadata;
    if (finalizers.length > 0 || deletionGracePeriodSeconds > 0) return { object, state: 'waiting' };
    return { object: this.#store.remove(resource, object), state: 'removed' };
  }

  #prepareCreate(resource: Resource, namespace: string, name: string, sent: SentObject): KubeObject {
    const { labels, annotations, finalizers, ownerReferences, generateName, generation } = sent.metadata;
    const metadata: ObjectMeta = {
      name,
      ...given({ generateName }),
      namespace,
      uid: randomUUID(),
      // Until it is stored: a dry run answers without a version.
      resourceVersion: '',
      ...given({ generation }),
      creationTimestamp: toSeconds(this.#nowMs()),
      ...given({ labels, annotations, ownerReferences, finalizers }),
    };
    const object = resource.prepareCreate({ ...sent, metadata });
    const errors: FieldError[] = [...validateMetadata(object.metadata), ...resource.validate(object, null)];
    if (errors.length > 0) throw invalid(kindSubject(resource, name), errors);
    return object;
  }

  /** What a replace would replace, after the checks that come before any look at its content. */
  #existingToReplace({ resource, namespace, name }: Target, sent: SentObject): KubeObject | null {
    requireSameName(sent, name);
    requireSameNamespace(sent, namespace);
    const existing = this.#store.get(resource, namespace, name);
    if (existing === null && !resource.replaceCreates) throw notFound(resourceSubject(resource, name));
    const { uid = '' } = sent.metadata;
    if (uid !== '' && uid !== existing?.metadata.uid) {
      throw conflict(
        resourceSubject(resource, name),
        `StorageError: invalid object, Code: 4, Key: /registry/${resource.plural}/${namespace}/${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${existing?.metadata.uid ?? ''}`,
      );
    }
    const version = versionOf(sent);
    if (existing === null) return null;
    if (version === null) {
      if (!resource.replaceNeedsVersion) return existing;
      const error: FieldError = {
        field: 'metadata.resourceVersion',
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0: must be specified for an update',
      };
      throw invalid(resourceSubject(resource, name), [error]);
    }
    if (version !== existing.metadata.resourceVersion) {
      throw conflict(
        resourceSubject(resource, name),
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    }
    return existing;
  }

  /** A replace that changes nothing is no change: the version stays. */
  #putIfChanged(resource: Resource, object: KubeObject, existing: KubeObject, { dryRun }: WriteMode): KubeObject {
    if (dryRun || isDeepStrictEqual(object, existing)) return object;
    const stored = this.#store.put(resource, object);
    // The last finalizer may just have gone.
    const { deletionTimestamp, finalizers = [] } = stored.metadata;
    const released = (existing.metadata.finalizers ?? []).length > 0 && finalizers.length === 0;
    return deletionTimestamp !== undefined && released ? this.#removeUnlessHeld(resource, stored).object : stored;
  }

  #removeOutlived(resource: Resource, namespace: string): void {
    const { lifetimeMs } = resource;
    if (lifetimeMs === null) return;
    const bornBefore = this.#nowMs() - lifetimeMs;
    for (const object of this.#store.list(resource, namespace)) {
      if (Date.parse(object.metadata.creationTimestamp) < bornBefore) this.#store.remove(resource, object);
    }
  }
}

export const resourceSubject = ({ group, plural }: Resource, name: string): Subject => ({ group, kind: plural, name });
const kindSubject = ({ group, kind }: Resource, name: string): Subject => ({ group, kind, name });

function requireSameName(sent: SentObject, name: string): void {
  const { name: sentName = '' } = sent.metadata;
  if (sentName === '') {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (sentName !== name) {
    throw badRequest(`the name of the object (${sentName}) does not match the name on the URL (${name})`);
  }
}

function requireSameNamespace(sent: SentObject, namespace: string): void {
  const { namespace: sentNamespace = '' } = sent.metadata;
  if (sentNamespace !== '' && sentNamespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** null: none was sent; 0 counts as none. */
function versionOf(sent: SentObject): string | null {
  const { resourceVersion = '' } = sent.metadata;
  if (resourceVersion === '') return null;
  if (!/^\d+$/.test(resourceVersion)) {
    throw unforeseen(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  }
  return Number(resourceVersion) === 0 ? null : resourceVersion;
}

/** What of the metadata the server keeps whatever a client sends. */
function withServerMetadata(sent: SentObject, existing: KubeObject): KubeObject {
  const kept = existing.metadata;
  const { labels, annotations, finalizers, ownerReferences } = sent.metadata;
  return {
    ...sent,
    metadata: {
      ...without(kept, 'labels', 'annotations', 'finalizers', 'ownerReferences'),
      ...given({ labels, annotations, ownerReferences, finalizers }),
    } as ObjectMeta,
  };
}

function withDeletion(
  object: KubeObject,
  { askedAtMs, graceSeconds }: { readonly askedAtMs: number; readonly graceSeconds: number },
): KubeObject {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp: toSeconds(askedAtMs + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
    },
  };
}

const toSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}Z`;

/** Without vowels and what looks alike, as the real server draws them. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const nameSuffix = (): string =>
  Array.from({ length: 5 }, () => SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)]).join('');

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Only the fields that have a value. */
const given = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
