import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import express, { type Express } from 'express';

import { fault } from '../../protocol/http/problem.ts';
import { splitTarget } from '../../protocol/http/query.ts';
import { adminRoutes } from './admin.ts';
import { compositeRoutes } from './composite.ts';
import type { ApiContext, ApiOptions } from './context.ts';
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
import { answererOf, isNative, observe, type Answerer, type Route } from './routes.ts';

/**
 * The HTTP interface of a replica and of the proxy alike, over whatever carries out its operations. There is no
 * middleware: each route reads just what it needs, so that a request pays for nothing else. The hottest routes do not
 * pay for Express either.
 */
export function createApi(options: ApiOptions, routing: 'direct' | 'express' = 'direct'): RequestListener {
  const context: ApiContext = {
    ...options,
    bodyBudget: { used: 0 },
    streams: new WatchStreams(),
    lockQueues: new LockQueues(),
  };
  const app = createApp();
  const routes = routesOf(options);
  const direct: { readonly target: RegExp; readonly answer: Answerer }[] = [];
  for (const route of routes) {
    const answer = answererOf(context, route);
    app.all(route.match, answer);
    if (route.direct !== undefined && routing === 'direct') direct.push({ target: route.direct, answer });
  }
  // Express takes what no route answered, and what a handler threw, to its third argument.
  const handle = app as unknown as (request: unknown, response: unknown, next: (error?: unknown) => void) => void;
  return (request, response) => {
    const target = request.url ?? '';
    for (const route of direct) {
      if (!route.target.test(target)) continue;
      answerDirectly(context, request, response, route.answer);
      return;
    }
    handle(request, response, (error) => {
      if (error === undefined || error === null) refuseRoute(context, request, response, routes);
      else fail(context, request, response, error);
    });
  };
}

/** What a handler throws, now or later, ends as it does with Express. */
function answerDirectly(
  context: ApiContext,
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answerer,
): void {
  const onFailed = (error: unknown): void => {
    fail(context, request, response, error);
  };
  try {
    answer(request, response)?.catch(onFailed);
  } catch (error) {
    onFailed(error);
  }
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

function fail(context: ApiContext, request: IncomingMessage, response: ServerResponse, error: unknown): void {
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
