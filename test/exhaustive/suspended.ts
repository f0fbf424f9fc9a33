/** Where an errand stands, and what its locals hold: told by the errand itself (`openErrands`). */
export class Suspended {
  readonly place: string;
  readonly #locals: Readonly<Record<string, () => unknown>>;

  constructor(place: string, locals: Readonly<Record<string, () => unknown>>) {
    this.place = place;
    this.#locals = locals;
  }

  get method(): string {
    return this.place.slice(0, this.place.indexOf(' '));
  }

  /** A local that is not initialised yet has no value, and says so by an exception. */
  locals(): (readonly [string, unknown])[] {
    return Object.entries(this.#locals).flatMap(([name, read]) => {
      try {
        return [[name, read()] as const];
      } catch (error) {
        if (error instanceof ReferenceError) return [];
        throw error;
      }
    });
  }
}
