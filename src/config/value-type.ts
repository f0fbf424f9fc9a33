/** How the text of an option becomes a value: what is allowed is said once and both checked and printed. */
export interface ValueType<T> {
  /** What the option counts, as the reference names it. */
  readonly unit: string;
  readonly allowed: string;
  /** null: not allowed. */
  parse(text: string): T | null;
  print(value: T): string;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const BYTE_UNITS = { '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 } as const;

export function duration(range: Range): ValueType<number> {
  return {
    unit: 'duration',
    allowed: `a duration from ${printDuration(range.min)} to ${printDuration(range.max)}, such as 250ms, 5s, 10m`,
    parse(text) {
      const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
      if (match === null) return null;
      return inRange(Number(match[1]) * DURATION_UNITS[(match[2] ?? 'ms') as keyof typeof DURATION_UNITS], range);
    },
    print: printDuration,
  };
}

/** With the suffixes of Kubernetes quantities; `MiB` and `MB` are taken as well. */
export function bytes(range: Range): ValueType<number> {
  return {
    unit: 'bytes',
    allowed: `a size from ${printBytes(range.min)} to ${printBytes(range.max)}, such as 4096, 64Ki, 1Mi`,
    parse(text) {
      const match = /^(\d+(?:\.\d+)?)(k|M|G|Ki|Mi|Gi)?B?$/.exec(text);
      if (match === null) return null;
      return inRange(Number(match[1]) * BYTE_UNITS[(match[2] ?? '') as keyof typeof BYTE_UNITS], range);
    },
    print: printBytes,
  };
}

export function count(range: Range): ValueType<number> {
  return {
    unit: 'number',
    allowed: `a whole number from ${range.min} to ${range.max}`,
    parse: (text) => (/^\d+$/.test(text) ? inRange(Number(text), range) : null),
    print: String,
  };
}

export function choice<const T extends string>(values: readonly T[]): ValueType<T> {
  return {
    unit: 'choice',
    allowed: `one of ${values.join(', ')}`,
    parse: (text) => values.find((value) => value === text) ?? null,
    print: String,
  };
}

export function text(rule: {
  readonly allowed: string;
  readonly accepts: (text: string) => boolean;
}): ValueType<string> {
  return { unit: 'text', allowed: rule.allowed, parse: (text) => (rule.accepts(text) ? text : null), print: String };
}

export function toggle(): ValueType<boolean> {
  return {
    unit: 'true or false',
    allowed: 'true or false (1 or 0)',
    parse: (text) => (['true', '1'].includes(text) ? true : ['false', '0'].includes(text) ? false : null),
    print: String,
  };
}

function inRange(value: number, range: Range): number | null {
  return Number.isSafeInteger(value) && value >= range.min && value <= range.max ? value : null;
}

function printDuration(ms: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    if (ms >= DURATION_UNITS[unit] && ms % DURATION_UNITS[unit] === 0) return `${ms / DURATION_UNITS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

function printBytes(size: number): string {
  for (const unit of ['Gi', 'Mi', 'Ki'] as const) {
    if (size >= BYTE_UNITS[unit] && size % BYTE_UNITS[unit] === 0) return `${size / BYTE_UNITS[unit]}${unit}`;
  }
  return String(size);
}
