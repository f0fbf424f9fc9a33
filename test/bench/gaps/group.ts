import type { Pause } from '../../measure/load/pauses.ts';

/** Three replicas that hold the same, one of which can be taken away while others write. */
export interface Group {
  readonly version: string;
  /** Begins to write so many keys a second, evenly, whatever becomes of the writes before. */
  write(ratePerS: number): Promise<Writing>;
  leader(): Promise<Member>;
  follower(): Promise<Member>;
  /** Resolves when each of the three counts, and has what was there when this was asked. */
  untilWhole(): Promise<void>;
  /** null: there is none. */
  readonly kubernetes: Kubernetes | null;
  end(): Promise<void>;
}

/** One of the three, and the processes that follow one another in its place. */
export interface Member {
  readonly name: string;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends its process; resolves when it has ended and another has begun in its place, at once. */
  replace(by: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

export interface Kubernetes {
  takeAway(): Promise<void>;
  bringBack(): Promise<void>;
}

/** A steady load of writes. */
export interface Writing {
  readonly ratePerS: number;
  readonly acknowledged: number;
  /** How long this process itself was away: a pause that is no longer may be its own. */
  readonly longestStallMs: number;
  /** Attempts that were refused or not answered in time; of clients that repeat them, those that were repeated. */
  readonly failed: number;
  /** The longest stretch without an acknowledgement that touches the time since `fromMs`. */
  worstPause(fromMs: number): Pause;
  /** No further writes; resolves when those that were begun are settled. */
  stop(): Promise<void>;
  /** How many of the acknowledged writes are not there, or not whole. Once it was stopped and the group is whole. */
  lost(): Promise<number>;
  /** At once, whatever is under way. */
  close(): void;
}

/** What can take part. */
export interface GapContestant {
  readonly title: string;
  /** Why it cannot take part here; null: it can. */
  missing(): string | null;
  start(): Promise<Group>;
}
