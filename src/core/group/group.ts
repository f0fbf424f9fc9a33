import type { Instant } from '../base/numbers.ts';
import type { Effect, GroupStatus, Input } from './io.ts';
import type { GroupOptions } from './options.ts';

/** One replica of one replica group. */
export class Group {
  constructor(_options: GroupOptions, _now: Instant) {}
  step(_input: Input, _now: Instant, _effects: Effect[]): void {}
  flush(_now: Instant, _effects: Effect[]): void {}
  status(_now: Instant): GroupStatus {
    throw new Error('being written');
  }
}
