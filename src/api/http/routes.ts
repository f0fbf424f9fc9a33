import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Express } from 'express';

import { fault } from '../../protocol/http/problem.ts';
import type { ApiContext } from './context.ts';
import { send, sendJson, sendProblem } from './respond.ts';

/** May be async; whatever it throws becomes a 500 and a log line. */
export type Handler = (context: ApiContext, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface Route {
  /** Named in metrics; with `{…}` for what varies. */
  readonly pattern: string;
  readonly match: string | RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
}

/** Paths under /v1 speak problem+json, all others as the earlier services did. */
export const isNative = (path: string): boolean => path === '/v1' || path.startsWith('/v1/');

export function addRoute(app: Express, context: ApiContext, route: Route): void {
  const handlers = new Map(Object.entries(route.methods));
  const labels = new Map([...handlers.keys()].map((method) => [method, `${method} ${route.pattern}`]));
  const refuse = isNative(route.pattern) ? refuseMethod : refuseMethodAsEarlier;
  const allow = ['Allow', [...handlers.keys(), ...(isNative(route.pattern) ? ['OPTIONS'] : [])].join(', ')];
  app.all(route.match, (request, response) => {
    const handler = handlers.get(request.method);
    observe(context, response, labels.get(request.method) ?? `other ${route.pattern}`);
    return handler === undefined ? refuse(response, request.method, allow) : handler(context, request, response);
  });
}

function refuseMethod(response: ServerResponse, method: string, allow: readonly string[]): void {
  if (method === 'OPTIONS') send(response, 204, allow, null);
  else sendProblem(response, fault('method-not-allowed', `The method ${method} does not exist here.`), allow);
}

function refuseMethodAsEarlier(response: ServerResponse, _method: string, allow: readonly string[]): void {
  sendJson(response, 405, { detail: 'Method Not Allowed' }, allow);
}

const observation = Symbol('observation');

interface Observation {
  readonly context: ApiContext;
  readonly route: string;
}

type Observed = ServerResponse & { [observation]?: Observation };

/** Counts the response once it is done, whatever becomes of it. */
export function observe(context: ApiContext, response: ServerResponse, route: string): void {
  (response as Observed)[observation] = { context, route };
  response.on('close', count);
}

/** nginx's status for a client that left before its answer. */
const CLIENT_LEFT = 499;

function count(this: Observed): void {
  const observed = this[observation];
  if (observed === undefined) return;
  observed.context.metrics.requestAnswered(observed.route, this.writableFinished ? this.statusCode : CLIENT_LEFT);
}
