import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import express, { type Express } from 'express';

import { fault } from '../../protocol/http/problem.ts';
import { splitTarget } from '../../protocol/http/query.ts';
import { adminRoutes } from './admin.ts';
import { compositeRoutes } from './composite.ts';
import type { ApiContext, ApiOptions } from './context.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';
import { documentRoutes } from './documents.ts';
import { earlierRoutes, withoutSlash } from './earlier/routes.ts';
import { keyRoutes } from './keys.ts';
import { listRoutes } from './list.ts';
import { LockQueues } from './lock-queues.ts';
import { lockRoutes } from './locks.ts';
import { processRoutes } from './process.ts';
import { send, sendDetail, sendJson, sendProblem } from './respond.ts';
import { WatchStreams } from './watch-streams.ts';
import { watchRoutes } from './watch.ts';
import { answererOf, isDirect, isNative, observe, type DirectAnswerer, type Route } from './routes.ts';

export interface Api {
  /** Answers whatever is asked. */
  readonly listener: RequestListener;
  /** Who answers requests for this target, in the form of the fast path as well; null: only `listener` does. */
  readonly directAnswererOf: (target: string) => ((request: ApiRequest, response: ApiResponse) => void) | null;
}

/**
 * The HTTP interface of a replica and of the proxy alike, over whatever carries out its operations. There is no
 * middleware: each route reads just what it needs, so that a request pays for nothing else. The hottest routes do not
 * pay for Express either, nor, for plain requests, for `node:http`.
 */
export function createApi(options: ApiOptions, routing: 'direct' | 'express' = 'direct'): Api {
  const context: ApiContext = {
    ...options,
    bodyBudget: { used: 0 },
    streams: new WatchStreams(),
    lockQueues: new LockQueues(),
  };
  const app = createApp();
  const routes = routesOf(options);
  const direct: { readonly target: RegExp; readonly answer: ReturnType<typeof safelyBy> }[] = [];
  for (const route of routes) {
    if (isDirect(route)) {
      const answer = answererOf(context, route);
      app.all(route.match, answer);
      if (routing === 'direct') direct.push({ target: route.direct, answer: safelyBy(context, answer) });
    } else app.all(route.match, answererOf(context, route));
  }
  // Express takes what no route answered, and what a handler threw, to its third argument.
  const handle = app as unknown as (request: unknown, response: unknown, next: (error?: unknown) => void) => void;
  const directAnswererOf: Api['directAnswererOf'] = (target) => {
    for (const route of direct) if (route.target.test(target)) return route.answer;
    return null;
  };
  return {
    directAnswererOf,
    listener: (request, response) => {
      const answer = directAnswererOf(request.url ?? '');
      if (answer !== null) answer(request, response);
      else {
        handle(request, response, (error) => {
          if (error === undefined || error === null) refuseRoute(context, request, response, routes);
          else fail(context, request, response, error);
        });
      }
    },
  };
}

/** What a handler throws, now or later, ends as it does with Express. */
function safelyBy(context: ApiContext, answer: DirectAnswerer) {
  return (request: ApiRequest, response: ApiResponse): void => {
    const onFailed = (error: unknown): void => {
      fail(context, request, response, error);
    };
    try {
      answer(request, response)?.catch(onFailed);
    } catch (error) {
      onFailed(error);
    }
  };
}

/** In the order of how often they are asked: Express tries one after the other. */
export function routesOf({ admin, knownReplicas, process, release }: ApiOptions): readonly Route[] {
  return [
    keyRoutes,
    ...earlierRoutes(knownReplicas),
    ...compositeRoutes,
    ...listRoutes,
    ...watchRoutes,
    ...lockRoutes,
    ...processRoutes,
    ...documentRoutes({ process, release }),
    ...(admin === null ? [] : adminRoutes(admin)),
  ];
}

function createApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  // `request.query` is never read: queries are parsed strictly, by the routes that take one.
  app.set('query parser', false);
  return app;
}

function refuseRoute(
  context: ApiContext,
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly Route[],
): void {
  observe(context, response, 'none');
  const { path, query } = splitTarget(request.url ?? '');
  const shorter = withoutSlash(routes, path);
  if (isNative(path)) sendProblem(response, fault('no-route'));
  else if (shorter !== null) send(response, 307, ['Location', shorter + (query === '' ? '' : `?${query}`)], '');
  else sendJson(response, 404, { detail: 'Not Found' });
}

function fail(context: ApiContext, request: ApiRequest, response: ApiResponse, error: unknown): void {
  context.log.error('http-request-failed', { method: request.method, url: request.url, error });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { path } = splitTarget(request.url ?? '');
  const internal = {
    ...fault('internal'),
    outcome: request.method === 'GET' || request.method === 'HEAD' ? 'none' : 'unknown',
  } as const;
  if (isNative(path)) sendProblem(response, internal);
  else sendDetail(response, internal);
}
