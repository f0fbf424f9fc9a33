import type { IncomingMessage, ServerResponse } from 'node:http';

import {
  BATCH_STEPS_MAX,
  CONTENT_TYPE_BYTES_MAX,
  DELETED_KEYS_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX,
  TRANSACTION_PARTS_MAX,
} from '../../core/store/commands.ts';
import { LIST_ITEMS_MAX } from '../../core/store/reads.ts';
import { LOCK_OWNER_BYTES_MAX, LOCK_TTL_MS_MAX } from '../../core/store/locks.ts';
import { KEY_BYTES_MAX } from '../../protocol/http/key-path.ts';
import { LOCK_WAIT_MS_MAX } from '../../protocol/http/locks.ts';
import { COMPOSITE_BYTES_MAX } from '../../protocol/http/schemas/composite.ts';
import { DOCS_PATH } from '../../protocol/http/schemas/documents.ts';
import { READ_MODES } from '../../protocol/http/schemas/parts.ts';
import { FEATURES } from '../../protocol/http/schemas/process.ts';
import type { ApiContext } from './context.ts';
import { send, sendJson } from './respond.ts';
import type { Route } from './routes.ts';

/** What the process tells of itself. */
export const processRoutes: readonly Route[] = [
  { pattern: '/livez', match: '/livez', methods: { GET: livez, HEAD: livez } },
  { pattern: '/readyz', match: '/readyz', methods: { GET: readyz, HEAD: readyz } },
  { pattern: '/metrics', match: '/metrics', methods: { GET: metrics, HEAD: metrics } },
  { pattern: '/v1', match: '/v1', methods: { GET: features, HEAD: features } },
  { pattern: '/v1/cluster', match: '/v1/cluster', methods: { GET: cluster, HEAD: cluster } },
  { pattern: '/', match: '/', methods: { GET: hello } },
];

/** Where the answer holds only now. */
const NOT_STORED = ['Cache-Control', 'no-store'];

/** Nothing is asked of anything: an event loop that turns is alive, and restarting it would help nobody. */
function livez(_context: ApiContext, _request: IncomingMessage, response: ServerResponse): void {
  sendJson(response, 200, { status: 'alive' }, NOT_STORED);
}

function readyz(context: ApiContext, _request: IncomingMessage, response: ServerResponse): void {
  const { ready, reason } = context.probes.readiness();
  sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not-ready', reason }, NOT_STORED);
}

async function metrics(context: ApiContext, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  send(response, 200, ['Content-Type', context.metrics.contentType, ...NOT_STORED], await context.metrics.text());
}

async function cluster(context: ApiContext, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  sendJson(response, 200, await context.operations.cluster(), NOT_STORED);
}

function features(context: ApiContext, _request: IncomingMessage, response: ServerResponse): void {
  sendJson(
    response,
    200,
    {
      name: 'kvstore',
      release: context.release,
      process: context.process,
      features: FEATURES,
      readModes: READ_MODES,
      limits: {
        keyBytesMax: KEY_BYTES_MAX,
        valueBytesMax: context.limits.valueBytesMax,
        contentTypeBytesMax: CONTENT_TYPE_BYTES_MAX,
        idempotencyKeyBytesMax: IDEMPOTENCY_KEY_BYTES_MAX,
        batchOperationsMax: BATCH_STEPS_MAX,
        transactionPartsMax: TRANSACTION_PARTS_MAX,
        compositeBytesMax: COMPOSITE_BYTES_MAX,
        lockOwnerBytesMax: LOCK_OWNER_BYTES_MAX,
        lockTtlMsMax: LOCK_TTL_MS_MAX,
        lockWaitMsMax: LOCK_WAIT_MS_MAX,
        listItemsMax: LIST_ITEMS_MAX,
        deletedKeysMax: DELETED_KEYS_MAX,
      },
    },
    NOT_STORED,
  );
}

/** For a browser there are the documents; clients of the earlier services ask for anything. */
function hello(_context: ApiContext, request: IncomingMessage, response: ServerResponse): void {
  const vary = ['Vary', 'Accept'];
  if (/\btext\/html\b/i.test(request.headers.accept ?? '')) send(response, 307, ['Location', DOCS_PATH, ...vary], '');
  else sendJson(response, 200, { message: 'Hello!' }, vary);
}
