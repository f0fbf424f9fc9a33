import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../json.ts';
import type { ObjectMeta } from '../metadata.ts';
import type { Struct } from '../shape.ts';
import type { FieldError } from '../status.ts';

/** An object as it is stored: decoded by its shape, without `kind` and `apiVersion`, never changed in place. */
export interface KubeObject {
  readonly metadata: ObjectMeta;
  readonly [field: string]: JsonObject[string];
}

/** What one kind of object does differently from the others; the real server calls this its strategy. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly shape: Struct;
  /** A replace of an object that is not there creates it. */
  readonly replaceCreates: boolean;
  /** A replace must say which version it replaces. */
  readonly replaceNeedsVersion: boolean;
  /** null: there is no such subresource. */
  readonly status: StatusSubresource | null;
  /** null: an object goes at once when it is deleted. */
  readonly gracefulDeletion: GracefulDeletion | null;
  /** What a field selector may ask for besides `metadata.name` and `metadata.namespace`. */
  fields(object: KubeObject): Readonly<Record<string, string>>;
  /** Defaults, and what only the server sets. */
  prepareCreate(object: KubeObject): KubeObject;
  prepareReplace(object: KubeObject, existing: KubeObject): KubeObject;
  validate(object: KubeObject, existing: KubeObject | null): readonly FieldError[];
  /** Milliseconds after which an object goes by itself; null: never. */
  readonly lifetimeMs: number | null;
}

export interface StatusSubresource {
  /** The existing object with the status, labels and annotations of the one given. */
  prepareReplace(object: KubeObject, existing: KubeObject): KubeObject;
}

export interface GracefulDeletion {
  /** The seconds that the object gets when `asked` were asked for; null: nobody said. */
  graceSeconds(object: KubeObject, asked: number | null): number;
}

export const withGeneration = (object: KubeObject, generation: number): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, generation },
});

/** Generation counts the changes of everything but metadata, and of the parts of metadata that `also` picks. */
export function countGeneration(
  object: KubeObject,
  existing: KubeObject,
  also: (object: KubeObject) => unknown = () => null,
): KubeObject {
  const meaning = (each: KubeObject): unknown => [{ ...each, metadata: null }, also(each)];
  const before = existing.metadata.generation ?? 0;
  return withGeneration(object, isDeepStrictEqual(meaning(object), meaning(existing)) ? before : before + 1);
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
