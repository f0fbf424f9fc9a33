import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FreePorts } from '../../../src/main/local/ports.ts';
import { startGuarded, type Guarded, type GuardedOptions } from '../../measure/guarded.ts';
import { until } from '../../measure/until.ts';
import { HOST } from './contestant.ts';

const READY_WITHIN_MS = 20_000;
const LOG_BYTES_SHOWN = 2000;

/** A server of a workplace: a process, and whoever takes its place. */
export class WorkplaceServer {
  readonly #options: GuardedOptions;
  #process: Guarded;
  #isOver = false;

  constructor(options: GuardedOptions) {
    this.#options = options;
    this.#process = startGuarded(options);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.signal(name);
  }

  /** Ends its process by a signal; resolves when it has ended, and another runs in its place. */
  async replace(by: NodeJS.Signals): Promise<void> {
    this.signal(by);
    await this.#process.ended;
    if (!this.#isOver) this.#process = startGuarded(this.#options);
  }

  /** SIGKILL, for good. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#process.kill();
  }
}

/** Where a contestant's servers live: a temporary folder, their processes, and ports that nobody else has. */
export class Workplace {
  readonly folder: string;
  readonly #ports = new FreePorts();
  readonly #servers: WorkplaceServer[] = [];

  /**
   * What `start` builds in a new workplace; if it fails, nothing is left of it, and the error tells what the servers
   * have logged.
   *
   * @param where - the folder's parent. @default that of temporary files
   */
  static async with<Built>(start: (place: Workplace) => Promise<Built>, where = tmpdir()): Promise<Built> {
    const place = new Workplace(where);
    try {
      return await start(place);
    } catch (cause) {
      const logs = place.#lastLogs();
      await place.end();
      throw new Error(`${(cause as Error).message}${logs}`, { cause });
    }
  }

  private constructor(where: string) {
    this.folder = mkdtempSync(join(where, 'kvstore-bench-'));
  }

  async ports(count: number): Promise<readonly number[]> {
    const ports: number[] = [];
    while (ports.length < count) ports.push(await this.#ports.take());
    return ports;
  }

  /** Its log has its name. */
  run(name: string, program: string, args: readonly string[]): WorkplaceServer {
    const server = new WorkplaceServer({ program, args, logFile: join(this.folder, `${name}.log`) });
    this.#servers.push(server);
    return server;
  }

  /** One of the programs in `servers/`, in a Node like this one. */
  runScript(script: string, args: readonly (string | number)[]): void {
    const file = join(import.meta.dirname, 'servers', `${script}.ts`);
    this.run(`${script}-${args[0] ?? ''}`, process.execPath, [file, ...args.map(String)]);
  }

  /** Resolves when it holds; what throws does not hold yet. */
  untilReady(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const isSo = async (): Promise<boolean> => {
      try {
        return await holds();
      } catch {
        return false;
      }
    };
    return until(what, isSo, { withinMs: READY_WITHIN_MS });
  }

  untilTaken(port: number): Promise<void> {
    return this.untilReady(`port ${port} takes connections`, () => takesConnections(port));
  }

  async end(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.end()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #lastLogs(): string {
    const logs = readdirSync(this.folder).filter((name) => name.endsWith('.log'));
    return logs
      .map((name) => `\n${name}: ${readFileSync(join(this.folder, name), 'utf8').slice(-LOG_BYTES_SHOWN)}`)
      .join('');
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
