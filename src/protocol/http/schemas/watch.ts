import { KEY_BYTES_MAX } from '../key-path.ts';
import type { Operation, Parameter } from '../operation.ts';
import { prose } from '../prose.ts';
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

const WATCH =
  prose(`Server-Sent Events, for as long as both sides like. \`key\` watches one key, \`prefix\` all keys that begin so (empty: all keys).

| event | says | data |
|---|---|---|
| \`put\` | the key has this value | as the JSON form of a value |
| \`delete\`, \`expire\`, \`evict\` | the key is gone: deleted; its time was over, or nobody used it; or it had to make room (\`KV_EVICTION=lru\`) | \`key\` (or \`keyB64\`), \`revision\`, \`version\` |
| \`synced\` | everything so far was told; once for each stream | \`revision\` |
| \`progress\` | up to here nothing else has happened to these keys | \`revision\` |
| \`overflow\` | the reader was too slow, and what follows is not kept any more; the stream ends | \`oldestRevision\` |

Events tell what committed writes have done, in the order of revisions, each once. A batch or a transaction is as many events as it has changed keys,
at one revision. A touch (\`PATCH\`) changes neither value nor revision, and is no event; a key whose time is over is hidden from reads at once,
and its \`expire\` follows within moments. Every 15 s there is a comment, so that nobody takes the connection for dead.

**The state first.** With \`snapshot=true\` a \`put\` comes for each key that there is, in the order of keys, as of one revision; then \`synced\`,
with what has changed meanwhile before it.

**Going on.** An id is opaque, and good at every replica and every proxy, across changes of leader: who comes again with the last one that it has seen, as
\`Last-Event-ID\` or \`from\`, misses nothing, and is told nothing twice. A stream may end at any time, for a pod that stops, say: come again.
(Through a proxy a watch outlives the replicas by itself.) Browsers send the header by themselves; it counts more than \`from\` and
\`snapshot\`.

**Not any more.** 410 \`compacted\`: no replica keeps what follows the id; \`oldestRevision\` says where what is kept begins. How much is
kept: \`KV_LOG_ENTRIES_MAX\`, \`KV_LOG_BYTES_MAX\`, and more by \`KV_WATCH_HISTORY\`, \`KV_WATCH_HISTORY_BYTES\`. 410 \`replaced-lineage\`: the
history that the id names was replaced by a new lineage, and what was told may be undone. In both cases begin anew with \`snapshot=true\`:
what is in the state then is there, and everything else is gone. 503 \`overloaded\`: the replica has \`KV_WATCHERS_MAX\` watches.

A reader is told no more than 64 KiB ahead of what it takes, and nothing waits for it: writers and other readers are as fast as before.`);

export const watchKeys: Operation = {
  method: 'get',
  path: WATCH_PATH,
  operationId: 'watchKeys',
  tags: ['watch'],
  summary: 'Watch a key, or all keys under a prefix',
  description: WATCH,
  samples: [{ with: ['prefix', 'snapshot'] }],
  parameters: [key, prefix, from, snapshot, lastEventId],
  responses: {
    '200': {
      description: 'The events.',
      headers: { 'X-Accel-Buffering': { description: 'no: told to proxies.', schema: { type: 'string' } } },
      content: {
        'text/event-stream': {
          schema: { type: 'string' },
          example:
            'retry: 1000\n\nevent: put\nid: AQAAAAAAAAEAAAAAAAMsYjFjMmQzLTE.AWFwcC90aGVtZQ\ndata: {"key":"app/theme","value":"dark","revision":812,"version":1,"createRevision":812,"contentType":"text/plain","expiresAt":null,"idle":null,"etag":"\\"812-b1c2d3-1\\""}\n\nevent: synced\nid: AQAAAAAAAAEAAAAAAAMsYjFjMmQzLTE\ndata: {"revision":812}\n\nevent: delete\nid: AQAAAAAAAAEAAAAAAAMtYjFjMmQzLTE\ndata: {"key":"app/theme","revision":813,"version":2}\n\n',
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
