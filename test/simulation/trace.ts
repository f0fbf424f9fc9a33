import { SECOND } from './plan.ts';

/** One thing that happened: who, what, and what belongs to it. */
export interface TraceEvent {
  readonly timeUs: number;
  readonly actor: string;
  readonly event: string;
  /** Does not change afterwards. */
  readonly detail: unknown;
}

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
  readonly #listener: ((event: TraceEvent) => void) | null;
  #next = 0;

  /** Keeps the last `keep` events; a listener gets all of them. */
  constructor(options: { readonly keep: number; readonly listener: ((event: TraceEvent) => void) | null }) {
    this.#keep = options.keep;
    this.#listener = options.listener;
  }

  add(timeUs: number, actor: string, event: string, detail: unknown): void {
    if (this.#listener !== null) this.#listener({ timeUs, actor, event, detail });
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
        lineOf({
          timeUs: this.#times[kept] as number,
          actor: this.#actors[kept] as string,
          event: this.#events[kept] as string,
          detail: this.#details[kept],
        }),
      );
    }
    return lines;
  }
}

export function lineOf({ timeUs, actor, event, detail }: TraceEvent): string {
  const words = detail === null ? '' : ` ${format(detail)}`;
  return `${(timeUs / SECOND).toFixed(6).padStart(10)} ${actor.padEnd(14)} ${event}${words}`;
}

const LONG_LIST = 8;

/** Shorter than JSON: what a person needs to follow the run. */
export function format(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
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

/** For `JSON.stringify`, which has no words for these. */
export const inWords = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? `#${valueNumber(value)}` : typeof value === 'bigint' ? String(value) : value;

/** The same words for the same content, whatever the order of the fields. */
export const inWordsOf = (content: unknown): string => JSON.stringify(sorted(content), inWords);

function sorted(content: unknown): unknown {
  if (Array.isArray(content)) return content.map(sorted);
  if (content === null || typeof content !== 'object') return content;
  return Object.fromEntries(
    Object.entries(content)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
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
