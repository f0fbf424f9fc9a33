/** A request that was made before the run, and what its answer must be. */
export interface Request {
  readonly bytes: Buffer;
  /** Keys that it writes or reads. */
  readonly operations: number;
  /** Each is answered for itself: SET and WAIT go in one write. HTTP has one. */
  readonly commands: number;
  /** What stands in the answer's body, or in RESP is the answer; null: to be one of success is enough. */
  readonly expected: Buffer | null;
  /** How often it stands there; 0: it is all that stands there. */
  readonly times: number;
}

/** An answer that is not what it must be: the run is worth nothing. */
export class WrongAnswer extends Error {}

/**
 * The length of the whole answer at the beginning of `bytes`, of which `end` are there; 0: it is not all there.
 *
 * @throws WrongAnswer
 */
export type Judge = (bytes: Buffer, end: number, request: Request) => number;

/** @throws WrongAnswer if the bytes between are not what the request's answer must hold. */
export function check(bytes: Buffer, from: number, to: number, request: Request): void {
  const { expected, times } = request;
  if (expected === null) return;
  const isRight =
    times === 0
      ? to - from === expected.length && bytes.compare(expected, 0, expected.length, from, to) === 0
      : timesIn(bytes.subarray(from, to), expected) === times;
  if (!isRight) throw new WrongAnswer(`${textOf(request.bytes)} was answered with ${textOf(bytes.subarray(from, to))}`);
}

/** Of a head with a body that says what is wrong. */
const TEXT_BYTES_MAX = 800;

/** Its beginning. */
export function textOf(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, Math.min(bytes.length, TEXT_BYTES_MAX)));
}

function timesIn(bytes: Buffer, part: Buffer): number {
  let times = 0;
  for (let at = bytes.indexOf(part); at >= 0; at = bytes.indexOf(part, at + part.length)) times += 1;
  return times;
}
