import type { Log } from '../../ports/telemetry.ts';

/** Half of it goes before others begin to miss a process that does not answer. */
const STALL_MS = 250;
const LOOK_EVERY_MS = 50;
/** A starved machine stalls all the time: one line every so often, which says how many it stands for. */
const SAY_EVERY_MS = 5000;

export interface Usage {
  readonly nowMs: number;
  /** Of all threads of this process, since it began. */
  readonly processorMs: number;
}

/**
 * Says when the event loop stood still, by how late a timer is. Others take such a process for one that died, and what it
 * shows of itself afterwards looks like a network's fault; `processorMs` tells whether it was busy itself or got no processor.
 */
export class StallWatch {
  readonly #log: Log;
  #last: Usage;
  #saidMs = -Infinity;
  #unsaid = 0;

  constructor(log: Log, now: Usage) {
    this.#log = log;
    this.#last = now;
  }

  look(now: Usage): void {
    const stoodMs = now.nowMs - this.#last.nowMs - LOOK_EVERY_MS;
    const processorMs = now.processorMs - this.#last.processorMs;
    this.#last = now;
    if (stoodMs < STALL_MS) return;
    this.#unsaid += 1;
    if (now.nowMs - this.#saidMs < SAY_EVERY_MS) return;
    this.#log.warn('event loop stood still', {
      ms: Math.round(stoodMs),
      processorMs: Math.round(processorMs),
      stalls: this.#unsaid,
    });
    this.#saidMs = now.nowMs;
    this.#unsaid = 0;
  }
}

/** As long as the process runs. */
export function watchStalls(log: Log): void {
  const watch = new StallWatch(log, usage());
  setInterval(() => watch.look(usage()), LOOK_EVERY_MS).unref();
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { nowMs: performance.now(), processorMs: (user + system) / 1000 };
}
