import { check, textOf, WrongAnswer, type Request } from './request.ts';

const CR = 13;
const ZERO = 48;
const MINUS = 45;
const DOLLAR = 36;
const isLine = (type: number): boolean => type === 43 || type === 45 || type === 58; // + - :

/** As many replies as the request has commands; none of them an array, for GET, SET and WAIT have none. */
export function judgeResp(bytes: Buffer, end: number, request: Request): number {
  let at = 0;
  for (let reply = 0; reply < request.commands; reply += 1) {
    at = endOfReply(bytes, at, end);
    if (at === 0) return 0;
  }
  check(bytes, 0, at, request);
  return at;
}

/** 0: it is not all there. */
function endOfReply(bytes: Buffer, from: number, end: number): number {
  let lineEnd = from;
  while (lineEnd < end && bytes[lineEnd] !== CR) lineEnd += 1;
  const next = lineEnd + 2;
  if (next > end) return 0;
  const type = bytes[from] ?? 0;
  if (isLine(type)) return next;
  if (type !== DOLLAR) throw new WrongAnswer(`no reply that is known: ${textOf(bytes.subarray(from, end))}`);
  // $-1: there is no such key.
  if (bytes[from + 1] === MINUS) return next;
  let length = 0;
  for (let at = from + 1; at < lineEnd; at += 1) length = length * 10 + (bytes[at] ?? 0) - ZERO;
  const after = next + length + 2;
  return after > end ? 0 : after;
}
