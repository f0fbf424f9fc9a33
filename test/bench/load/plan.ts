import type { Address } from '../../measure/load/http-connection.ts';
import type { DialectName } from './dialects.ts';

/** What a load generator is told to do: plain data, for it runs in a process of its own. */
export interface Plan extends OpenEndedPlan {
  readonly measureMs: number;
}

/** A plan whose measured time lasts until it is told that it is {@link ENOUGH}. */
export interface OpenEndedPlan {
  readonly dialect: DialectName;
  readonly address: Address;
  /** How many of the requests are reads: 0, 1 or a share between. */
  readonly getShare: number;
  /** Requests under way at once, each on a connection of its own where the dialect is spoken by our own sockets. */
  readonly connections: number;
  readonly keys: number;
  /** Of all items only every so many-th is asked for. @default 1 */
  readonly apart?: number;
  readonly valueBytes: number;
  readonly pace: Pace;
  readonly warmUpMs: number;
}

export type Pace =
  /** Every key is written once, and that is all: what is to be read must be there. The plan's times mean nothing. */
  | { readonly kind: 'once' }
  /** Each connection sends its next request when the one before is answered. */
  | { readonly kind: 'closed' }
  /**
   * Requests arrive at a constant rate, whatever becomes of those before; times count from when they were due. What is due within a millisecond
   * goes out together, or `singly`, which takes the generator half as much again (38 µs for each, 25 together). @default false
   */
  | { readonly kind: 'open'; readonly ratePerS: number; readonly singly?: boolean }
  /**
   * Each connection has so many requests under way, pipelined, and sends the next one at once, whether it was answered or
   * refused. Refusals are no wrong answers.
   */
  | { readonly kind: 'crowd'; readonly underWayEach: number };

/** What it saw in the measured time. Every answer in it was checked. */
export interface Outcome {
  readonly requests: number;
  /** Answers that refuse, by code; they are no part of the requests. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Keys written or read: more than the requests where one carries several. */
  readonly operations: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Processor time of the generator itself, for each request. */
  readonly generatorUs: number;
}

/** What it is told when an open-ended plan has gone on for long enough. */
export const ENOUGH = 'enough';

/** What the process says. */
export type Message =
  /** The measured time has begun. */
  | { readonly kind: 'begun' }
  /** From now on it sends no more; what is under way is still answered. */
  | { readonly kind: 'stopping' }
  | LastMessage;

export type LastMessage =
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  /** A wrong answer, a connection that ended, no answer at all. */
  | { readonly kind: 'failed'; readonly reason: string };
