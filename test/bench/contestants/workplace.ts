import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FreePorts } from '../../../src/main/local/ports.ts';
import { startGuarded, type Guarded } from '../../measure/guarded.ts';
import { until } from '../../measure/until.ts';
import { HOST, type Running } from './contestant.ts';

const READY_WITHIN_MS = 20_000;
const LOG_BYTES_SHOWN = 2000;

/** Where a contestant's servers live: a temporary folder, their processes, and ports that nobody else has. */
export class Workplace {
  readonly folder: string;
  readonly #ports = new FreePorts();
  readonly #servers: Guarded[] = [];

  /**
   * What `start` builds in a new workplace; if it fails, nothing is left of it, and the error tells what the servers
   * have logged.
   *
   * @param where - the folder's parent. @default that of temporary files
   */
  static async with(start: (place: Workplace) => Promise<Running>, where = tmpdir()): Promise<Running> {
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
  run(name: string, program: string, args: readonly string[]): void {
    this.#servers.push(startGuarded({ program, args, logFile: join(this.folder, `${name}.log`) }));
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
    await Promise.all(this.#servers.map((server) => server.kill()));
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
