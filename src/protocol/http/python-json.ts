import { JSON_DEPTH_MAX } from './json-source.ts';

/**
 * Where and why Python's json module refuses a text: the earlier services were written in Python, and their clients may
 * show its words and positions. Run only on texts that `JSON.parse` has refused already. Follows the scanner of CPython
 * 3.11 (Modules/_json.c).
 */
export interface PythonJsonError {
  readonly message: string;
  /** In code points, as Python counts. */
  readonly position: number;
}

/** null: nested too deeply to say. */
export function explainJsonError(text: string): PythonJsonError | null {
  const scanner = new Scanner(text);
  try {
    scanner.document();
  } catch (error) {
    if (error instanceof Refusal) {
      return { message: error.message, position: Array.from(text.slice(0, error.position)).length };
    }
    if (error instanceof TooDeep) return null;
    throw error;
  }
  return { message: 'Expecting value', position: 0 };
}

class Refusal extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

class TooDeep extends Error {}

const BLANK = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;
const HEX_4 = /[0-9A-Fa-f]{4}/y;
const ESCAPED = '"\\/bfnrt';

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#skip(BLANK);
    this.#value(0);
    this.#skip(BLANK);
    if (this.#at < this.#text.length) throw new Refusal('Extra data', this.#at);
  }

  #value(depth: number): void {
    // Python has its recursion error in its place.
    if (depth > JSON_DEPTH_MAX) throw new TooDeep();
    switch (this.#text.charAt(this.#at)) {
      case '"':
        this.#string();
        return;
      case '{':
        this.#object(depth);
        return;
      case '[':
        this.#array(depth);
        return;
      default:
        if (!this.#skip(LITERAL) && !this.#skip(NUMBER)) throw new Refusal('Expecting value', this.#at);
    }
  }

  #object(depth: number): void {
    this.#at += 1;
    this.#skip(BLANK);
    if (this.#text[this.#at] === '}') {
      this.#at += 1;
      return;
    }
    for (;;) {
      if (this.#text[this.#at] !== '"')
        throw new Refusal('Expecting property name enclosed in double quotes', this.#at);
      this.#string();
      this.#skip(BLANK);
      if (this.#text[this.#at] !== ':') throw new Refusal("Expecting ':' delimiter", this.#at);
      this.#at += 1;
      this.#skip(BLANK);
      this.#value(depth + 1);
      if (this.#endsWith('}')) return;
    }
  }

  #array(depth: number): void {
    this.#at += 1;
    this.#skip(BLANK);
    if (this.#text[this.#at] === ']') {
      this.#at += 1;
      return;
    }
    for (;;) {
      this.#value(depth + 1);
      if (this.#endsWith(']')) return;
    }
  }

  /** After an element: whether it was the last; else the comma is passed. */
  #endsWith(close: '}' | ']'): boolean {
    this.#skip(BLANK);
    const next = this.#text[this.#at];
    if (next !== close && next !== ',') throw new Refusal("Expecting ',' delimiter", this.#at);
    this.#at += 1;
    if (next === close) return true;
    this.#skip(BLANK);
    return false;
  }

  #string(): void {
    const begin = this.#at;
    this.#at += 1;
    for (;;) {
      const unit = this.#text[this.#at];
      if (unit === undefined) throw new Refusal('Unterminated string starting at', begin);
      if (unit === '"') break;
      if (unit < ' ') throw new Refusal('Invalid control character at', this.#at);
      if (unit === '\\') this.#escape(begin);
      else this.#at += 1;
    }
    this.#at += 1;
  }

  #escape(stringBegin: number): void {
    const backslash = this.#at;
    const kind = this.#text[backslash + 1];
    if (kind === undefined) throw new Refusal('Unterminated string starting at', stringBegin);
    this.#at += 2;
    if (kind === 'u') {
      if (!this.#skip(HEX_4)) throw new Refusal('Invalid \\uXXXX escape', backslash + 1);
    } else if (!ESCAPED.includes(kind)) {
      throw new Refusal('Invalid \\escape', backslash);
    }
  }

  /** Passes what `pattern`, which is sticky, matches here. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }
}
