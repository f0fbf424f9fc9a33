import type { Prng } from '../../simulation/prng.ts';
import type { Stage } from './stage.ts';

export interface Fault {
  /** Nothing is done where it must not be now, or has nobody to happen to: null. */
  begin(stage: Stage): Promise<ActiveFault | null>;
}

/** What was done, until it is undone. */
export interface ActiveFault {
  /** To whom, for people. */
  readonly what: string;
  /** How long it is to last; a fault of an instant: 0. */
  readonly lastsMs: number;
  /** Undoes it. Resolves with what came of it, for people, if there is something to tell. */
  end(): Promise<string | null>;
}

export const done = (what: string): ActiveFault => ({ what, lastsMs: 0, end: () => Promise.resolve(null) });

/** Shorter than what anybody waits for; about as long; and long enough that the others have gone on for seconds. */
export function someTimeMs(random: Prng): number {
  const [low, high] = random.pick([
    [100, 900],
    [900, 4000],
    [4000, 8000],
  ] as const);
  return random.between(low, high);
}
