import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { CommandFailure, EXIT } from './exit-code.ts';
import { reasonOf } from './failures.ts';

/** A file that is written little by little, under another name until it is whole. */
export class PartFile {
  /** So many are written. */
  bytes: number;
  readonly #path: string;
  readonly #part: string;
  #file: number | null = null;

  /** `bytes`: so many of it were written before, which `resumePath` says. */
  constructor(path: string, { bytes, resumePath }: { readonly bytes: number; readonly resumePath: string | null }) {
    this.#path = path;
    this.#part = `${path}.part`;
    this.bytes = bytes;
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw new CommandFailure(EXIT.error, `${path} cannot be written: it is a folder.`);
    }
    this.#try(() => {
      const file = bytes === 0 ? openSync(this.#part, 'w', 0o600) : this.#reopened();
      if (file === null || fstatSync(file).size < bytes) {
        throw new CommandFailure(
          EXIT.error,
          `${this.#part} is not what ${resumePath ?? 'was written'} goes on with: delete ${resumePath ?? 'it'} to begin anew.`,
        );
      }
      this.#file = file;
      // What was written behind the place is written again.
      ftruncateSync(file, bytes);
    });
  }

  write(text: string): void {
    const file = this.#file;
    if (file === null) return;
    const data = Buffer.from(text);
    this.#try(() => {
      for (let from = 0; from < data.byteLength;) {
        from += writeSync(file, data, from, data.byteLength - from, this.bytes + from);
      }
    });
    this.bytes += data.byteLength;
  }

  /** It is whole, and stays so when the machine stops. */
  finish(): void {
    this.#try(() => {
      if (this.#file !== null) fsyncSync(this.#file);
      this.close();
      renameSync(this.#part, this.#path);
    });
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  /** Nobody goes on with it. */
  discard(): void {
    this.close();
    rmSync(this.#part, { force: true });
  }

  /** null: it is gone. */
  #reopened(): number | null {
    try {
      return openSync(this.#part, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof CommandFailure) throw error;
      throw new CommandFailure(EXIT.error, `${this.#part} cannot be written: ${reasonOf(error)}.`);
    }
  }
}
