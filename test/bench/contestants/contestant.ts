import type { Address } from '../../measure/load/http-connection.ts';

/** Whom a load asks. */
export type Role = 'leader' | 'replica' | 'proxy';

/** Something whose speed is measured: ourselves, what a user would pick instead, or what no server can surpass. */
export interface Contestant {
  readonly title: string;
  /** Why it cannot take part here, and what to do about it; null: it can. */
  missing(): string | null;
  /** Resolves when it takes requests. Whatever was started is ended again if it does not come so far. */
  start(): Promise<Running>;
}

/** Its servers, on loopback and ports of their own. */
export interface Running {
  /** Of the program. */
  readonly version: string;
  /** Asked before each run: who leads may change. @throws if it has nobody of that role */
  addressOf(role: Role): Promise<Address>;
  /** Between two runs: resolves when all copies are the same, and what the run before left behind is gone. */
  settle(): Promise<void>;
  end(): Promise<void>;
}

export const HOST = '127.0.0.1';

/** Of what is one process, whatever it is asked for. */
export function single(port: number, version: string, end: () => Promise<void>): Running {
  return { version, addressOf: () => Promise.resolve({ host: HOST, port }), settle: () => Promise.resolve(), end };
}
