/** What may stand under a key, as far as its only writer knows: a value, or null for none. */
export type Content = string | null;

export type WriteResult =
  /** It took effect. */
  | 'done'
  /** It certainly did not. */
  | 'refused'
  /** Nobody can say, and it may still. */
  | 'unknown';

/**
 * What the answers of the store have to agree with. Each key has one writer, which has one request under way, so that
 * after every answer it is known what stands there; after a write of unknown outcome there are two possibilities, and
 * the key is given up.
 */
export class Expectations {
  readonly #possible = new Map<string, readonly Content[]>();
  readonly #wrong: string[] = [];
  readonly #wrongMax: number;

  constructor(options: { readonly wrongMax: number }) {
    this.#wrongMax = options.wrongMax;
  }

  /** What answers, or replicas, said that the writes before do not explain. */
  get wrong(): readonly string[] {
    return this.#wrong;
  }

  get keys(): IterableIterator<string> {
    return this.#possible.keys();
  }

  possible(key: string): readonly Content[] {
    return this.#possible.get(key) ?? [null];
  }

  /** null: there are two possibilities. */
  known(key: string): { readonly content: Content } | null {
    const [content = null, ...others] = this.possible(key);
    return others.length === 0 ? { content } : null;
  }

  wrote(key: string, content: Content, result: WriteResult): void {
    if (result === 'done') this.#possible.set(key, [content]);
    else if (result === 'unknown') this.#possible.set(key, [...this.possible(key), content]);
  }

  /** Somebody saw this there, with no write under way that could have changed it. */
  saw(who: string, key: string, content: Content): void {
    if (this.possible(key).includes(content)) return;
    this.say(`${who} has ${textOf(content)} under ${key}; it should be ${this.possible(key).map(textOf).join(' or ')}`);
  }

  say(what: string): void {
    if (this.#wrong.length < this.#wrongMax) this.#wrong.push(what);
  }

  forget(key: string): void {
    this.#possible.delete(key);
  }
}

/** Values are long; their beginning says which one it is. */
const textOf = (content: Content): string => (content === null ? 'nothing' : JSON.stringify(content.slice(0, 40)));
