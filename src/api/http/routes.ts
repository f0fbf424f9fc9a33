import type { IncomingMessage, ServerResponse } from 'node:http';

import { fault } from '../../protocol/http/problem.ts';
import type { ApiContext } from './context.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';
import { send, sendJson, sendProblem } from './respond.ts';

/** May be async; whatever it throws becomes a 500 and a log line. */
export type Handler = (context: ApiContext, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface Route {
  /** Named in metrics; with `{…}` for what varies. */
  readonly pattern: string;
  readonly match: string | RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
}

/** As a {@link Handler}, on the fast path as well. */
export type DirectHandler = (context: ApiContext, request: ApiRequest, response: ApiResponse) => void | Promise<void>;

/** One of the hottest. */
export interface DirectRoute extends Route {
  /**
   * What targets of requests, query included, are its own beyond doubt. Those are answered without Express; it finds the
   * same route for them.
   */
  readonly direct: RegExp;
  readonly methods: Readonly<Record<string, DirectHandler>>;
}

export const isDirect = (route: Route): route is DirectRoute => 'direct' in route;

/** Paths under /v1 speak problem+json, all others as the earlier services did. */
export const isNative = (path: string): boolean => path === '/v1' || path.startsWith('/v1/');

/** Answers requests that have the path of a route, whoever found that out. */
export function answererOf(context: ApiContext, route: DirectRoute): DirectAnswerer;
export function answererOf(context: ApiContext, route: Route): Answerer;
export function answererOf(context: ApiContext, route: Route): Answerer {
  const methods = Object.keys(route.methods);
  const isOurs = isNative(route.pattern);
  const refuse = isOurs ? refuseMethod : refuseMethodAsEarlier;
  const allow = ['Allow', [...methods, ...(isOurs ? ['OPTIONS'] : [])].join(', ')];
  const byMethod = new Map(
    Object.entries(route.methods).map(([method, handler]) => [
      method,
      { handler, label: `${method} ${route.pattern}` },
    ]),
  );
  const other = `other ${route.pattern}`;
  return (request, response) => {
    const method = request.method ?? '';
    const found = byMethod.get(method);
    observe(context, response, found?.label ?? other);
    return found === undefined ? refuse(response, method, allow) : found.handler(context, request, response);
  };
}

/** As a {@link Handler}. */
export type Answerer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
/** As a {@link DirectHandler}. */
export type DirectAnswerer = (request: ApiRequest, response: ApiResponse) => void | Promise<void>;

function refuseMethod(response: ApiResponse, method: string, allow: readonly string[]): void {
  if (method === 'OPTIONS') send(response, 204, allow, null);
  else sendProblem(response, fault('method-not-allowed', `The method ${method} does not exist here.`), allow);
}

function refuseMethodAsEarlier(response: ApiResponse, _method: string, allow: readonly string[]): void {
  sendJson(response, 405, { detail: 'Method Not Allowed' }, allow);
}

const observation = Symbol('observation');

interface Observation {
  readonly context: ApiContext;
  readonly route: string;
}

type Observed = ApiResponse & { [observation]?: Observation };

/** Counts the response once it is done, whatever becomes of it. */
export function observe(context: ApiContext, response: ApiResponse, route: string): void {
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
