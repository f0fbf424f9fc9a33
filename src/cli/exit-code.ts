/** As scripts see it; a code keeps its meaning. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  noSuchKey: 3,
  precondition: 4,
  notAllowed: 5,
  unavailable: 6,
  lockLost: 7,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command: what went wrong and what to do next, in whole sentences, for people. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Ends a command that has said all there is to say, such as one whose child has failed. */
export class QuietEnd extends Error {
  override readonly name = 'QuietEnd';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}
