import type { WatchRequestFrame, WatchResponseFrame } from '../../core/routing/frames.ts';
import type { Watch } from '../../ports/data-operations.ts';
import type { PeerWatcher, PeerWatchRequest } from '../../ports/peer-client.ts';

/** Sends a frame at the end of this turn, or once the connection stands. */
type Send = (frame: WatchRequestFrame) => void;

/** The watches over one connection. They end with it: whoever watches knows better where to go on. */
export class ClientWatches {
  readonly #send: Send;
  readonly #watchers = new Map<number, PeerWatcher>();

  constructor(send: Send) {
    this.#send = send;
  }

  get size(): number {
    return this.#watchers.size;
  }

  open(number: number, request: PeerWatchRequest, watcher: PeerWatcher): Watch {
    const { group, epoch, watch } = request;
    this.#watchers.set(number, watcher);
    this.#send({ kind: 'watch', group, epoch, request: number, watch });
    return {
      grant: (bytes) => {
        if (this.#watchers.has(number)) this.#send({ kind: 'grant', group, epoch, request: number, bytes });
      },
      cancel: () => {
        if (this.#watchers.delete(number)) this.#send({ kind: 'unwatch', group, epoch, request: number });
      },
    };
  }

  /** What comes for one that was cancelled came too late. */
  onFrame(frame: WatchResponseFrame): void {
    const watcher = this.#watchers.get(frame.request);
    if (watcher === undefined) return;
    if (frame.kind === 'watchNews') {
      watcher.onNews(frame.news);
      return;
    }
    this.#watchers.delete(frame.request);
    watcher.onEnded(frame.ending);
  }

  /** Forgets all of them, so that whoever watches anew on being told is not taken for one. */
  takeAll(): readonly PeerWatcher[] {
    const all = [...this.#watchers.values()];
    this.#watchers.clear();
    return all;
  }
}
