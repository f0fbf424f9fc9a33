/** What a type costs beside its characters, its place in the Map included. Measured, as a test does again. */
const TYPE_OVERHEAD_BYTES = 230;
/** So many are shared; of the others each value has its own. A Map ends at 2^24, and whoever writes could fill it. */
const SHARED_MAX = 65_536;

/** What values say that they are, each once, however many say so. Number 0 is that of a value that says nothing. */
export class ContentTypes {
  #numbers = new Map<string, number>();
  #texts: (string | null)[] = [null];
  #uses: number[] = [0];
  #free: number[] = [];
  #bytes = 0;
  readonly #sharedMax: number;

  constructor(sharedMax = SHARED_MAX) {
    this.#sharedMax = sharedMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  at(number: number): string | null {
    return this.#texts[number] as string | null;
  }

  /** One use more. */
  take(text: string | null): number {
    if (text === null) return 0;
    const known = this.#numbers.get(text);
    if (known !== undefined) {
      this.#uses[known] = (this.#uses[known] as number) + 1;
      return known;
    }
    const number = this.#free.pop() ?? this.#texts.length;
    this.#texts[number] = text;
    this.#uses[number] = 1;
    this.#bytes += typeBytes(text);
    if (this.#numbers.size < this.#sharedMax) this.#numbers.set(text, number);
    return number;
  }

  /** One use more of a type that is used. */
  share(number: number): void {
    if (number !== 0) this.#uses[number] = (this.#uses[number] as number) + 1;
  }

  /** Forgotten with its last use. */
  giveBack(number: number): void {
    if (number === 0) return;
    const left = (this.#uses[number] as number) - 1;
    this.#uses[number] = left;
    if (left > 0) return;
    const text = this.#texts[number] as string;
    if (this.#numbers.get(text) === number) this.#numbers.delete(text);
    this.#texts[number] = null;
    this.#free.push(number);
    this.#bytes -= typeBytes(text);
  }

  clear(): void {
    this.#numbers = new Map();
    this.#texts = [null];
    this.#uses = [0];
    this.#free = [];
    this.#bytes = 0;
  }
}

/** What a type adds that nobody else has. */
export const typeBytes = (text: string | null): number => (text === null ? 0 : TYPE_OVERHEAD_BYTES + text.length);
