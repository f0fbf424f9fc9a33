import fc from 'fast-check';

import type { Json, ShownOperation, ShownParameter } from './document.ts';
import type { Sent } from './exchange.ts';

/** What the document cannot know: values, by the name of the parameter or of the field, that mean something to the store as it is. */
export type Known = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** A request that is drawn, and whether the schemas take all of it. */
export interface Drawn {
  readonly sent: Sent;
  readonly values: readonly { readonly schema: Json; readonly value: unknown }[];
}

type Value = { readonly schema: Json; readonly value: unknown; readonly text: string } | null;

export function requestsOf(operation: ShownOperation, known: Known): fc.Arbitrary<Drawn> {
  const parameters = operation.parameters.map((parameter) => valueOf(parameter, known));
  return fc.tuple(fc.tuple(...parameters), bodyOf(operation, known)).map(([values, body]) => {
    const given = operation.parameters.flatMap((parameter, at) => {
      const value = values[at] ?? null;
      return value === null ? [] : [{ parameter, ...value }];
    });
    const inPlace = (place: ShownParameter['in']) => given.filter(({ parameter }) => parameter.in === place);
    const path = inPlace('path').reduce(
      (filled, { parameter, text }) => filled.replace(`{${parameter.name}}`, () => encodeURIComponent(text)),
      operation.path,
    );
    const query = inPlace('query').map(({ parameter, text }) => `${parameter.name}=${encodeURIComponent(text)}`);
    return {
      sent: {
        method: operation.method,
        path: query.length === 0 ? path : `${path}?${query.join('&')}`,
        headers: {
          ...Object.fromEntries(inPlace('header').map(({ parameter, text }) => [parameter.name, text])),
          ...(body.type === null ? {} : { 'content-type': body.type }),
        },
        body: body.text,
      },
      values: [...given.filter(({ parameter }) => parameter.in !== 'path'), ...body.values],
    };
  });
}

function valueOf(parameter: ShownParameter, known: Known): fc.Arbitrary<Value> {
  const { name, schema, example, required } = parameter;
  const wild = parameter.in === 'header' ? headerText : fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  const values =
    'not' in schema
      ? wild
      : fc.oneof(
          { arbitrary: known[name] ?? fc.constant(example), weight: 8 },
          { arbitrary: drawn(schema, known), weight: 4 },
          { arbitrary: wild, weight: 1 },
        );
  const texts = values.map(String).map((text) => ({ schema, value: text, text }));
  if (required) return texts;
  // With everything that can be said nearly every request would be refused.
  const absent = 'not' in schema ? 12 : parameter.in === 'header' ? 3 : 1;
  return fc.oneof({ arbitrary: fc.constant(null), weight: absent }, { arbitrary: texts, weight: 1 });
}

/** No blanks at its ends: HTTP takes them off. */
const headerText = fc.stringMatching(/^[!-~](?:[ -~]{0,18}[!-~])?$/);

interface Body {
  readonly type: string | null;
  readonly text: string | null;
  readonly values: Drawn['values'];
}

function bodyOf({ body }: ShownOperation, known: Known): fc.Arbitrary<Body> {
  if (body === null) return fc.constant({ type: null, text: null, values: [] });
  const { schema, example } = body.media;
  if (!/json/.test(body.type)) {
    const texts = fc.option(fc.string({ unit: 'grapheme', maxLength: 200 }));
    return fc.record({ type: fc.constant('text/plain'), text: texts, values: fc.constant([]) });
  }
  const asJson = (value: unknown): Body => ({
    type: body.type,
    text: JSON.stringify(value),
    values: [{ schema, value }],
  });
  return fc.oneof(
    { arbitrary: likeExample(example, known).map(asJson), weight: 6 },
    { arbitrary: drawn(schema, known).map(asJson), weight: 6 },
    { arbitrary: fc.jsonValue({ maxDepth: 3 }).map(asJson), weight: 1 },
    {
      arbitrary: fc.string().map((text) => ({ type: body.type, text: `{${text}`, values: [] })),
      weight: 1,
    },
    {
      arbitrary: fc.constant({ type: 'text/plain', text: JSON.stringify(example), values: [] }),
      weight: 1,
    },
  );
}

/** The example, with what is known in its place. */
function likeExample(example: unknown, known: Known): fc.Arbitrary<unknown> {
  const fields = Object.entries(example as Json).map(([name, value]) => [name, known[name] ?? fc.constant(value)]);
  return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>);
}

/** Just those words of JSON Schema that the document uses; another one is an error, so that none is passed over. */
const WORDS = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties', 'items', 'minItems'],
  ...['maxItems', 'uniqueItems', 'enum', 'const', 'anyOf', 'not', 'pattern', 'minLength', 'maxLength', 'minimum'],
  ...['maximum', 'default', 'description', 'contentEncoding', 'examples'],
]);

/** Nearly all lists are short; what is long is for tests of limits. */
const LENGTH_MAX = 4;
const REPEATED_MAX = 8;

export function drawn(schema: Json, known: Known): fc.Arbitrary<unknown> {
  const unknown = Object.keys(schema).filter((word) => !WORDS.has(word));
  if (unknown.length > 0) throw new Error(`no values can be drawn for ${unknown.join(', ')}`);
  if ('const' in schema) return fc.constant(schema['const']);
  if (schema['enum'] !== undefined) return fc.constantFrom(...(schema['enum'] as unknown[]));
  if (schema['anyOf'] !== undefined) return fc.oneof(...(schema['anyOf'] as Json[]).map((one) => drawn(one, known)));
  switch (schema['type']) {
    case 'object':
      return objects(schema, known);
    case 'array':
      return fc.array(drawn((schema['items'] ?? {}) as Json, known), {
        minLength: Number(schema['minItems'] ?? 0),
        maxLength: LENGTH_MAX,
      });
    case 'string':
      return strings(schema);
    case 'integer':
      return fc.integer({ min: Number(schema['minimum'] ?? -100), max: Number(schema['maximum'] ?? 100) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function strings({ pattern, minLength, maxLength, contentEncoding }: Json): fc.Arbitrary<string> {
  if (contentEncoding === 'base64') return fc.base64String({ maxLength: 40 });
  if (typeof pattern === 'string') {
    // A part of what the pattern takes: hundreds of characters more show nothing else, and cost most of the time.
    const shorter = pattern.replaceAll(/\{(\d+),(\d+)\}/g, (_all, min: string, max: string) => {
      return `{${min},${Math.min(Number(max), Number(min) + REPEATED_MAX)}}`;
    });
    return fc.stringMatching(new RegExp(shorter)).filter((text) => text.length <= Number(maxLength ?? Infinity));
  }
  return fc.string({
    unit: 'grapheme',
    minLength: Number(minLength ?? 0),
    maxLength: Math.min(Number(maxLength ?? 20), 20),
  });
}

function objects(schema: Json, known: Known): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Json>>);
  const fields = Object.fromEntries(properties.map(([name, of]) => [name, known[name] ?? drawn(of, known)]));
  // An operation of a batch: one of several.
  if (schema['maxProperties'] === 1)
    return fc.oneof(...Object.entries(fields).map(([name, value]) => value.map((one) => ({ [name]: one }))));
  return fc.record(fields, { requiredKeys: (schema['required'] ?? []) as string[] });
}
