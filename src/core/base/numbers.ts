/**
 * Numbers that must not be mixed up. A brand costs nothing at run time; the constructors below check what comes in from
 * the wire, so that arithmetic inside needs no checks and no bigint.
 */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Position in the log, from 1; 0 is the place before the first entry. */
export type LogIndex = Brand<number, 'LogIndex'>;
/** `spec.leaseTransitions`: +1 at every change of leadership; 0 before the first. */
export type Epoch = Brand<number, 'Epoch'>;
/** How often a key has been written, from 1; goes on after a delete. */
export type Version = Brand<number, 'Version'>;
/** Milliseconds of a clock that never goes back and means nothing outside this process. */
export type MonotonicMs = Brand<number, 'MonotonicMs'>;
/** Milliseconds since 1970, as the wall clock says. */
export type WallMs = Brand<number, 'WallMs'>;
/** One replica group; there is one, numbered 0, until sharding. */
export type GroupId = Brand<number, 'GroupId'>;

const whole = (value: number, name: string): number => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name}: ${value} is not a safe whole number`);
  return value;
};

export const logIndex = (value: number): LogIndex => whole(value, 'log index') as LogIndex;
export const epoch = (value: number): Epoch => whole(value, 'epoch') as Epoch;
export const version = (value: number): Version => whole(value, 'version') as Version;
export const monotonicMs = (value: number): MonotonicMs => value as MonotonicMs;
export const wallMs = (value: number): WallMs => value as WallMs;
export const groupId = (value: number): GroupId => whole(value, 'group id') as GroupId;

/** The two clocks, read once per turn by the host and handed to every call of the core. */
export interface Instant {
  readonly monotonicMs: MonotonicMs;
  readonly wallMs: WallMs;
}
