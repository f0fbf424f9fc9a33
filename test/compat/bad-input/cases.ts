import type { ShownOperation, ShownParameter } from '../openapi/document.ts';
import { REFUSED_BODIES } from './bodies.ts';
import { takes, UNKNOWN, wrongMembers } from './members.ts';
import { familyOf, type Kind } from './rules.ts';
import type { Request } from './wire.ts';

/** A request with one thing wrong in it. */
export interface Case {
  readonly kind: Kind;
  /** The parameter or member that is wrong; empty: the whole. */
  readonly names: string;
  readonly value: string;
  readonly request: Request;
}

/** What is no number, no flag, no token, no name, or not within its limits: whichever of them the schema of a parameter does not take. */
const TEXTS = [
  ...['', '0', '-1', '1.5', '1e3', '0x10', '007', '18446744073709551616', '9'.repeat(400), 'true', 'TRUE', 'null'],
  ...['nonsense', '[]', '{}', '"', ',', ';', '\0', ' ', '\u202e', '🚀'],
  ...['__proto__', 'constructor', 'toString', 'x'.repeat(5000), `"${'x'.repeat(5000)}"`],
];

/** What a schema cannot refuse, by the name of the parameter: its range, what is inside a token, bytes rather than characters. */
const BEYOND_SCHEMAS: Readonly<Record<string, readonly string[]>> = {
  key: ['ü'.repeat(600)],
  prefix: ['ü'.repeat(600)],
  incr: ['9223372036854775808', '-9223372036854775809'],
  cursor: [`AAA.${'A'.repeat(30)}`, `${'_'.repeat(30)}.${'A'.repeat(30)}`],
  from: ['A'.repeat(30), `${'A'.repeat(30)}.AAAA`],
  expect: ['10001', '999999999999999'],
  server: ['', 'nobody', '__proto__', 'x'.repeat(5000)],
  'Last-Event-ID': ['A'.repeat(30)],
  'X-KV-Session': ['A'.repeat(30), `AQ${'_'.repeat(40)}`],
  'X-KV-TTL': ['0', '0ms', '36526d', '9999999999999d'],
  'X-KV-Fence': ['%:1', '%FF:1', 'a/../b:1', `${'x'.repeat(1025)}:1`],
};

const PATHS: Readonly<Record<string, readonly string[]>> = {
  native: ['%', 'a%2', 'a%zz', '.', '..', 'a/./b', '%2e%2E/a', 'a#b', 'x'.repeat(1025), '%C3%BC'.repeat(513)],
  earlier: ['x'.repeat(1025), '%C3%BC'.repeat(513)],
  telling: ['nothing', '__proto__', 'swagger-ui.js', '..%2f..%2fpackage.json', 'x'.repeat(1025)],
};

const NOT_UTF8 = ['%FF', 'a%C3%28', '%C0%80', '%ED%A0%80', '%F0%9F%9A'];

/** Without these the operation has nothing to do, and would say so instead. */
export const QUERIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  deleteKeys: { prefix: 'none/', expect: '0' },
  watchKeys: { prefix: '' },
};

export const CONTRADICTIONS: Readonly<Record<string, readonly (readonly [query: string, names: string])[]>> = {
  getKey: [
    ['version=1&revision=1', 'version'],
    ['version=1&history=true', 'history'],
    ['values=true', 'values'],
    ['values=true&history=false', 'values'],
  ],
  deleteKeys: [
    ['', 'prefix'],
    ['prefix=a', 'expect'],
    ['prefix=a&all=true&expect=1', 'all=true'],
    ['all=false&expect=0', 'prefix'],
  ],
  watchKeys: [
    ['', 'prefix'],
    ['key=a&prefix=b', 'either key, or prefix'],
  ],
};

/** More than any body may have. */
const TOO_LARGE_BYTES = 4 * 2 ** 20 + 1;
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const DEPTHS = [
  { kind: 'body deep', text: nested(400) },
  { kind: 'body too deep', text: nested(10_000) },
] as const;

interface Base {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Request['headers'];
  readonly body: Buffer | null;
}

const encoded = (text: string): string => encodeURIComponent(text);

function baseOf({ operationId, parameters, body }: ShownOperation): Base {
  const examples = (place: ShownParameter['in']) =>
    parameters
      .filter((parameter) => parameter.in === place && parameter.required)
      .map(({ name, example = '' }) => [name, encoded(example)]);
  return {
    path: Object.fromEntries(examples('path')) as Record<string, string>,
    query: { ...(Object.fromEntries(examples('query')) as Record<string, string>), ...QUERIES[operationId] },
    headers: body === null ? [] : [['Content-Type', isJson(body.type) ? body.type : 'text/plain']],
    body: body === null ? null : Buffer.from(isJson(body.type) ? JSON.stringify(body.media.example) : '7'),
  };
}

const isJson = (type: string): boolean => type === 'application/json';

function requestOf({ method, path }: ShownOperation, base: Base, query = textOf(base.query)): Request {
  const filled = Object.entries(base.path).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, () => value),
    path,
  );
  return { method, target: query === '' ? filled : `${filled}?${query}`, headers: base.headers, body: base.body };
}

const textOf = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');

