import { SERVED, type Row } from '../row.ts';

const UUID = '72cf48f7-d604-4423-b012-4e2329f5117b';
const VALUE = 'zsda pl focnygogk x cjuu cmwrolqrmu wgdwxr';
const found = {
  source: 'S2:53, 61-71',
  after: [['PUT /put', { key: UUID, value: VALUE }]],
  status: 200,
  answer: `{"key":"${UUID}","value":"${VALUE}"}`,
  headers: SERVED,
} as const;

/** S2: `GET /get_value/{uuid}`. */
export const uuidValues: readonly Row[] = [
  { ...found, request: `GET /get_value/${UUID}` },
  { ...found, source: 'FastAPI: UUID4', request: `GET /get_value/${UUID.toUpperCase()}` },
  { ...found, source: 'FastAPI: UUID4', request: 'GET /get_value/72cf48f7d6044423b0124e2329f5117b' },
  { ...found, source: 'FastAPI: UUID4', request: `GET /get_value/urn:uuid:${UUID}` },
  { ...found, source: 'FastAPI: UUID4', request: `GET /get_value/%7B${UUID}%7D` },
  {
    source: 'S2:54, tests/test_app.py test_get_value_invalid_key',
    request: 'GET /get_value/3479d894-3271-4935-88cf-a06f3cbb80a6',
    status: 404,
    answer: '{"detail":"Key not found"}',
    headers: SERVED,
  },
  {
    source: 'app/main.py get_value: an empty value is not found',
    request: 'GET /get_value/3479d894-3271-4935-88cf-a06f3cbb80a7',
    after: [['PUT /put', { key: '3479d894-3271-4935-88cf-a06f3cbb80a7', value: '' }]],
    status: 404,
    answer: '{"detail":"Key not found"}',
    headers: SERVED,
  },
  {
    source: 'tests/test_app.py test_get_value_missing_key',
    request: 'GET /get_value/',
    status: 404,
    answer: '{"detail":"Not Found"}',
  },
];

/** S3: `GET` and `PUT /api/v1/keys`. */
export const queryKeys: readonly Row[] = [
  {
    source: 'S3:30-36, server/main.py put_key',
    request: 'PUT /api/v1/keys?key=s3-a&value=value',
    status: 200,
    answer: 'null',
    headers: SERVED,
  },
  {
    source: 'S3:20-26, server/main.py get_key',
    request: 'GET /api/v1/keys?key=s3-b',
    after: [['PUT /api/v1/keys?key=s3-b&value=a+b%26c']],
    status: 200,
    answer: '{"key":"s3-b","value":"a b&c"}',
    headers: SERVED,
  },
  {
    source: 'server/main.py get_key',
    request: 'GET /api/v1/keys?key=s3-none',
    status: 404,
    answer: 'null',
    headers: SERVED,
  },
  {
    source: 'server/main.py get_key: an empty value is not found',
    request: 'GET /api/v1/keys?key=s3-c',
    after: [['PUT /api/v1/keys?key=s3-c&value=']],
    status: 404,
    answer: 'null',
    headers: SERVED,
  },
  { source: 'FastAPI: key: str', request: 'GET /api/v1/keys?key=', status: 404, answer: 'null' },
  {
    source: 'FastAPI: the last of a name counts, a body is not looked at',
    request: 'PUT /api/v1/keys?key=x&key=s3-d&value=x&value=last',
    body: { value: 'body' },
    status: 200,
    answer: 'null',
  },
  {
    source: 'server/main.py get_key',
    request: 'GET /api/v1/keys?key=s3-e%2Ff%3Fg',
    after: [['PUT /api/v1/keys?key=s3-e/f?g&value=gr%C3%BCn']],
    status: 200,
    answer: '{"key":"s3-e/f?g","value":"grün"}',
  },
  { source: 'server/main.py root', request: 'GET /', status: 200, answer: '{"message":"Hello!"}' },
];
