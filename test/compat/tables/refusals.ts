import type { Row } from '../row.ts';

/** Every answer here but those marked otherwise is FastAPI's to the same request. */
const invalid = (request: string, detail: readonly object[], more: Partial<Row> = {}): Row => ({
  source: 'FastAPI',
  request,
  status: 422,
  answer: { detail },
  ...more,
});

const missing = (loc: readonly string[], input: unknown = null): object => ({
  type: 'missing',
  loc,
  msg: 'Field required',
  input,
});
const notString = (input: unknown): object => ({
  type: 'string_type',
  loc: ['body', 'value'],
  msg: 'Input should be a valid string',
  input,
});
const notObject = (input: unknown): object => ({
  type: 'model_attributes_type',
  loc: ['body'],
  msg: 'Input should be a valid dictionary or object to extract fields from',
  input,
});
const notJson = (position: number, error: string): object => ({
  type: 'json_invalid',
  loc: ['body', position],
  msg: 'JSON decode error',
  input: {},
  ctx: { error },
});
const notUuid = (input: string, error: string): object => ({
  type: 'uuid_parsing',
  loc: ['path', 'key'],
  msg: `Input should be a valid UUID, ${error}`,
  input,
  ctx: { error },
});
const notVersion4 = (input: string): object => ({
  type: 'uuid_version',
  loc: ['path', 'key'],
  msg: 'UUID version 4 expected',
  input,
  ctx: { expected_version: 4 },
});
const UNPARSABLE = '{"detail":"There was an error parsing the body"}';
const nested = (depth: number): string => `{"value":${'['.repeat(depth)}${']'.repeat(depth)}}`;
const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Bodies with a value, which two services take: any JSON, and strings. */
const bodies = ['POST /put/r-k', 'PUT /put/r-k', 'PUT /kv/r-k'].flatMap((request): Row[] => [
  invalid(request, [missing(['body'])]),
  invalid(request, [missing(['body', 'value'], {})], { body: '{}' }),
  invalid(request, [missing(['body', 'value'], { Value: 1 })], { body: '{"Value":1}' }),
  invalid(request, [notObject([])], { body: '[]' }),
  invalid(request, [notObject('x')], { body: '"x"' }),
  invalid(request, [notObject(null)], { body: 'null' }),
  invalid(request, [notObject('{"value":1}')], { body: '{"value":1}', type: 'text/plain' }),
  invalid(request, [notJson(11, 'Expecting property name enclosed in double quotes')], { body: '{"value":1,}' }),
  invalid(request, [notJson(0, 'Expecting value')], { body: 'x' }),
  {
    source: 'FastAPI answers 500: our own',
    request,
    body: '{"value":"\\ud800"}',
    status: 422,
    answer: {
      detail: [
        {
          type: 'string_unicode',
          loc: ['body', 'value'],
          msg: 'Input should be a valid string, unable to parse raw data as a unicode string',
          input: '\ud800',
        },
      ],
    },
  },
  invalid(request, [notJson(9, 'Expecting value')], { source: 'FastAPI answers 500: our own', body: '{"value":NaN}' }),
  { source: 'FastAPI', request, body: latin1('{"value":"\xff"}'), status: 400, answer: UNPARSABLE },
  {
    source: 'our own limit',
    request,
    body: { value: 'x'.repeat(2001) },
    status: 413,
    answer:
      '{"detail":"The body has 2001 bytes, and 2000 are allowed. Split the value, or raise the limit on the server (KV_VALUE_BYTES_MAX)."}',
  },
]);

const query: readonly Row[] = [
  invalid('GET /api/v1/keys', [missing(['query', 'key'])]),
  invalid('GET /api/v1/keys?Key=a', [missing(['query', 'key'])]),
  invalid('PUT /api/v1/keys', [missing(['query', 'key']), missing(['query', 'value'])]),
  invalid('PUT /api/v1/keys?key=a', [missing(['query', 'value'])], { body: { value: 'x' } }),
  invalid('PUT /api/v1/keys?value=a', [missing(['query', 'key'])]),
  invalid('GET /map', [missing(['query', 'key'])]),
  invalid('GET /get/k?version=a', [
    {
      type: 'int_parsing',
      loc: ['query', 'version'],
      msg: 'Input should be a valid integer, unable to parse string as an integer',
      input: 'a',
    },
  ]),
];

const uuids: readonly Row[] = [
  invalid('GET /get_value/nope', [notUuid('nope', 'invalid character: found `n` at 0')]),
  invalid('GET /get_value/abc', [notUuid('abc', 'invalid length: found 3')]),
  invalid('GET /get_value/1-2-3-4-5', [notUuid('1-2-3-4-5', 'invalid group length in group 0: expected 8, found 1')]),
  invalid('GET /get_value/--', [notUuid('--', 'invalid group count: expected 5, found 3')]),
  invalid('GET /get_value/72cf48f7-d604-4423-b012-4e2329f5117', [
    notUuid('72cf48f7-d604-4423-b012-4e2329f5117', 'invalid group length in group 4: expected 12, found 11'),
  ]),
  invalid('GET /get_value/%C3%BC', [notUuid('ü', 'invalid character: found `ü` at 0')]),
  invalid('GET /get_value/%2072cf48f7-d604-4423-b012-4e2329f5117b', [
    notUuid(' 72cf48f7-d604-4423-b012-4e2329f5117b', 'invalid character: found ` ` at 0'),
  ]),
  invalid(`GET /get_value/${'x'.repeat(5000)}`, [notUuid('x'.repeat(5000), 'invalid length: found 5000')]),
  invalid('GET /get_value/72cf48f7-d604-1423-b012-4e2329f5117b', [notVersion4('72cf48f7-d604-1423-b012-4e2329f5117b')]),
  invalid('GET /get_value/72cf48f7-d604-4423-c012-4e2329f5117b', [notVersion4('72cf48f7-d604-4423-c012-4e2329f5117b')]),
  invalid('GET /get_value/00000000-0000-0000-0000-000000000000', [notVersion4('00000000-0000-0000-0000-000000000000')]),
];

