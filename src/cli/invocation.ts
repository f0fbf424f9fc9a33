import type { Command } from 'commander';
import { KvClient } from '../client/index.ts';
import { settingsOf as clientSettingsOf } from '../client/options.ts';
import { Session } from '../client/session.ts';
import { Transport } from '../client/transport.ts';
import { fetchUnderFence } from './fence.ts';
import { Output } from './output.ts';
import { outputFormatOf, settingsOf, type GlobalFlags, type Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** One call of the command line: what was asked for, and what it takes to do it. Nothing is read before it is needed. */
export class Invocation {
  readonly terminal: Terminal;
  readonly #flags: GlobalFlags & { readonly fence?: string };
  #settings: Settings | null = null;
  #client: KvClient | null = null;
  #transport: Transport | null = null;

  constructor(command: Command, terminal: Terminal) {
    this.terminal = terminal;
    this.#flags = command.optsWithGlobals();
  }

  get settings(): Settings {
    return (this.#settings ??= settingsOf(this.#flags, this.terminal));
  }

  get client(): KvClient {
    return (this.#client ??= new KvClient({ ...this.#clientOptions(), consistency: this.settings.consistency }));
  }

  /** For what is put right after a Ctrl-C. */
  clientWithoutSignal(): KvClient {
    const { signal: _, ...options } = this.#clientOptions();
    return new KvClient(options);
  }

  /** For what the client does not offer. */
  get transport(): Transport {
    return (this.#transport ??= this.transportWith({}));
  }

  transportWith({ signal, ...own }: { readonly retries?: number; readonly signal?: AbortSignal | null }): Transport {
    const { signal: usual, ...options } = this.#clientOptions();
    const cancelled = signal === null ? {} : { signal: signal ?? usual };
    return new Transport(clientSettingsOf({ ...options, ...cancelled, ...own }, new Session()));
  }

  /** By which a command that this one runs finds the same store. */
  environment(): Readonly<Record<string, string>> {
    const { urls, context, consistency } = this.settings;
    const where = context === null ? { KV_URL: urls.join(',') } : { KV_CONTEXT: context, KV_URL: '' };
    const { token } = this.#flags;
    return { ...where, ...(token === undefined ? {} : { KV_TOKEN: token }), KV_CONSISTENCY: consistency };
  }

  get output(): Output {
    return new Output(outputFormatOf(this.#flags, this.terminal), this.terminal);
  }

  #clientOptions() {
    const { urls, token, timeoutMs } = this.settings;
    const fence = this.#flags.fence ?? this.terminal.env['KV_FENCE'] ?? null;
    return {
      url: urls,
      timeoutMs,
      signal: this.terminal.signal,
      // A person waits. With their pauses these take about two seconds; a store that changes its leader answers by itself.
      retries: RETRIES,
      ...(token === null ? {} : { token }),
      ...(fence === null || fence === '' ? {} : { fetch: fetchUnderFence(fence) }),
    };
  }
}

const RETRIES = 6;
