import type { Address } from '../../measure/load/http-connection.ts';
import type { DialectName } from './dialects.ts';

/** What a load generator is told to do: plain data, for it runs in a process of its own. */
export interface Plan {
  readonly dialect: DialectName;
  readonly address: Address;
  /** How many of the requests are reads: 0, 1 or a share between. */
  readonly getShare: number;
  /** Requests under way at once, each on a connection of its own where the dialect is spoken by our own sockets. */
  readonly connections: number;
  readonly keys: number;
  readonly valueBytes: number;
  readonly pace: Pace;
  readonly warmUpMs: number;
  /** null: until it is told that it is enough. */
  readonly measureMs: number | null;
}

export type Pace =
  /** Every key is written once, and that is all: what is to be read must be there. The plan's times mean nothing. */
  | { readonly kind: 'once' }
  /** Each connection sends its next request when the one before is answered. */
  | { readonly kind: 'closed' }
  /** Requests arrive at a constant rate, whatever becomes of those before; times count from when they were due. */
  | { readonly kind: 'open'; readonly ratePerS: number };

/** What it saw in the measured time. Every answer in it was checked. */
export interface Outcome {
  readonly requests: number;
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

/** What it is told where its measured time has no length of its own. */
export const ENOUGH = 'enough';

/** What the process says. */
export type Message =
  /** From now on what is begun counts. */
  | { readonly kind: 'measuring' }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  /** A wrong answer, a connection that ended, no answer at all. */
  | { readonly kind: 'failed'; readonly reason: string };