/** Keys have limits here, which no service had, and bytes that are no text are not replaced. */
const LONG = 'ü'.repeat(513);
const tooLong = (loc: readonly string[]): object => ({
  type: 'bytes_too_long',
  loc,
  msg: 'Data should have at most 1024 bytes',
  input: LONG,
  ctx: { max_length: 1024 },
});
const notUnicode = (loc: readonly string[]): object => ({
  type: 'string_unicode',
  loc,
  msg: 'Input should be a valid string, unable to parse raw data as a unicode string',
  input: '%FF',
});
const ours = (row: Row): Row => ({ ...row, source: 'our own limits' });
const keys: readonly Row[] = [
  ...['POST /put/', 'PUT /kv/'].flatMap((route) => [
    ours(invalid(`${route}${encodeURIComponent(LONG)}`, [tooLong(['path', 'key'])], { body: { value: 'v' } })),
    ours(invalid(`${route}%FF`, [notUnicode(['path', 'key'])], { body: { value: 'v' } })),
  ]),
  ...['GET /get/', 'GET /kv/', 'DELETE /delete/'].flatMap((route) => [
    ours(invalid(`${route}${encodeURIComponent(LONG)}`, [tooLong(['path', 'key'])])),
    ours(invalid(`${route}%FF`, [notUnicode(['path', 'key'])])),
  ]),
  ours(invalid('GET /get_value/%FF', [notUnicode(['path', 'key'])])),
  ours(invalid(`GET /api/v1/keys?key=${encodeURIComponent(LONG)}`, [tooLong(['query', 'key'])])),
  ours(invalid('GET /api/v1/keys?key=%FF', [notUnicode(['query', 'key'])])),
  ours(invalid('PUT /api/v1/keys?key=a&value=%FF', [notUnicode(['query', 'value'])])),
  ours(
    invalid('PUT /api/v1/keys?key=&value=v', [
      {
        type: 'string_too_short',
        loc: ['query', 'key'],
        msg: 'String should have at least 1 character',
        input: '',
        ctx: { min_length: 1 },
      },
    ]),
  ),
];

const notFound = (request: string): Row => ({
  source: 'FastAPI',
  request,
  status: 404,
  answer: '{"detail":"Not Found"}',
});
const wrongMethod = (request: string, allow: string): Row => ({
  source: 'FastAPI, but for Allow: it names the methods of the first route only',
  request,
  status: 405,
  answer: '{"detail":"Method Not Allowed"}',
  headers: { allow, 'content-type': 'application/json' },
});
const redirected = (request: string, location: string): Row => ({
  source: 'FastAPI, whose Location names the host, too',
  request,
  status: 307,
  answer: '',
  headers: { location },
});

const routes: readonly Row[] = [
  ...[
    '/nope',
    '/put',
    '/get',
    '/get/',
    '/get/a/b',
    '/kv/',
    '/kv/a/b',
    '/get_value',
    '/KEYS',
    '/heartbeat',
    '/pull',
  ].map((path) => (path === '/put' ? wrongMethod('GET /put', 'PUT') : notFound(`GET ${path}`))),
  notFound('POST /replicate/k'),
  wrongMethod('GET /put/k', 'POST, PUT'),
  wrongMethod('DELETE /kv/k', 'GET, PUT'),
  wrongMethod('OPTIONS /kv/k', 'GET, PUT'),
  wrongMethod('POST /api/v1/keys', 'GET, PUT'),
  wrongMethod('PATCH /get_value/x', 'GET'),
  ...[
    '/keys',
    '/workers',
    '/map',
    '/health',
    '/servers',
    '/insights',
    '/cache/stats',
    '/db/stats',
    '/system/stats',
  ].map((path) => wrongMethod(`POST ${path}`, 'GET')),
  redirected('GET /workers/', '/workers'),
  redirected('POST /workers/', '/workers'),
  redirected('GET /kv/k/', '/kv/k'),
  redirected('GET /api/v1/keys/?key=a', '/api/v1/keys?key=a'),
  redirected('GET /get/k/?version=1', '/get/k?version=1'),
];

const strings = [1, null, true, { a: 1 }, [1]].map((value) =>
  invalid('PUT /kv/r-k', [notString(value)], { body: { value } }),
);

export const refusals: readonly Row[] = [
  ...bodies,
  ...strings,
  { source: 'FastAPI', request: 'POST /put/r-deep', body: nested(2000), status: 400, answer: UNPARSABLE },
  ...query,
  ...uuids,
  ...keys,
  ...routes,
];