/** Everything that can be wrong with a request for this operation, one thing at a time. */
export function* casesOf(operation: ShownOperation): Generator<Case> {
  const base = baseOf(operation);
  const make = (kind: Kind, names: string, value: string, change: Partial<Base>, query?: string): Case => ({
    kind,
    names,
    value,
    request: requestOf(operation, { ...base, ...change }, query),
  });
  for (const parameter of operation.parameters) {
    if (parameter.in === 'path') yield* pathCases(operation, base, parameter, make);
    else if (parameter.in === 'query') yield* queryCases(base, parameter, make);
    else yield* headerCases(base, parameter, make);
  }
  const query = textOf(base.query);
  for (const name of UNKNOWN)
    yield make('unknown query parameter', name, '1', {}, query === '' ? `${name}=1` : `${query}&${name}=1`);
  for (const [contradiction, names] of CONTRADICTIONS[operation.operationId] ?? [])
    yield make('parameters that contradict each other', names, contradiction, {}, contradiction);
  if (operation.body !== null) yield* bodyCases(operation.body, base, make);
  for (const { kind, names, text } of REFUSED_BODIES[operation.operationId] ?? [])
    yield make(kind, names, text.slice(0, 200), { body: Buffer.from(text) });
  const long = 'x'.repeat(20_000);
  yield make('NUL in the request line', '', '', {}, 'a=\0');
  for (const text of ['\xff', '\xc3\xbc']) yield make('raw bytes in the request line', '', text, {}, `a=${text}`);
  yield make('NUL in a header', '', '', { headers: [...base.headers, ['X-Other', 'a\0b']] });
  yield make('request line too long', '', '', {}, long);
  yield make('header too long', '', '', { headers: [...base.headers, ['X-Other', long]] });
}

type Make = (kind: Kind, names: string, value: string, change: Partial<Base>, query?: string) => Case;

function* pathCases(operation: ShownOperation, base: Base, { name }: ShownParameter, make: Make): Generator<Case> {
  const withValue = (kind: Kind, value: string): Case =>
    make(kind, name, value, { path: { ...base.path, [name]: value } });
  yield withValue('path empty', '');
  // A segment more or less is another path.
  const values =
    name === 'lockId' ? ['x', 'x'.repeat(23), '__proto__', '%00'.repeat(22)] : (PATHS[familyOf(operation)] ?? []);
  for (const value of values) yield withValue('path', value);
  for (const value of NOT_UTF8) yield withValue('path, not UTF-8', value);
}

function* queryCases(
  base: Base,
  { name, required, schema, example = '' }: ShownParameter,
  make: Make,
): Generator<Case> {
  const { [name]: _, ...others } = base.query;
  if (required) yield make('query parameter missing', name, '', { query: others });
  const withValue = (kind: Kind, value: string, text = encoded(value)): Case =>
    make(kind, name, value, { query: { ...others, [name]: text } });
  for (const value of TEXTS) if (!takes(schema, value)) yield withValue('query parameter', value);
  for (const value of BEYOND_SCHEMAS[name] ?? []) yield withValue('query parameter', value);
  for (const value of NOT_UTF8) yield withValue('query parameter, not UTF-8', value, value);
  yield withValue('query parameter twice', example, `${encoded(example)}&${name}=${encoded(example)}`);
}

/** What arrives as it was sent: HTTP takes blanks off. */
const VISIBLE = /^[!-~]+$/;

function* headerCases(base: Base, { name, schema, example = '' }: ShownParameter, make: Make): Generator<Case> {
  const withValues = (kind: Kind, ...values: string[]): Case =>
    make(kind, name, values.join(), { headers: [...base.headers, ...values.map((value) => [name, value] as const)] });
  for (const value of TEXTS) if (VISIBLE.test(value) && !takes(schema, value)) yield withValues('header', value);
  for (const value of BEYOND_SCHEMAS[name] ?? []) yield withValues('header', value);
  yield withValues('header, not ASCII', '\xff');
  if (!('not' in schema)) yield withValues('header twice', example, example);
}

function* bodyCases({ type, media }: NonNullable<ShownOperation['body']>, base: Base, make: Make): Generator<Case> {
  const { headers, body } = base;
  const typed = (value: string): Request['headers'] => [['Content-Type', value]];
  yield make('encoding', 'Content-Encoding', 'gzip', { headers: [...headers, ['Content-Encoding', 'gzip']] });
  yield make('type twice', 'Content-Type', '', { headers: [...headers, ...headers] });
  yield make('body too large', '', '', { body: Buffer.alloc(TOO_LARGE_BYTES, ' ') });
  if (!isJson(type)) {
    for (const value of ['x'.repeat(300), 'text/gr\xfcn'])
      yield make('header', 'Content-Type', value, { headers: typed(value) });
    return;
  }
  yield make('body missing', '', '', { body: null });
  yield make('body without type', 'Content-Type', '', { headers: [] });
  for (const other of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])
    yield make('body of another type', 'Content-Type', other, { headers: typed(other) });
  yield make('body, not UTF-8', '', '', { body: Buffer.from('{"x":"\xff"}', 'latin1') });
  for (const text of ['{', '{"a":1,}', "{'a':1}", '{"a":\0}', '\ufffd', 'NaN', `${String(body)}{}`])
    yield make('body, no JSON', '', text, { body: Buffer.from(text) });
  for (const { kind, text } of DEPTHS) yield make(kind, '', 'the whole', { body: Buffer.from(text) });
  const example = media.example as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(example)) {
    const others = Object.entries(example).filter(([other]) => other !== name);
    const member = (value: string): string =>
      [...others.map(([other, its]) => `"${other}":${JSON.stringify(its)}`), `"${name}":${value}`].join();
    for (const { kind, text } of DEPTHS) yield make(kind, name, 'a member', { body: Buffer.from(`{${member(text)}}`) });
    const twice = `{${member(JSON.stringify(example[name]))},"${name}":${JSON.stringify(example[name])}}`;
    yield make('member twice', name, twice, { body: Buffer.from(twice) });
  }
  for (const { kind, names, value } of wrongMembers(media.schema, example, '')) {
    const text = JSON.stringify(value);
    yield make(kind, names, text.slice(0, 200), { body: Buffer.from(text) });
  }
}
