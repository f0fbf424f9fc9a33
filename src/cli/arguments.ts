import { InvalidArgumentError } from 'commander';
import type { Ttl } from '../client/index.ts';
import { durationMsOf, LIFETIME_PATTERN } from '../protocol/http/lifetime.ts';
import { checkedUrl } from './urls.ts';

/** How texts of the command line are understood; each says what is wrong with what it does not take. */

const LIFETIME = new RegExp(LIFETIME_PATTERN);
const TIMER_MS_MAX = 2 ** 31 - 1;

/** With its unit, seconds if there is none. */
export function ttlOf(text: string): Ttl {
  if (!LIFETIME.test(text) || durationMsOf(text) === 0) {
    throw new InvalidArgumentError('It is a time such as 60s, 1500ms, 5m, 12h or 30d.');
  }
  return (/\d$/.test(text) ? `${text}s` : text) as Ttl;
}

export function durationMs(text: string): number {
  const ms = LIFETIME.test(text) ? durationMsOf(text) : 0;
  if (ms > 0 && ms <= TIMER_MS_MAX) return ms;
  throw new InvalidArgumentError('It is a time such as 500ms, 10s or 5m, of at most 24d.');
}

export const wholeNumber =
  ({ min, max }: { readonly min: number; readonly max: number }) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
  };

/** What a header of HTTP can carry: else it could not be sent. */
export function headerTextOf(text: string): string {
  if (HEADER_TEXT.test(text)) return text;
  throw new InvalidArgumentError('It is text of printable ASCII characters, with no space at either end.');
}

export const HEADER_TEXT = /^[\x21-\x7e]+(?: +[\x21-\x7e]+)*$/;

/** One more address of several. */
export function oneMoreUrl(text: string, before: readonly string[] | undefined): readonly string[] {
  const checked = checkedUrl(text);
  if (typeof checked === 'string') throw new InvalidArgumentError(`Instead, ${checked}.`);
  return [...(before ?? []), checked.url];
}

/** As `kv get -o json` shows them, with or without their quotes. */
export function etagOf(text: string): string {
  if (text === '*' || /^"[\x21\x23-\x7e]+"$/.test(text)) return text;
  if (/^[\x21\x23-\x7e]+$/.test(text)) return `"${text}"`;
  throw new InvalidArgumentError('It is an etag, as kv get -o json shows it, or *.');
}

export function bigIntOf(text: string): bigint {
  if (/^[+-]?\d{1,19}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError('It is a whole number, such as 5 or -5.');
}
