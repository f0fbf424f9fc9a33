/** The load generator's process: `runLoad` (`run-load.ts`) starts it, tells it a plan, and hears what came of it. */
import { clients } from './clients/clients.ts';
import { ClientLoad } from './client-load.ts';
import { CrowdLoad } from './crowd-load.ts';
import { dialects, type Dialect } from './dialects.ts';
import type { Load, LoadOptions } from './load.ts';
import { ENOUGH, type Message, type OpenEndedPlan, type Outcome, type Plan } from './plan.ts';
import { RawLoad } from './raw-load.ts';
import { Requests } from './requests.ts';
import { Tally } from './tally.ts';

/** Who gets no answer for so long will not get one. */
const SILENCE_MS = 15_000;
const EMPTY_LOOK_MS = 20;

process.once('message', (plan: Plan | OpenEndedPlan) => {
  generate(plan).then(
    (outcome) => sayLast({ kind: 'outcome', outcome }),
    (error: unknown) => sayLast({ kind: 'failed', reason: (error as Error).message }),
  );
});
// Whoever started it is gone.
process.once('disconnect', () => process.exit(1));

async function generate(plan: Plan | OpenEndedPlan): Promise<Outcome> {
  const tally = new Tally();
  const failed = Promise.withResolvers<never>();
  const onFailure = (reason: string): void => failed.reject(new Error(reason));
  const load = loadOf({ plan, requests: new Requests(plan), tally, onFailure });
  const run = async (): Promise<Outcome> => {
    await load.open();
    if (plan.pace.kind === 'once') {
      tally.begin();
      await load.fill();
    } else {
      load.start();
      await wait(plan.warmUpMs);
      tally.begin();
      say({ kind: 'begun' });
      await ('measureMs' in plan ? wait(plan.measureMs) : enough());
      // A short time in which nothing was begun and answered says nothing yet.
      while (tally.isEmpty) await wait(EMPTY_LOOK_MS);
    }
    tally.end();
    say({ kind: 'stopping' });
    await load.stop();
    return tally.outcome;
  };
  let heard = -1;
  const watch = setInterval(() => {
    if (tally.all === heard) onFailure(`no answer within ${SILENCE_MS / 1000} s`);
    heard = tally.all;
  }, SILENCE_MS);
  try {
    return await Promise.race([run(), failed.promise]);
  } finally {
    clearInterval(watch);
  }
}

function loadOf(options: LoadOptions): Load {
  const { dialect, address, pace } = options.plan;
  const { judge }: Dialect = dialects[dialect];
  if (pace.kind === 'crowd') return new CrowdLoad(options, pace.underWayEach);
  if (judge !== null) return new RawLoad(options, judge);
  const client = clients[dialect];
  if (client === undefined) throw new Error(`nobody speaks ${dialect}`);
  return new ClientLoad(options, () => client(address));
}

function say(message: Message): void {
  process.send?.(message);
}

function sayLast(message: Message): void {
  process.send?.(message, () => process.exit(0));
}

function enough(): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', (message) => {
      if (message === ENOUGH) resolve();
    });
  });
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
