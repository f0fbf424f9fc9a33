import { monotonicMs, wallMs, type Instant } from '../../core/base/numbers.ts';
import type { Clock } from '../../ports/clock.ts';

export class SystemClock implements Clock {
  now(): Instant {
    return { monotonicMs: monotonicMs(performance.now()), wallMs: wallMs(Date.now()) };
  }
}
