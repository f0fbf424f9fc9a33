/** What values say that they are, each once, however many say so. Number 0 is that of a value that says nothing. */
export class ContentTypes {
  #numbers = new Map<string, number>();
  #texts: (string | null)[] = [null];
  #uses: number[] = [0];
  #free: number[] = [];

  at(number: number): string | null {
    return this.#texts[number] as string | null;
  }

  /** One use more. */
  take(text: string | null): number {
    if (text === null) return 0;
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#texts.length;
      this.#numbers.set(text, number);
      this.#texts[number] = text;
      this.#uses[number] = 0;
    }
    this.#uses[number] = (this.#uses[number] as number) + 1;
    return number;
  }

  /** Forgotten with its last use. */
  giveBack(number: number): void {
    if (number === 0) return;
    const left = (this.#uses[number] as number) - 1;
    this.#uses[number] = left;
    if (left > 0) return;
    this.#numbers.delete(this.#texts[number] as string);
    this.#texts[number] = null;
    this.#free.push(number);
  }

  clear(): void {
    this.#numbers = new Map();
    this.#texts = [null];
    this.#uses = [0];
    this.#free = [];
  }
}
