/** What stays open for as long as both sides like. */
export interface Stream {
  /** A sign of life, for whoever stands between. */
  comment(): void;
}

/** Between two comments on one stream. */
const COMMENT_INTERVAL_MS = 15_000;
const BEAT_MS = 1000;
const BEATS = COMMENT_INTERVAL_MS / BEAT_MS;

/** All streams of this process, commented by one timer, a part of them each second. */
export class WatchStreams {
  readonly #parts: readonly Set<Stream>[] = Array.from({ length: BEATS }, () => new Set<Stream>());
  readonly #partOf = new WeakMap<Stream, Set<Stream>>();
  #beat = 0;
  #size = 0;
  #timer: NodeJS.Timeout | null = null;

  get size(): number {
    return this.#size;
  }

  add(stream: Stream): void {
    const part = this.#parts[(this.#beat + this.#size) % BEATS] as Set<Stream>;
    part.add(stream);
    this.#partOf.set(stream, part);
    this.#size += 1;
    this.#timer ??= setInterval(commentSome, BEAT_MS, this).unref();
  }

  delete(stream: Stream): void {
    if (this.#partOf.get(stream)?.delete(stream) !== true) return;
    this.#size -= 1;
    if (this.#size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  commentSome(): void {
    this.#beat = (this.#beat + 1) % BEATS;
    for (const stream of this.#parts[this.#beat] ?? []) stream.comment();
  }
}

const commentSome = (streams: WatchStreams): void => {
  streams.commentSome();
};
