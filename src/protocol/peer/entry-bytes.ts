import type { Entry } from '../../core/replication/entry.ts';
import type { EntryCodec } from '../../core/replication/packed-entries.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter, UnencodableError } from './byte-writer.ts';
import { readEntry, writeEntry } from './entry-codec.ts';

/** Entries by themselves, as they stand in an append. */
export class EntryBytes implements EntryCodec {
  readonly #writer = new ByteWriter();
  readonly #reader = new ByteReader();

  encode(entry: Entry): readonly Uint8Array[] | null {
    const writer = this.#writer;
    writer.rewind();
    try {
      writeEntry(writer, entry);
      return writer.take();
    } catch (error) {
      if (!(error instanceof UnencodableError)) throw error;
      writer.take();
      return null;
    }
  }

  decode(bytes: Uint8Array): Entry {
    const reader = this.#reader;
    // A large value stays in the bytes that it is read from.
    const copy = Buffer.copyBytesFrom(bytes);
    reader.open(copy, 0, copy.length);
    const entry = readEntry(reader);
    reader.close();
    return entry;
  }
}
