import { unreachable } from '../core/base/assert.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * What a body may hold, so that it is read just as Go's decoder reads it into the real server's structs: unknown fields
 * fall away, `null` counts as absent, a wrong type is an error, fields come back in the struct's order.
 */
export type Shape =
  | { readonly kind: 'string' | 'int32' | 'int64' | 'bool' | 'time' | 'microTime'; readonly empty: Empty }
  | { readonly kind: 'list'; readonly of: Shape; readonly empty: Empty }
  | { readonly kind: 'map'; readonly empty: Empty }
  | Struct
  /** JSON as it is. */
  | { readonly kind: 'raw'; readonly empty: Empty };

export interface Struct {
  readonly kind: 'struct';
  /** The struct's name in Go, which the real server's errors show. */
  readonly type: string;
  readonly fields: Readonly<Record<string, Shape>>;
  readonly empty: Empty;
}

/**
 * What becomes of an absent or zero value: left out (`omitempty`), left out only if absent (a pointer), or shown, a
 * struct as `{}`, a string as `""`, everything else as null.
 */
type Empty = 'omitted' | 'kept' | 'shown';

const scalar = (kind: 'string' | 'int32' | 'int64' | 'bool' | 'time' | 'microTime'): Shape => ({
  kind,
  empty: 'omitted',
});
export const string = scalar('string');
export const int32 = scalar('int32');
export const int64 = scalar('int64');
export const bool = scalar('bool');
export const time = scalar('time');
export const microTime = scalar('microTime');
export const raw: Shape = { kind: 'raw', empty: 'omitted' };
export const stringMap: Shape = { kind: 'map', empty: 'omitted' };
export const list = (of: Shape): Shape => ({ kind: 'list', of, empty: 'omitted' });
export const struct = (type: string, fields: Readonly<Record<string, Shape>>): Struct => ({
  kind: 'struct',
  type,
  fields,
  empty: 'shown',
});
export const pointer = <S extends Shape>(shape: S): S => ({ ...shape, empty: 'kept' });
export const shown = <S extends Shape>(shape: S): S => ({ ...shape, empty: 'shown' });

/** The body does not fit the shape; the message is Go's. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

export interface Decoded {
  readonly value: JsonObject;
  /** Paths of what the shape does not know. */
  readonly unknownFields: readonly string[];
}

export function decode(body: unknown, shape: Struct): Decoded {
  const unknownFields: string[] = [];
  const value = decodeStruct(body ?? {}, shape, { owner: shape.type, path: '', unknownFields });
  return { value, unknownFields };
}

interface Place {
  /** The struct that the field belongs to. */
  readonly owner: string;
  readonly path: string;
  readonly unknownFields: string[];
}

function decodeStruct(value: unknown, shape: Struct, place: Place): JsonObject {
  if (!isObject(value)) throw mismatch(value, place, shape.type);
  const decoded: Record<string, Json> = {};
  for (const [name, field] of Object.entries(shape.fields)) {
    const path = place.path === '' ? name : `${place.path}.${name}`;
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    const result = decodeField(given ?? null, field, { ...place, owner: shape.type, path });
    if (result !== undefined) decoded[name] = result;
  }
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(shape.fields, name) && !(place.path === '' && (name === 'kind' || name === 'apiVersion'))) {
      place.unknownFields.push(place.path === '' ? name : `${place.path}.${name}`);
    }
  }
  return decoded;
}

/** undefined: left out. */
function decodeField(value: Json, shape: Shape, place: Place): Json | undefined {
  const decoded = value === null ? null : decodeValue(value, shape, place);
  if (shape.empty === 'kept') return decoded ?? undefined;
  if (decoded !== null && !isZero(decoded, shape)) return decoded;
  if (shape.empty === 'omitted') return undefined;
  if (shape.kind === 'struct') return decoded ?? decodeStruct({}, shape, place);
  return shape.kind === 'string' ? '' : null;
}

function decodeValue(value: Json, shape: Shape, place: Place): Json {
  switch (shape.kind) {
    case 'string':
      if (typeof value !== 'string') throw mismatch(value, place, 'string');
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw mismatch(value, place, 'bool');
      return value;
    case 'int32':
    case 'int64': {
      const limit = shape.kind === 'int32' ? 2 ** 31 : 2 ** 63;
      if (typeof value !== 'number') throw mismatch(value, place, shape.kind);
      if (!Number.isInteger(value) || value >= limit || value < -limit) {
        throw mismatch(value, place, shape.kind, `number ${value}`);
      }
      return value;
    }
    case 'time':
    case 'microTime':
      if (typeof value !== 'string') throw mismatch(value, place, 'string');
      return shape.kind === 'time' ? normalizedTime(value) : normalizedMicroTime(value);
    case 'list':
      if (!Array.isArray(value)) throw mismatch(value, place, '[]');
      return value.map((item: Json) => decodeItem(item, shape.of, place));
    case 'map':
      if (!isObject(value)) throw mismatch(value, place, 'map[string]string');
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, decodeItem(each, string, place)] as const),
      );
    case 'struct':
      return decodeStruct(value, shape, place);
    case 'raw':
      return value;
    default:
      return unreachable(shape);
  }
}

/** In a list or map nothing is left out: null is the zero value. */
function decodeItem(value: Json, shape: Shape, place: Place): Json {
  if (value !== null) return decodeValue(value, shape, place);
  return shape.kind === 'string' ? '' : shape.kind === 'struct' ? decodeStruct({}, shape, place) : null;
}

function isZero(value: Json, shape: Shape): boolean {
  if (shape.kind === 'raw') return false;
  if (Array.isArray(value)) return value.length === 0;
  if (shape.kind === 'map') return Object.keys(value as JsonObject).length === 0;
  return value === '' || value === 0 || value === false;
}

function mismatch(value: unknown, place: Place, type: string, found = jsonKind(value)): ShapeError {
  const field = place.path === '' ? '' : `Go struct field ${place.owner}.${place.path}`;
  return new ShapeError(`json: cannot unmarshal ${found} into ${field === '' ? 'Go value' : field} of type ${type}`);
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

/** Times are kept to the second; a fraction is accepted. */
function normalizedTime(text: string): string {
  const [, seconds, , zone] = RFC_3339.exec(text) ?? [];
  return utcSeconds(seconds, zone, text, '2006-01-02T15:04:05Z07:00') + 'Z';
}

/** Exactly six digits after the second: what JavaScript writes by itself (three) is refused. */
function normalizedMicroTime(text: string): string {
  const [, seconds, fraction, zone] = RFC_3339.exec(text) ?? [];
  const layout = '2006-01-02T15:04:05.000000Z07:00';
  if (fraction?.length !== 6) throw cannotParse(text, layout);
  return `${utcSeconds(seconds, zone, text, layout)}.${fraction}Z`;
}

function utcSeconds(seconds: string | undefined, zone: string | undefined, text: string, layout: string): string {
  const parsed = new Date(`${seconds ?? ''}${zone ?? ''}`);
  if (seconds === undefined || zone === undefined || Number.isNaN(parsed.getTime())) throw cannotParse(text, layout);
  return parsed.toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length);
}

const cannotParse = (text: string, layout: string): ShapeError =>
  new ShapeError(`parsing time ${JSON.stringify(text)} as "${layout}": cannot parse ${JSON.stringify(text)}`);
