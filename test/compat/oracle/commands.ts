/** What is asked of both stores, and what they answer, in words that are neither HTTP nor Redis. */

/** One character for each byte: so keys and values are compared, ordered and printed as they are. */
export type Bytes = string;

export const bytesOf = (text: string): Bytes => Buffer.from(text, 'utf8').toString('latin1');
export const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes, 'latin1');

/** Milliseconds. */
export type Lifetime = number | 'unlimited' | 'kept';

export type Step =
  | { readonly kind: 'get'; readonly key: Bytes }
  | { readonly kind: 'put'; readonly key: Bytes; readonly value: Bytes; readonly lifetime: Lifetime }
  | { readonly kind: 'delete'; readonly key: Bytes }
  | { readonly kind: 'incr'; readonly key: Bytes; readonly by: string }
  | { readonly kind: 'touch'; readonly key: Bytes; readonly lifetime: Exclude<Lifetime, 'kept'> };

export type PutIf = Omit<Extract<Step, { kind: 'put' }>, 'kind'> & {
  readonly kind: 'putIf';
  readonly is: 'absent' | 'present';
};

export interface Comparison {
  readonly key: Bytes;
  readonly is: 'absent' | 'present' | { readonly equalTo: Bytes } | { readonly otherThan: Bytes };
}

export type Action =
  | { readonly kind: 'step'; readonly step: Step | PutIf; readonly door: 'key' | 'batch' | 'txn' }
  | { readonly kind: 'left'; readonly key: Bytes }
  | { readonly kind: 'take'; readonly key: Bytes }
  | { readonly kind: 'batch'; readonly steps: readonly (Step | PutIf)[] }
  | {
      readonly kind: 'txn';
      readonly if: readonly Comparison[];
      readonly then: readonly Step[];
      readonly else: readonly Step[];
    }
  | { readonly kind: 'list'; readonly prefix: Bytes; readonly limit: number }
  | { readonly kind: 'deletePrefix'; readonly prefix: Bytes };

export type Command = Action & {
  /** Which of our processes is asked, and how it reads: whichever it is, the answer is the same. */
  readonly at: number;
  readonly mode: (typeof MODES)[number];
};

/** Until whatever was to live for a moment only is gone. */
export interface Wait {
  readonly kind: 'wait';
}

export const MODES = ['in-sync', 'linearizable', 'session', 'eventual'] as const;

/** How long a value stays: whole hundreds of seconds, for the rest depends on how fast the test is. */
export type Left = number | 'unlimited';

export const leftOf = (ms: number): Left => Math.floor(ms / 100_000);

export interface Found {
  readonly value: Bytes;
  readonly left: Left;
}

/** Why nothing was added. */
export type Uncountable = 'not-a-number' | 'out-of-range';

export type StepAnswer =
  | Found
  | { readonly sum: string; readonly created: boolean }
  | Uncountable
  | 'created'
  | 'replaced'
  | 'unmet'
  | 'touched'
  | 'deleted'
  | 'absent';

export type Answer =
  | StepAnswer
  | { readonly left: Left | 'absent' }
  | { readonly answers: readonly StepAnswer[] }
  | { readonly succeeded: boolean; readonly answers: readonly StepAnswer[] }
  | { readonly undone: Uncountable }
  | { readonly listed: readonly (Found & { readonly key: Bytes })[] }
  | { readonly deleted: number };

/** One of the two stores. All keys of a sequence are in a namespace of its own, so that no store has to begin anew. */
export interface Side {
  answer(command: Command): Promise<Answer>;
}

export const isUncountable = (answer: StepAnswer): answer is Uncountable =>
  answer === 'not-a-number' || answer === 'out-of-range';
