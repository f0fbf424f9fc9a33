import type { IncomingMessage } from 'node:http';

import { fault, type Fault } from '../../protocol/http/problem.ts';

const NAME = 'content-type';
const TWICE = fault('bad-request', 'The header Content-Type is given twice.');

/** Null: there is none. Of two Node keeps the first without a word, and the value would be kept under a type that half its sender meant. */
export function contentTypeOf({ headers, rawHeaders }: IncomingMessage): string | null | Fault {
  const type = headers[NAME];
  if (type === undefined) return null;
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === NAME.length && name.toLowerCase() === NAME) times += 1;
  }
  return times > 1 ? TWICE : type;
}
