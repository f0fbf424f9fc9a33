import { fault, type Fault } from '../../protocol/http/problem.ts';
import type { ApiRequest } from './exchange.ts';
import { FastRequest } from './fast-path/exchange.ts';

const NAME = 'content-type';
const TWICE = fault('bad-request', 'The header Content-Type is given twice.');

/** Null: there is none. Of two Node keeps the first without a word, and the value would be kept under a type that half its sender meant. */
export function contentTypeOf(request: ApiRequest): string | null | Fault {
  const type = request.headers[NAME];
  if (type === undefined) return null;
  return request instanceof FastRequest || timesIn(request.rawHeaders) === 1 ? type : TWICE;
}

function timesIn(rawHeaders: readonly string[]): number {
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === NAME.length && name.toLowerCase() === NAME) times += 1;
  }
  return times;
}
