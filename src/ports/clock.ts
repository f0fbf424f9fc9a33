import type { Instant } from '../core/base/numbers.ts';

export interface Clock {
  now(): Instant;
}
