import { Deque } from '../core/base/deque.ts';
import type { KubeObject, Resource } from './resources/resource.ts';

/** What etcd is to the real server: one counter for all versions, and every change of the recent past in order. */
export class ObjectStore {
  readonly #objects = new Map<string, StoredObject>();
  readonly #history = new Deque<Change>();
  readonly #historyMax: number;
  readonly #persist: ((contents: StoreContents) => void) | null;
  readonly #listeners = new Set<(change: Change) => void>();
  #version: number;
  /** A watch that has seen this version, or a later one, misses nothing; what came before is forgotten. */
  #oldestVersion: number;

  /** `persist` is called before a change is seen by anybody; when it throws, there was no change. */
  constructor(options: {
    readonly contents: StoreContents;
    readonly historyMax: number;
    readonly persist: ((contents: StoreContents) => void) | null;
  }) {
    for (const stored of options.contents.objects) this.#objects.set(keyOf(stored), stored);
    this.#version = options.contents.version;
    this.#oldestVersion = options.contents.version;
    this.#historyMax = options.historyMax;
    this.#persist = options.persist;
  }

  get version(): number {
    return this.#version;
  }

  get oldestVersion(): number {
    return this.#oldestVersion;
  }

  get(resource: Resource, namespace: string, name: string): KubeObject | null {
    return this.#objects.get(keyOf({ resource: idOf(resource), namespace, name }))?.object ?? null;
  }

  /** In the order of their keys. `namespace` null: all of them. */
  list(resource: Resource, namespace: string | null): readonly KubeObject[] {
    return select(this.#objects, resource, namespace);
  }

  /** As {@link list} would have answered at that version; null: it is forgotten. */
  listAt(version: number, resource: Resource, namespace: string | null): readonly KubeObject[] | null {
    if (version < this.#oldestVersion || version > this.#version) return null;
    const objects = new Map(this.#objects);
    for (let at = this.#history.length - 1; at >= 0; at -= 1) {
      const change = this.#history.at(at);
      if (change === undefined || change.version <= version) break;
      if (change.before === null) objects.delete(keyOf(change));
      else objects.set(keyOf(change), { ...change, object: change.before });
    }
    return select(objects, resource, namespace);
  }

  /** Stores the object under the next version and gives it back with that version. */
  put(resource: Resource, object: KubeObject): KubeObject {
    const { namespace, name } = object.metadata;
    const after = atVersion(object, this.#version + 1);
    this.#commit({ resource: idOf(resource), namespace, name, before: this.get(resource, namespace, name), after });
    return after;
  }

  /** Removes the object and gives it back as it last was, with the version of its removal. */
  remove(resource: Resource, object: KubeObject): KubeObject {
    const { namespace, name } = object.metadata;
    this.#commit({ resource: idOf(resource), namespace, name, before: object, after: null });
    return atVersion(object, this.#version);
  }

  /** Every change after `version`, oldest first; null: some are forgotten. */
  changesAfter(version: number): readonly Change[] | null {
    if (version < this.#oldestVersion) return null;
    const changes: Change[] = [];
    for (let at = Math.max(0, version - this.#oldestVersion); at < this.#history.length; at += 1) {
      const change = this.#history.at(at);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  /** Calls `listener` with every change from now on, until the function that it returns is called. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #commit(what: Omit<Change, 'version'>): void {
    const change: Change = { ...what, version: this.#version + 1 };
    this.#apply(change, change.after);
    try {
      this.#persist?.({ version: change.version, objects: [...this.#objects.values()] });
    } catch (error) {
      this.#apply(change, change.before);
      throw error;
    }
    this.#version = change.version;
    this.#history.push(change);
    while (this.#history.length > this.#historyMax) {
      this.#oldestVersion = this.#history.shift()?.version ?? this.#oldestVersion;
    }
    for (const listener of this.#listeners) listener(change);
  }

  #apply({ resource, namespace, name }: Omit<StoredObject, 'object'>, object: KubeObject | null): void {
    const key = keyOf({ resource, namespace, name });
    if (object === null) this.#objects.delete(key);
    else this.#objects.set(key, { resource, namespace, name, object });
  }
}

export interface StoredObject {
  /** `plural.group`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: KubeObject;
}

export interface StoreContents {
  readonly version: number;
  readonly objects: readonly StoredObject[];
}

export interface Change {
  readonly version: number;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** null: it was created. */
  readonly before: KubeObject | null;
  /** null: it was removed. */
  readonly after: KubeObject | null;
}

export const idOf = ({ group, plural }: Resource): string => (group === '' ? plural : `${plural}.${group}`);

export const atVersion = (object: KubeObject, version: number): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(version) },
});

const keyOf = ({ resource, namespace, name }: Omit<StoredObject, 'object'>): string =>
  `/${resource}/${namespace}/${name}`;

function select(
  objects: ReadonlyMap<string, StoredObject>,
  resource: Resource,
  namespace: string | null,
): readonly KubeObject[] {
  const prefix = namespace === null ? `/${idOf(resource)}/` : `/${idOf(resource)}/${namespace}/`;
  return [...objects]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, stored]) => stored.object);
}
