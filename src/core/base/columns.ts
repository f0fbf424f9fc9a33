type Numbers = Float64Array | Uint32Array;

/** Entries of one piece: 256 KiB of doubles. */
const PIECE_BITS = 15;
const PIECE = 1 << PIECE_BITS;
const PIECE_MIN = 64;

/**
 * A growing row of numbers that is never copied whole: once it has more than one piece, another is added. (An array of ten
 * million that doubles holds up everybody for 50 ms.)
 */
export class Column {
  readonly #pieces: Numbers[] = [];
  readonly #make: (length: number) => Numbers;
  #length = 0;

  constructor(make: (length: number) => Numbers) {
    this.#make = make;
  }

  get length(): number {
    return this.#length;
  }

  /** Within the length. */
  at(place: number): number {
    return (this.#pieces[place >>> PIECE_BITS] as Numbers)[place & (PIECE - 1)] as number;
  }

  set(place: number, value: number): void {
    (this.#pieces[place >>> PIECE_BITS] as Numbers)[place & (PIECE - 1)] = value;
  }

  push(value: number): void {
    const place = this.#length;
    const [piece, within] = [place >>> PIECE_BITS, place & (PIECE - 1)];
    const numbers = this.#pieces[piece];
    if (numbers === undefined || within === numbers.length) this.#grow(piece, numbers);
    this.#length += 1;
    this.set(place, value);
  }

  pop(): void {
    this.#length -= 1;
    // One piece that is empty stays: the next may be wanted at once.
    const used = (this.#length >>> PIECE_BITS) + 2;
    if (this.#pieces.length > used) this.#pieces.length = used;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#length = 0;
  }

  /** Only the first piece begins small. */
  #grow(piece: number, before: Numbers | undefined): void {
    const larger = this.#make(piece > 0 ? PIECE : Math.min(PIECE, Math.max(PIECE_MIN, 4 * (before?.length ?? 0))));
    if (before !== undefined) larger.set(before);
    this.#pieces[piece] = larger;
  }
}
