import type { OutputFormat } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** One result in all its forms; each is made only if it is asked for. */
export interface Forms {
  readonly json: () => unknown;
  /** For people. */
  readonly text: () => string;
  /** For scripts: bytes as they are, or a line. */
  readonly raw: () => string | Uint8Array;
}

/** Prints results in the form that was asked for. */
export class Output {
  readonly format: OutputFormat;
  readonly #terminal: Terminal;

  constructor(format: OutputFormat, terminal: Terminal) {
    this.format = format;
    this.#terminal = terminal;
  }

  async one(forms: Forms): Promise<void> {
    await this.#terminal.write(this.#formOf(forms));
  }

  /** Each as it comes; as one array of JSON, or a line for each. */
  async many<Item>(items: AsyncIterable<Item> | Iterable<Item>, formsOf: (item: Item) => Forms): Promise<void> {
    if (this.format !== 'json') {
      for await (const item of items) await this.one(formsOf(item));
      return;
    }
    let before = '[';
    for await (const item of items) {
      await this.#terminal.write(`${before}\n${JSON.stringify(formsOf(item).json())}`);
      before = ',';
    }
    await this.#terminal.write(before === '[' ? '[]\n' : '\n]\n');
  }

  #formOf({ json, text, raw }: Forms): string | Uint8Array {
    switch (this.format) {
      case 'json':
        return `${JSON.stringify(json(), null, 2)}\n`;
      case 'jsonl':
        return `${JSON.stringify(json())}\n`;
      case 'raw': {
        const form = raw();
        return typeof form === 'string' ? lineOf(form) : form;
      }
      case 'text':
        return lineOf(text());
    }
  }
}

/** Nothing stays nothing. */
const lineOf = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
