import { SECOND } from './plan.ts';

/**
 * What happened, kept as its parts and put into words only when somebody wants to read it: nearly all runs pass, and
 * words would take most of their time.
 */
export class Trace {
  readonly #times: number[] = [];
  readonly #actors: string[] = [];
  readonly #events: string[] = [];
  readonly #details: unknown[] = [];
  readonly #keep: number;
  readonly #print: ((line: string) => void) | null;
  #next = 0;

  constructor(options: { readonly keep: number; readonly print: ((line: string) => void) | null }) {
    this.#keep = options.keep;
    this.#print = options.print;
  }

  /** `detail` must not change afterwards; a function is called when the line is made. */
  add(timeUs: number, actor: string, event: string, detail: unknown): void {
    if (this.#print !== null) {
      this.#print(formatLine(timeUs, actor, event, detail));
      return;
    }
    const place = this.#next % this.#keep;
    this.#times[place] = timeUs;
    this.#actors[place] = actor;
    this.#events[place] = event;
    this.#details[place] = detail;
    this.#next += 1;
  }

  /** The last events, oldest first. */
  lines(): string[] {
    const lines: string[] = [];
    for (let place = Math.max(0, this.#next - this.#keep); place < this.#next; place += 1) {
      const kept = place % this.#keep;
      lines.push(
        formatLine(
          this.#times[kept] as number,
          this.#actors[kept] as string,
          this.#events[kept] as string,
          this.#details[kept],
        ),
      );
    }
    return lines;
  }
}

function formatLine(timeUs: number, actor: string, event: string, detail: unknown): string {
  const words = detail === null ? '' : ` ${format(detail)}`;
  return `${(timeUs / SECOND).toFixed(6).padStart(10)} ${actor.padEnd(14)} ${event}${words}`;
}

const LONG_LIST = 8;

/** Shorter than JSON: what a person needs to follow the run. */
export function format(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'string') return value;
  if (typeof value === 'function') return format((value as () => unknown)());
  if (typeof value !== 'object') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `#${valueNumber(value)}`;
  if (value instanceof Map) return format([...value.keys()]);
  if (Array.isArray(value)) {
    if (value.length <= LONG_LIST) return `[${value.map(format).join(' ')}]`;
    return `[${value.slice(0, 3).map(format).join(' ')} … ${format(value.at(-1))} (${value.length})]`;
  }
  const parts: string[] = [];
  for (const [field, content] of Object.entries(value)) {
    if (field === 'kind' || field === 'wire' || field === 'bytes' || content === null) continue;
    parts.push(`${field}=${format(content)}`);
  }
  const kind = (value as { kind?: unknown }).kind;
  return typeof kind === 'string' ? `${kind}(${parts.join(' ')})` : `{${parts.join(' ')}}`;
}

/** Values are numbers, so that each is unique and small; padding makes some of them long. */
export function valueOf(number: number, bytes: number): Uint8Array {
  const value = new Uint8Array(Math.max(4, bytes));
  value[0] = number >>> 24;
  value[1] = number >>> 16;
  value[2] = number >>> 8;
  value[3] = number;
  return value;
}

export function valueNumber(value: Uint8Array): number {
  return (((value[0] ?? 0) << 24) | ((value[1] ?? 0) << 16) | ((value[2] ?? 0) << 8) | (value[3] ?? 0)) >>> 0;
}
