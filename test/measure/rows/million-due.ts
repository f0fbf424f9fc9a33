import { setTimeout as wait } from 'node:timers/promises';
import { fill } from '../load/fill.ts';
import { Reader, summaryOf, type Reading } from '../load/reader.ts';
import { KEYS as KEYS_OF_THE_LOAD, underLoad, type RoundResult, type Run } from '../round.ts';

const KEYS = 1_000_000;
/** Until they are due: time to write them, three times over. */
const LIFETIME_MS = 120_000;
const WRITES_PER_S = 300;
const READS_PER_S = 300;
const P99_MS_MAX = 50;
/** The log's time is that of its last entry that is applied: a tick (25 ms), and what a commit takes. */
const LATE_MS_MAX = 250;

/** A million keys that fall due within the same second; what others ask for meanwhile, and that nobody is shown what was due. */
export async function millionDue(run: Run): Promise<RoundResult> {
  const { installation, say } = run;
  const [proxy] = installation.cluster.proxies;
  const [address] = installation.proxyAddresses;
  if (proxy === undefined || address === undefined) throw new Error('there is no proxy');
  const dueAt = Date.now() + LIFETIME_MS;
  await fill({ url: proxy.url, keys: KEYS, keyOf: (number) => `due/${number}`, dueAt, say });
  await wait(Math.max(0, dueAt - 5000 - Date.now()));

  return underLoad({ ...run, ratePerS: WRITES_PER_S }, async () => {
    const reader = new Reader({
      address,
      ratePerS: READS_PER_S,
      // Of those that are due, and of those that stay.
      keyOf: (number) => (number % 2 === 0 ? `due/${(number * 7919) % KEYS}` : run.ledger.keyOf(number)),
      headers: 'Accept: application/vnd.kv+json\r\n',
    });
    try {
      await wait(Math.max(0, dueAt - Date.now()));
      const before = run.ledger.invokedMs.length;
      await installation.until(
        'they are gone',
        ({ replicas }) => replicas.every(({ keys }) => keys <= KEYS_OF_THE_LOAD),
        300_000,
      );
      const goneMs = Date.now() - dueAt;
      const reads = summaryOf(reader.readings.filter(({ dueMs }) => dueMs >= dueAt).map(({ tookMs }) => tookMs));
      const writes = summaryOf(writesSince(run, before));
      const lateMs = reader.readings.reduce((most, reading) => Math.max(most, shownLateMs(reading)), 0);
      const slow = [
        ...(reads.p99 <= P99_MS_MAX ? [] : [`reads: p99 ${text(reads.p99)}, required ${P99_MS_MAX} ms`]),
        ...(writes.p99 <= P99_MS_MAX ? [] : [`writes: p99 ${text(writes.p99)}, required ${P99_MS_MAX} ms`]),
      ];
      return {
        note: `hidden ${text(lateMs)} after their time, gone after ${(goneMs / 1000).toFixed(1)} s; reads ${line(reads)}; writes ${line(writes)}`,
        broken: lateMs <= LATE_MS_MAX ? [] : [`a key was shown ${text(lateMs)} after its time`],
        slow,
      };
    } finally {
      reader.stop();
    }
  });
}

/** How long after its time it was asked for, and still shown; 0: it was not. All clocks are of one machine. */
function shownLateMs({ answer, dueMs }: Reading): number {
  if (answer.status !== 200) return 0;
  const { expiresAt } = JSON.parse(answer.body) as { readonly expiresAt: string | null };
  return expiresAt === null ? 0 : Math.max(0, dueMs - Date.parse(expiresAt));
}

function writesSince(run: Run, first: number): number[] {
  const took: number[] = [];
  for (let write = first; write < run.ledger.invokedMs.length; write += 1) {
    const settled = run.ledger.settlements[write];
    if (settled != null) took.push(settled.atMs - (run.ledger.invokedMs[write] ?? 0));
  }
  return took;
}

const text = (ms: number): string => `${ms.toFixed(1)} ms`;
const line = ({ p50, p99, max }: ReturnType<typeof summaryOf>): string =>
  `p50 ${text(p50)}, p99 ${text(p99)}, longest ${text(max)}`;
