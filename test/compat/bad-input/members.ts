import { Ajv2020 } from 'ajv/dist/2020.js';

import type { Json } from '../openapi/document.ts';

/** A body with one thing wrong in it, and what that is. */
export interface WrongMember {
  readonly kind: 'member' | 'member missing' | 'unknown member';
  readonly names: string;
  readonly value: unknown;
}

const ajv = new Ajv2020({ strict: false });
export const takes = (schema: Json, value: unknown): boolean => ajv.validate(schema, value);

/** One of each type, at the edges of what they hold. */
const VALUES = [null, true, -1, 0, 1.5, 2 ** 53, 1e300, '', 'nonsense', '-1', '1e3', 'x'.repeat(900), [], {}] as const;

/** Names that every object of JavaScript inherits, among them. */
export const UNKNOWN = ['colour', '__proto__', 'constructor', 'toString'] as const;

/**
 * Every way in which a member of `schema`, however deep, is not what its schema takes; the rest of `base` stays, so that only
 * this one can be what the answer complains of.
 */
export function* wrongMembers(schema: Json, base: unknown, names: string): Generator<WrongMember> {
  for (const value of VALUES) if (!takes(schema, value)) yield { kind: 'member', names, value };
  if (schema['type'] === 'object') yield* wrongObjects(schema, base);
  if (schema['type'] !== 'array') return;
  const items = schema['items'] as Json;
  const item = (base as unknown[] | undefined)?.[0] ?? sample(items);
  for (const wrong of wrongMembers(items, item, names)) yield { ...wrong, value: [wrong.value] };
  const { maxItems } = schema;
  if (typeof maxItems === 'number')
    yield { kind: 'member', names, value: Array.from({ length: maxItems + 1 }, () => item) };
}

function* wrongObjects(schema: Json, base: unknown): Generator<WrongMember> {
  const whole = (takes(schema, base) ? base : sample(schema)) as Json;
  for (const [name, of] of Object.entries(propertiesOf(schema))) {
    // An operation of a batch: one of several.
    const others = schema['maxProperties'] === 1 ? {} : whole;
    for (const wrong of wrongMembers(of, whole[name], name))
      yield { ...wrong, value: { ...others, [name]: wrong.value } };
  }
  for (const name of requiredOf(schema)) {
    const { [name]: _, ...rest } = whole;
    yield { kind: 'member missing', names: name, value: rest };
  }
  // A schema that is open says nothing of others, and what several of one name are is seen to in its place.
  if (schema['additionalProperties'] !== false && schema['additionalProperties'] !== undefined) return;
  const others = schema['maxProperties'] === 1 ? {} : whole;
  for (const name of UNKNOWN) yield { kind: 'unknown member', names: name, value: { ...others, [name]: 1 } };
}

/** The least that a schema takes. */
function sample(schema: Json): unknown {
  if (schema['enum'] !== undefined) return (schema['enum'] as unknown[])[0];
  if (schema['anyOf'] !== undefined) return sample((schema['anyOf'] as Json[])[0] ?? {});
  switch (schema['type']) {
    case 'object': {
      const properties = Object.entries(propertiesOf(schema));
      const required = properties.filter(([name]) => requiredOf(schema).includes(name));
      const least = schema['minProperties'] === 1 ? properties.slice(0, 1) : required;
      return Object.fromEntries(least.map(([name, of]) => [name, sample(of)]));
    }
    case 'array':
      return [];
    case 'integer':
      return 1;
    case 'boolean':
      return true;
    case 'string':
      return '1';
    default:
      return null;
  }
}

const propertiesOf = (schema: Json): Readonly<Record<string, Json>> =>
  (schema['properties'] ?? {}) as Readonly<Record<string, Json>>;
const requiredOf = (schema: Json): readonly string[] => (schema['required'] ?? []) as string[];
