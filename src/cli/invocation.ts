import type { Command } from 'commander';
import { KvClient } from '../client/index.ts';
import { settingsOf as clientSettingsOf } from '../client/options.ts';
import { Session } from '../client/session.ts';
import { Transport } from '../client/transport.ts';
import { fetchUnderFence } from './fence.ts';
import { Output } from './output.ts';
import { headerVariable, outputFormatOf, settingsOf, type GlobalFlags, type Settings } from './settings.ts';
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
    const { signal } = this.terminal;
    return (this.#client ??= new KvClient({ ...this.#clientOptions(), signal }));
  }

  /** For what is put right after a Ctrl-C. */
  clientWithoutSignal(): KvClient {
    return new KvClient(this.#clientOptions());
  }

  /** For what the client does not offer. */
  get transport(): Transport {
    const { signal } = this.terminal;
    return (this.#transport ??= new Transport(clientSettingsOf({ ...this.#clientOptions(), signal }, new Session())));
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
    const { urls, token, timeoutMs, consistency } = this.settings;
    const fence = this.#flags.fence ?? headerVariable(this.terminal.env, 'KV_FENCE');
    return {
      url: urls,
      timeoutMs,
      consistency,
      // A person waits. With their pauses these take about two seconds; a store that changes its leader answers by itself.
      retries: RETRIES,
      ...(token === null ? {} : { token }),
      ...(fence === null ? {} : { fetch: fetchUnderFence(fence) }),
    };
  }
}

const RETRIES = 6;
