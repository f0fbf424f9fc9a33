import { isMainThread, parentPort, Worker, workerData, type MessagePort } from 'node:worker_threads';

interface Beats {
  readonly perS: number;
  /** By the clock that never goes back, which all threads of a process share. */
  readonly startNs: bigint;
  /** Its one number is 0 until the beat is to end. */
  readonly ended: Int32Array;
}

/**
 * Calls back `perS` times a second, each time by itself, within some 0.1 ms of when it is due; what it returns ends that. Timers of an event loop are of
 * whole milliseconds: at 5,000 a second five would fall due at once, on average 0.4 ms ago. So a thread of its own sleeps until the next one.
 */
export function beatSingly(perS: number, onBeat: () => void): () => void {
  const beats: Beats = { perS, startNs: process.hrtime.bigint(), ended: new Int32Array(new SharedArrayBuffer(4)) };
  const worker = new Worker(new URL(import.meta.url), { workerData: beats });
  worker.on('message', onBeat);
  return () => {
    Atomics.store(beats.ended, 0, 1);
    Atomics.notify(beats.ended, 0);
  };
}

function beat({ perS, startNs, ended }: Beats, port: MessagePort): void {
  for (;;) {
    const passed = (Number(process.hrtime.bigint() - startNs) * perS) / 1e9;
    const untilNextMs = ((Math.floor(passed) + 1 - passed) * 1000) / perS;
    if (Atomics.wait(ended, 0, 0, untilNextMs) !== 'timed-out') return;
    port.postMessage(null);
  }
}

if (!isMainThread && parentPort !== null) beat(workerData as Beats, parentPort);
