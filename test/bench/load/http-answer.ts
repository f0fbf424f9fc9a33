import { check, textOf, WrongAnswer, type Request } from './request.ts';

const CR = 13;
const LF = 10;
const COLON = 58;
const ZERO = 48;
/** Bit that tells lower case from upper. */
const CASE = 32;
const NAME = Buffer.from('content-length');
/** `HTTP/1.1 200` */
const STATUS_AT = 9;
/** More than any server here sends. */
const HEAD_BYTES_MAX = 8192;

/** An answer with a Content-Length, of status 2xx. One pass over the head, and no string is made of it. */
export function judgeHttp(bytes: Buffer, end: number, request: Request): number {
  let length = -1;
  let lineFrom = 0;
  for (let at = 0; at < end; at += 1) {
    if (bytes[at] !== LF) continue;
    const lineEnd = bytes[at - 1] === CR ? at - 1 : at;
    if (lineEnd === lineFrom) {
      const bodyFrom = at + 1;
      if (bytes[STATUS_AT] !== ZERO + 2) throw wrong(bytes, end, request);
      if (length < 0) throw new WrongAnswer(`an answer has no Content-Length: ${textOf(bytes.subarray(0, end))}`);
      if (end < bodyFrom + length) return 0;
      check(bytes, bodyFrom, bodyFrom + length, request);
      return bodyFrom + length;
    }
    if (bytes[lineFrom + NAME.length] === COLON && isName(bytes, lineFrom)) {
      length = numberIn(bytes, lineFrom + NAME.length + 1, lineEnd);
    }
    lineFrom = at + 1;
  }
  if (end > HEAD_BYTES_MAX) throw wrong(bytes, end, request);
  return 0;
}

function isName(bytes: Buffer, from: number): boolean {
  for (let at = 0; at < NAME.length; at += 1) {
    if (((bytes[from + at] ?? 0) | CASE) !== NAME[at]) return false;
  }
  return true;
}

function numberIn(bytes: Buffer, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit >= 0 && digit <= 9) number = number * 10 + digit;
  }
  return number;
}

const wrong = (bytes: Buffer, end: number, request: Request): WrongAnswer =>
  new WrongAnswer(`${textOf(request.bytes)} was answered with ${textOf(bytes.subarray(0, end))}`);
