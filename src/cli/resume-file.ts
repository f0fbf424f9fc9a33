import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { CommandFailure, EXIT } from './exit-code.ts';
import { reasonOf } from './failures.ts';

/** Where a long command was, so that the same command goes on there. Written whole or not at all. */
export class ResumeFile<Place extends object> {
  readonly path: string;
  /** What is being done: with another the place means nothing. */
  readonly #work: string;
  readonly #everyMs: number;
  #savedAtMs = -Infinity;
  #unsaved: Place | null = null;

  constructor(path: string, work: object, { everyMs }: { readonly everyMs: number }) {
    this.path = path;
    this.#work = JSON.stringify(work);
    this.#everyMs = everyMs;
  }

  /** null: there is none, and all is to be done. */
  read(): Place | null {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw this.#failure('read', error);
    }
    const body = bodyOf(text);
    if (body === null) {
      throw new CommandFailure(EXIT.error, `${this.path} is no file of ours to resume from: name another one.`);
    }
    if (JSON.stringify(body.work) === this.#work) return body.place as Place;
    throw new CommandFailure(
      EXIT.error,
      `${this.path} belongs to other work, ${JSON.stringify(body.work)}: name another file, or delete it to begin anew.`,
    );
  }

  /** Now and then, and at the end with {@link save}. */
  note(place: Place): void {
    this.#unsaved = place;
    if (performance.now() - this.#savedAtMs >= this.#everyMs) this.save();
  }

  save(): void {
    if (this.#unsaved === null) return;
    const draft = `${this.path}.${process.pid}`;
    try {
      writeFileSync(draft, `{"work":${this.#work},"place":${JSON.stringify(this.#unsaved)}}\n`);
      renameSync(draft, this.path);
    } catch (error) {
      throw this.#failure('written', error);
    }
    this.#unsaved = null;
    this.#savedAtMs = performance.now();
  }

  /** All was done. */
  remove(): void {
    this.#unsaved = null;
    rmSync(this.path, { force: true });
  }

  #failure(done: 'read' | 'written', error: unknown): CommandFailure {
    return new CommandFailure(EXIT.error, `${this.path} cannot be ${done}: ${reasonOf(error)}.`);
  }
}

function bodyOf(text: string): { readonly work: unknown; readonly place: object } | null {
  try {
    const { work, place } = JSON.parse(text) as { work?: unknown; place?: unknown };
    return typeof place === 'object' && place !== null ? { work, place } : null;
  } catch {
    return null;
  }
}
