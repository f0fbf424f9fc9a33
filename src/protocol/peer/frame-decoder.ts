import type { Epoch, GroupId } from '../../core/base/numbers.ts';
import type { PeerFrame } from '../../core/routing/frames.ts';
import { ByteReader, MalformedError } from './byte-reader.ts';
import { FRAME_BYTES_MAX, FRAME_BYTES_MIN, MESSAGE_KINDS, REQUEST_KINDS } from './frame-types.ts';
import { readMessage } from './message-codec.ts';
import { PREFACE_BYTES, readPreface, SUPPORTED_VERSIONS, type VersionRange } from './preface.ts';
import { readRequestFrame } from './request-codec.ts';

export type DecodeOutcome =
  | { readonly kind: 'frames'; readonly frames: readonly PeerFrame[] }
  /** Nothing after it can be trusted: close the connection. Frames before it in the same chunk are dropped as well. */
  | { readonly kind: 'malformed'; readonly reason: string };

export interface DecoderOptions {
  readonly frameBytesMax: number;
  readonly versions: VersionRange;
}

const LENGTH_BYTES = 4;
/** What is set aside for a frame before it has proven to be longer by arriving. */
const PARTIAL_BYTES_MIN = 4 * 1024;

/**
 * The bytes of one connection to frames, in whatever chunks they come. A frame that lies in one chunk is read where it
 * lies. One that does not is gathered in a buffer of its own, which grows with what has arrived, never with what was
 * announced, and by doubling, so that the copying stays linear.
 *
 * A chunk belongs to the decoder from then on: large values may stay in it. All else is copied, once, here: nobody after
 * this needs to copy a value to keep it.
 */
export class FrameDecoder {
  readonly #frameBytesMax: number;
  readonly #versions: VersionRange;
  readonly #reader = new ByteReader();
  /** The preface, or a frame with its length, as far as it has arrived. */
  #partial: Buffer | null = null;
  #partialBytes = 0;
  #version: number | null = null;
  #malformed: { readonly kind: 'malformed'; readonly reason: string } | null = null;

  constructor(options: Partial<DecoderOptions> = {}) {
    this.#frameBytesMax = options.frameBytesMax ?? FRAME_BYTES_MAX;
    this.#versions = options.versions ?? SUPPORTED_VERSIONS;
  }

  /** What both sides speak; null until the other side's preface is complete. */
  get version(): number | null {
    return this.#version;
  }

  push(chunk: Buffer): DecodeOutcome {
    if (this.#malformed !== null) return this.#malformed;
    const frames: PeerFrame[] = [];
    try {
      this.#read(chunk, frames);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#malformed = { kind: 'malformed', reason: error.message };
      this.#partial = null;
      return this.#malformed;
    }
    return { kind: 'frames', frames };
  }

  #read(chunk: Buffer, frames: PeerFrame[]): void {
    let position = 0;
    if (this.#version === null) {
      position = this.#readPreface(chunk);
      if (position === chunk.length) return;
    }
    // If that leaves the frame incomplete, it has used the chunk up.
    if (this.#partial !== null) position = this.#completePartial(chunk, position, frames);
    while (chunk.length - position >= LENGTH_BYTES) {
      const end = position + LENGTH_BYTES + this.#frameLength(chunk, position);
      if (end > chunk.length) break;
      frames.push(this.#decode(chunk, position + LENGTH_BYTES, end));
      position = end;
    }
    if (position < chunk.length) this.#keep(chunk, position, chunk.length);
  }

  /** The position behind the preface, as far as the chunk has it. */
  #readPreface(chunk: Buffer): number {
    const before = this.#partialBytes;
    const used = Math.min(chunk.length, PREFACE_BYTES - before);
    this.#keep(chunk, 0, used);
    const outcome = readPreface((this.#partial as Buffer).subarray(0, this.#partialBytes), this.#versions);
    switch (outcome.kind) {
      case 'incomplete':
        return used;
      case 'malformed':
        throw new MalformedError(outcome.reason);
      case 'agreed':
        this.#version = outcome.version;
        this.#dropPartial();
        return used;
    }
  }

  #completePartial(chunk: Buffer, from: number, frames: PeerFrame[]): number {
    let position = from;
    if (this.#partialBytes < LENGTH_BYTES) {
      const end = Math.min(chunk.length, position + LENGTH_BYTES - this.#partialBytes);
      this.#keep(chunk, position, end);
      position = end;
      if (this.#partialBytes < LENGTH_BYTES) return position;
    }
    const length = LENGTH_BYTES + this.#frameLength(this.#partial as Buffer, 0);
    const end = Math.min(chunk.length, position + length - this.#partialBytes);
    this.#keep(chunk, position, end, length);
    if (this.#partialBytes === length) {
      frames.push(this.#decode(this.#partial as Buffer, LENGTH_BYTES, length));
      this.#dropPartial();
    }
    return end;
  }

  /** Adds to the partial frame. `bytesMax` is how long it can get, if that is known. */
  #keep(chunk: Buffer, from: number, to: number, bytesMax = PARTIAL_BYTES_MIN): void {
    const bytes = this.#partialBytes + to - from;
    if (this.#partial === null || bytes > this.#partial.length) {
      const size = Math.max(bytes, Math.min(bytesMax, Math.max(2 * bytes, PARTIAL_BYTES_MIN)));
      const grown = Buffer.allocUnsafeSlow(size);
      this.#partial?.copy(grown, 0, 0, this.#partialBytes);
      this.#partial = grown;
    }
    chunk.copy(this.#partial, this.#partialBytes, from, to);
    this.#partialBytes = bytes;
  }

  /** The buffer is not used again: a large value may stay in it. */
  #dropPartial(): void {
    this.#partial = null;
    this.#partialBytes = 0;
  }

  #frameLength(bytes: Buffer, position: number): number {
    const length = bytes.readUInt32BE(position);
    if (length < FRAME_BYTES_MIN || length > this.#frameBytesMax)
      throw new MalformedError(`a frame of ${length} bytes`);
    return length;
  }

  #decode(bytes: Buffer, position: number, end: number): PeerFrame {
    const reader = this.#reader;
    reader.open(bytes, position, end);
    const type = reader.byte();
    const group = reader.number('group') as GroupId;
    const epoch = reader.number('epoch') as Epoch;
    const frame = this.#decodeBody(type, group, epoch);
    reader.close();
    return frame;
  }

  #decodeBody(type: number, group: GroupId, epoch: Epoch): PeerFrame {
    const requestKind = REQUEST_KINDS[type] ?? null;
    if (requestKind !== null) return readRequestFrame(this.#reader, requestKind, group, epoch);
    const messageKind = MESSAGE_KINDS[type] ?? null;
    if (messageKind !== null) return { kind: 'peer', group, message: readMessage(this.#reader, messageKind, epoch) };
    throw new MalformedError(`unknown type of frame: ${type}`);
  }
}
