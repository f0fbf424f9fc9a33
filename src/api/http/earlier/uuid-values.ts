import { keyOf } from '../../../protocol/http/key-path.ts';
import { notAUuid, otherUuidVersion } from '../../../protocol/http/validation-detail.ts';
import { readUuid } from '../../../protocol/http/uuid.ts';
import type { ApiContext } from '../context.ts';
import { datasetValue } from '../dataset-value.ts';
import type { ApiRequest, ApiResponse } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import type { DirectRoute } from '../routes.ts';
import { sendInvalid } from './answers.ts';
import { segmentAfter } from './input.ts';
import { find, textOrRefusal } from './values.ts';

/** The route of the service whose keys are UUIDs: the data file first, then the store's key that is the UUID in its canonical form. */
export const uuidValueRoutes: readonly DirectRoute[] = [
  // Of a # or a no-break space Express makes something of its own.
  {
    pattern: '/get_value/{key}',
    match: /^\/get_value\/[^/]+$/,
    direct: /^\/get_value\/[^/?#\xa0]+(?:\?[^#\xa0]*)?$/,
    methods: { GET: get },
  },
];

/** The service takes random ones only. */
const UUID_VERSION = 4;

async function get(context: ApiContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  const text = segmentAfter('/get_value/', request, response, 'key');
  if (text === null) return;
  const uuid = readUuid(text);
  if (uuid.kind === 'malformed') {
    sendInvalid(response, [notAUuid(['path', 'key'], text, uuid.reason)]);
    return;
  }
  if (uuid.version !== UUID_VERSION) {
    sendInvalid(response, [otherUuidVersion(['path', 'key'], text, UUID_VERSION)]);
    return;
  }
  const key = keyOf(uuid.canonical);
  if (key === null) throw new TypeError('a UUID is no key');
  const inFile = await datasetValue(context, response, key);
  if (inFile === null) return;
  if (inFile.value !== null) {
    sendJson(response, 200, { key: uuid.canonical, value: inFile.value }, inFile.headers);
    return;
  }
  const result = await find(context, response, key);
  if (result === null) return;
  const { found, headers } = result;
  // An empty value is none to this service.
  if (found === null || found.value.length === 0) {
    sendJson(response, 404, { detail: 'Key not found' }, headers);
    return;
  }
  const value = textOrRefusal(response, key, found, headers);
  if (value !== null) sendJson(response, 200, { key: uuid.canonical, value }, headers);
}
