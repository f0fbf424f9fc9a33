import type { IncomingMessage, ServerResponse } from 'node:http';

import { keyOf } from '../../core/base/key.ts';
import type { WatchRange, WatchStart } from '../../core/store/watching.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import type { QueryValues } from '../../protocol/http/query.ts';
import { WATCH_PATH, watchKeys } from '../../protocol/http/schemas/watch.ts';
import { compileOperation } from '../../protocol/http/validators.ts';
import { decodeWatchToken } from '../../protocol/http/watch-token.ts';
import type { ApiContext } from './context.ts';
import { isFault, optionsOf } from './keys.ts';
import { sendProblem } from './respond.ts';
import type { Route } from './routes.ts';
import { WATCH_CREDIT_BYTES, WatchStream } from './watch-stream.ts';

export const watchRoutes: readonly Route[] = [{ pattern: WATCH_PATH, match: WATCH_PATH, methods: { GET: watch } }];

const validator = compileOperation(watchKeys);

function watch(context: ApiContext, request: IncomingMessage, response: ServerResponse): void {
  const options = optionsOf(request, validator);
  if (isFault(options)) {
    sendProblem(response, options);
    return;
  }
  const range = rangeOf(options.query);
  const start = startOf(options.query, request.headers['last-event-id']);
  if ('code' in range) sendProblem(response, range);
  else if ('code' in start) sendProblem(response, start);
  else {
    const stream = new WatchStream(context, response);
    stream.attach(context.operations.watch({ range, start, credit: WATCH_CREDIT_BYTES }, stream));
  }
}

function rangeOf(query: QueryValues): WatchRange | Fault {
  const { key, prefix } = query;
  if ((key === undefined) === (prefix === undefined))
    return fault('bad-request', 'A watch takes either key, or prefix: an empty prefix watches all keys.');
  const text = key ?? prefix ?? '';
  if (text === '') return { kind: 'prefix', prefix: '' };
  const units = keyOf(text);
  if (units === null) return fault('bad-request', 'The key or the prefix is longer than a key, or no text.');
  return key === undefined ? { kind: 'prefix', prefix: units } : { kind: 'key', key: units };
}

/** A browser that comes again sends the URL that it had, and where it was in the header. */
function startOf(query: QueryValues, lastEventId: string | string[] | undefined): WatchStart | Fault {
  const from = typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : query['from'];
  if (from === undefined) return { kind: query['snapshot'] === 'true' ? 'state' : 'now' };
  const token = decodeWatchToken(from);
  if (token !== null) return { kind: 'resume', token };
  return fault(
    'bad-request',
    'Last-Event-ID, or from, is no id that a watch or a list gave: send it unchanged, or none.',
  );
}
