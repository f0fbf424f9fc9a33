import { cpus, freemem, totalmem } from 'node:os';
import { statfs } from 'node:fs/promises';

import type { MachineUsage, ProcessUsage } from '../../ports/usage.ts';
import { memoryLimitBytes } from './memory-limit.ts';

/** Whoever asks more often gets the figures of before: over a shorter time they would be chance. */
const INTERVAL_MS = 1000;

/** A counter of busy time; what it gained over what time could have, since it was last looked at. */
class BusyShare {
  readonly #read: () => { readonly busyMs: number; readonly possibleMs: number };
  #before: { readonly busyMs: number; readonly possibleMs: number };
  #percent = 0;

  constructor(read: () => { readonly busyMs: number; readonly possibleMs: number }) {
    this.#read = read;
    this.#before = read();
  }

  percent(): number {
    const now = this.#read();
    const possibleMs = now.possibleMs - this.#before.possibleMs;
    if (possibleMs < INTERVAL_MS) return this.#percent;
    this.#percent = (100 * (now.busyMs - this.#before.busyMs)) / possibleMs;
    this.#before = now;
    return this.#percent;
  }
}

/** Of this process, from now on. */
export function processUsage(): () => ProcessUsage {
  const cpu = new BusyShare(() => {
    const { user, system } = process.cpuUsage();
    return { busyMs: (user + system) / 1000, possibleMs: performance.now() };
  });
  const mayHave = memoryLimitBytes() ?? totalmem();
  return () => ({ cpuPercent: cpu.percent(), memoryPercent: (100 * process.memoryUsage.rss()) / mayHave });
}

/** Of the machine, from now on. */
export function machineUsage(): () => Promise<MachineUsage> {
  const cpu = new BusyShare(() => {
    const cores = cpus().map(({ times }) => times);
    const idleMs = meanOf(cores.map(({ idle }) => idle));
    const busyMs = meanOf(cores.map(({ user, nice, sys, irq }) => user + nice + sys + irq));
    return { busyMs, possibleMs: busyMs + idleMs };
  });
  return async () => {
    const { blocks, bfree, bavail } = await statfs('/');
    const used = blocks - bfree;
    return {
      cpuPercent: cpu.percent(),
      memoryPercent: 100 * (1 - freemem() / totalmem()),
      diskPercent: (100 * used) / (used + bavail),
    };
  };
}

const meanOf = (figures: readonly number[]): number =>
  figures.reduce((sum, figure) => sum + figure, 0) / Math.max(1, figures.length);
