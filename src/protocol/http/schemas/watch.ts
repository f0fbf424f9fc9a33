import { KEY_BYTES_MAX } from '../key-path.ts';
import type { Operation, Parameter } from '../operation.ts';
import { WATCH_TOKEN_PATTERN } from '../watch-token.ts';
import { problemResponses } from './problem.ts';

export const WATCH_PATH = '/v1/watch';

const key: Parameter = {
  name: 'key',
  in: 'query',
  required: false,
  description: `one key, percent-encoded UTF-8 of 1 to ${KEY_BYTES_MAX} bytes`,
  schema: { type: 'string', minLength: 1, maxLength: KEY_BYTES_MAX },
  example: 'app/theme',
};

const prefix: Parameter = {
  name: 'prefix',
  in: 'query',
  required: false,
  description: `the beginning of the keys, percent-encoded UTF-8 of at most ${KEY_BYTES_MAX} bytes; empty for all keys`,
  schema: { type: 'string', maxLength: KEY_BYTES_MAX },
  example: 'app/',
};

const from: Parameter = {
  name: 'from',
  in: 'query',
  required: false,
  description: 'the id of the last event that was seen, or the watchFrom of a list, unchanged',
  schema: { type: 'string', pattern: WATCH_TOKEN_PATTERN },
  example: 'AQAAAAAAAAEAAAAAAAMsYjFjMmQzLTE',
};

const lastEventId: Parameter = {
  ...from,
  name: 'Last-Event-ID',
  in: 'header',
  description: 'the id of the last event that was seen, unchanged; it counts more than from and snapshot',
};

const snapshot: Parameter = {
  name: 'snapshot',
  in: 'query',
  required: false,
  description: 'true or false; false if not given',
  schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
  example: 'true',
};

export const watchKeys: Operation = {
  method: 'get',
  path: WATCH_PATH,
  operationId: 'watchKeys',
  tags: ['watch'],
  summary: 'Watch a key, or all keys under a prefix',
  description:
    'Server-Sent Events, until either side ends it. `put`, `delete`, `expire` and `evict` tell what committed writes have done, in the order of revisions, each once; `synced` that everything so far was told; `progress` that nothing more has happened up to a revision; `overflow` that the reader was too slow, after which the stream ends. To go on after any end, send the last id as Last-Event-ID.',
  parameters: [key, prefix, from, snapshot, lastEventId],
  responses: {
    '200': {
      description: 'The events.',
      headers: { 'X-Accel-Buffering': { description: 'no: told to proxies.', schema: { type: 'string' } } },
      content: {
        'text/event-stream': {
          schema: { type: 'string' },
          example:
            'retry: 1000\n\nevent: delete\nid: AQAAAAAAAAEAAAAAAAMsYjFjMmQzLTE\ndata: {"key":"app/theme","revision":812,"version":2}\n\n',
        },
      },
    },
    ...problemResponses(
      'bad-request',
      'compacted',
      'replaced-lineage',
      'no-leader',
      'no-replica',
      'replica-behind',
      'empty',
      'overloaded',
      'stopping',
      'internal',
    ),
  },
};

export const watchOperations: readonly Operation[] = [watchKeys];
