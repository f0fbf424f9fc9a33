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

/** Where its parts are: it begins at 0. */
export interface HttpAnswer {
  readonly status: number;
  readonly bodyFrom: number;
  readonly end: number;
}

/** An answer with a Content-Length, of status 2xx. */
export function judgeHttp(bytes: Buffer, end: number, request: Request): number {
  const answer = httpAnswerIn(bytes, end, request);
  if (answer === null) return 0;
  checkHttp(bytes, answer, request);
  return answer.end;
}

/** @throws WrongAnswer if its status is not 2xx, or its body is not what it must be */
export function checkHttp(bytes: Buffer, { status, bodyFrom, end }: HttpAnswer, request: Request): void {
  if (status < 200 || status > 299) throw wrong(bytes, end, request);
  check(bytes, bodyFrom, end, request);
}

/**
 * The answer at the beginning of `bytes`, of which `end` are there, whatever it says; null: it is not all there. One pass over the
 * head, and no string is made of it.
 *
 * @throws WrongAnswer if it has no Content-Length, or no end of its head
 */
export function httpAnswerIn(bytes: Buffer, end: number, request: Request): HttpAnswer | null {
  let length = -1;
  let lineFrom = 0;
  for (let at = 0; at < end; at += 1) {
    if (bytes[at] !== LF) continue;
    const lineEnd = bytes[at - 1] === CR ? at - 1 : at;
    if (lineEnd === lineFrom) {
      const bodyFrom = at + 1;
      if (length < 0) throw new WrongAnswer(`an answer has no Content-Length: ${textOf(bytes.subarray(0, end))}`);
      if (end < bodyFrom + length) return null;
      return { status: numberIn(bytes, STATUS_AT, STATUS_AT + 3), bodyFrom, end: bodyFrom + length };
    }
    if (bytes[lineFrom + NAME.length] === COLON && isName(bytes, lineFrom)) {
      length = numberIn(bytes, lineFrom + NAME.length + 1, lineEnd);
    }
    lineFrom = at + 1;
  }
  if (end > HEAD_BYTES_MAX) throw wrong(bytes, end, request);
  return null;
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
