import { logIndex } from '../../core/base/numbers.ts';
import type { Fence, FencingToken } from '../../core/store/locks.ts';
import { decodeKeyPath } from './key-path.ts';

/**
 * A fencing token is a whole number in decimal, so that other services can compare it: the lineage's number above the
 * revision. Those of the first ninety lineages are exact as numbers of JSON, and 64 bits hold those of ninety thousand. For
 * revisions there are fourteen digits: 60,000 writes a second use them up in fifty years.
 */
const REVISION_DIGITS = 14;
const TOKEN_DIGITS_MAX = 30;

/** The name as in a path; it may hold colons, a token holds none. */
export const FENCE_PATTERN = `^[\\x21-\\x7e]{1,3072}:[0-9]{1,${TOKEN_DIGITS_MAX}}$`;
const FENCE = new RegExp(FENCE_PATTERN);

export const encodeFencingToken = ({ lineageNumber, revision }: FencingToken): string =>
  `${lineageNumber}${String(revision).padStart(REVISION_DIGITS, '0')}`;

/** Of a header that matches {@link FENCE_PATTERN}; else, or if the name is none, what is wrong with it. A number that is no token is stale. */
export function decodeFence(header: string): Fence | string {
  if (!FENCE.test(header)) return 'it is not a name, a colon and a whole number';
  const colon = header.lastIndexOf(':');
  const name = decodeKeyPath(header.slice(0, colon));
  if (name.kind === 'bad') return `of the name, ${name.reason}`;
  const digits = header.slice(colon + 1);
  const lineageNumber = Number(digits.slice(0, -REVISION_DIGITS));
  const isPossible = Number.isSafeInteger(lineageNumber);
  const revision = logIndex(isPossible ? Number(digits.slice(-REVISION_DIGITS)) : 0);
  return { lock: name.key, token: { lineageNumber: isPossible ? lineageNumber : 0, revision } };
}
