/**
 * Loaded before a program (`node --import`): its wall clock is off by what the file `KV_CHAOS_CLOCK` says, and its monotonic
 * clock goes faster or slower. The file is looked at all the time: a signal would end a program that is only being loaded.
 */
import { readFileSync, statSync } from 'node:fs';

export interface ClockFault {
  readonly wallOffsetMs: number;
  /** Of the monotonic clock: 1 is right. It never goes back. */
  readonly rate: number;
}

const LOOK_EVERY_MS = 50;

const file = process.env['KV_CHAOS_CLOCK'];
if (file !== undefined) {
  const TrueDate = Date;
  const trueNow = performance.now.bind(performance);
  let wallOffsetMs = 0;
  let rate = 1;
  let anchor = { trueMs: 0, shownMs: 0 };
  const shownNow = (): number => anchor.shownMs + (trueNow() - anchor.trueMs) * rate;

  let readMs = 0;
  const read = (): void => {
    const changedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changedMs === readMs) return;
    readMs = changedMs;
    anchor = { trueMs: trueNow(), shownMs: shownNow() };
    ({ wallOffsetMs, rate } = JSON.parse(readFileSync(file, 'utf8')) as ClockFault);
  };
  read();
  setInterval(read, LOOK_EVERY_MS).unref();

  performance.now = shownNow;
  globalThis.Date = new Proxy(TrueDate, {
    construct(target, args: unknown[], newTarget) {
      const given = args.length === 0 ? [TrueDate.now() + wallOffsetMs] : args;
      return Reflect.construct(target, given, newTarget) as Date;
    },
    get(target, property, receiver) {
      if (property === 'now') return () => TrueDate.now() + wallOffsetMs;
      return Reflect.get(target, property, receiver) as unknown;
    },
  });
}
