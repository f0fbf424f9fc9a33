import { LIFETIME_MS_MAX, type Lifetime, type TouchCommand } from '../../core/store/commands.ts';

/** How long a value stays, as the header X-KV-TTL and `ttl` in JSON say it: `60` (seconds), `60s`, `1500ms`, `5m`, `12h`, `30d`. */
export const LIFETIME_PATTERN = '^[0-9]{1,13}(?:ms|s|m|h|d)?$';
/** `keep`: as long as what stood there before. */
export const LIFETIME_OR_KEEP_PATTERN = '^(?:keep|[0-9]{1,13}(?:ms|s|m|h|d)?)$';
export const LIFETIME_DESCRIPTION = 'seconds, or a number with ms, s, m, h or d; more than 0, at most 36525d';

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Of what matches one of the patterns; null: it is 0, or too long. */
export function lifetimeOf(text: string): Lifetime | null {
  if (text === 'keep') return { kind: 'kept' };
  const limited = limitedLifetimeOf(text);
  return limited === null ? null : { kind: 'limited', ms: limited };
}

/** Of a touch, which cannot keep; null: for ever. Undefined: what a lifetime cannot be. */
export function lifetimeOfTouch(ttl: string | number | null): TouchCommand['lifetime'] | undefined {
  if (ttl === null) return { kind: 'unlimited' };
  const ms = limitedLifetimeOf(String(ttl));
  return ms === null ? undefined : { kind: 'limited', ms };
}

/** Milliseconds. */
function limitedLifetimeOf(text: string): number | null {
  const ms = durationMsOf(text);
  return ms >= 1 && ms <= LIFETIME_MS_MAX ? ms : null;
}

/** Of what matches {@link LIFETIME_PATTERN}: milliseconds, 0 and any number above. */
export function durationMsOf(text: string): number {
  const [, digits = '', unit = 's'] = /^([0-9]+)([a-z]*)$/.exec(text) ?? [];
  return Number(digits) * UNIT_MS[(unit === '' ? 's' : unit) as keyof typeof UNIT_MS];
}

/** Whole seconds, rounded up: what is left of a moment is not nothing. */
export const secondsOf = (ms: number): string => String(Math.max(0, Math.ceil(ms / 1000)));
