import { setTimeout as wait } from 'node:timers/promises';
import { EXIT } from './exit-code.ts';
import { reasonOf } from './failures.ts';
import { isTruthy, pythonRepr } from './python-repr.ts';
import { reforgCallOf, REFORG_HELP, REFORG_USAGE, type ReforgFlags } from './reforg-flags.ts';
import type { Terminal } from './terminal.ts';
import { visible } from './text.ts';

/** For one request: the original waited for ever. */
const TIMEOUT_MS = 30_000;

/**
 * The command line of S3, an earlier service, for scripts that call it (S3: reforg/cli.py): reads, writes and watches, in this order; what
 * it reads it prints as Python prints a dict. It ends with 0 whatever the service has answered, as the original does; only
 * what it cannot understand ends with 2.
 */
export async function runReforg(argv: readonly string[], terminal: Terminal): Promise<number> {
  const call = reforgCallOf(argv);
  switch (call.kind) {
    case 'help':
      terminal.out(REFORG_HELP);
      return EXIT.ok;
    case 'misused':
      terminal.note(`${REFORG_USAGE}\nhttp client: error: ${call.reason}`);
      return EXIT.usage;
    case 'run':
      return await run(call.flags, terminal);
  }
}

async function run({ url, get, put, watch, intervalMs }: ReforgFlags, terminal: Terminal): Promise<number> {
  const { signal } = terminal;
  const service = new Service(url, terminal);
  if (get !== null) {
    const found = await service.read(get);
    if (isTruthy(found)) terminal.out(pythonRepr(found));
  }
  if (put !== null) await service.write(...put);
  if (watch !== null) {
    terminal.out('Press Ctrl+c to interrupt watch');
    const isOver = (): boolean => signal.aborted;
    for (let last = 'None'; !isOver();) {
      const found = pythonRepr(await service.read(watch));
      if (found !== last && !isOver()) terminal.out((last = found));
      await wait(intervalMs, undefined, { signal }).catch(() => undefined);
    }
    terminal.out('Watch Interrupted!');
    return EXIT.ok;
  }
  return signal.aborted ? (signal.reason as number) : EXIT.ok;
}

class Service {
  readonly #url: string;
  readonly #terminal: Terminal;

  constructor(url: string, terminal: Terminal) {
    this.#url = url;
    this.#terminal = terminal;
  }

  /** null, which Python prints as None: it could not be had. */
  async read(key: string): Promise<unknown> {
    const response = await this.#send('GET', { key });
    try {
      return response === null ? null : await response.json();
    } catch (error) {
      return this.#fail(error);
    }
  }

  async write(key: string, value: string): Promise<void> {
    await (await this.#send('PUT', { key, value }))?.body?.cancel();
  }

  async #send(method: 'GET' | 'PUT', query: Readonly<Record<string, string>>): Promise<Response | null> {
    try {
      const url = new URL(this.#url);
      for (const [name, text] of Object.entries(query)) url.searchParams.append(name, text);
      const signal = AbortSignal.any([this.#terminal.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await fetch(url, { method, signal });
      if (response.ok) return response;
      await response.body?.cancel();
      return this.#fail(new Error(`${response.status} ${response.statusText} for url: ${url.href}`));
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): null {
    if (this.#terminal.signal.aborted) return null;
    // fetch says only that it failed; why, its cause does.
    const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
    this.#terminal.note(`Unable to process the request:${visible(reasonOf(cause))}`);
    return null;
  }
}
