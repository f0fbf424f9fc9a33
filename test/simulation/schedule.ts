import type { FaultKind, Plan } from './plan.ts';
import { SECOND } from './plan.ts';
import { Prng, streams } from './prng.ts';

/**
 * One fault as data: what, when, and the seed of all that it draws (whom it hits, how hard, how long). As no two share
 * their draws, one can be left out and the others stay what they were: what a shrinker needs.
 */
export interface ScheduledFault {
  readonly atUs: number;
  readonly kind: FaultKind;
  readonly seed: number;
}

/** The faults of a plan, oldest first: those that it names, or those that its seed and its weights draw. */
export function scheduleOf(plan: Plan): readonly ScheduledFault[] {
  return plan.schedule ?? drawSchedule(plan);
}

function drawSchedule(plan: Plan): ScheduledFault[] {
  if (plan.faults.length === 0) return [];
  const random = new Prng(plan.seed, streams.schedule);
  const weightTotal = plan.faults.reduce((sum, fault) => sum + fault.weight, 0);
  const drawKind = (): FaultKind => {
    let drawn = random.next() * weightTotal;
    for (const { kind, weight } of plan.faults) {
      drawn -= weight;
      if (drawn <= 0) return kind;
    }
    throw new RangeError('a draw beyond the sum of all weights');
  };
  const schedule: ScheduledFault[] = [];
  let timeUs = random.within(0.3, 1.5) * SECOND;
  while (timeUs < plan.faultsUntilUs) {
    schedule.push({ atUs: Math.ceil(timeUs), kind: drawKind(), seed: random.below(0x1_0000_0000) });
    timeUs += random.exponential(plan.faultMeanUs);
  }
  return schedule;
}
