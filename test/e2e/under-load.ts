import { RESTLESS, type Habits } from '../chaos/load/client.ts';
import { keysUntil } from '../chaos/load/keys.ts';
import type { ReadMode, RecordedOperation } from '../chaos/load/requests.ts';
import { divergences, unanswered, wordsNobodyShouldHear } from '../chaos/verdict.ts';
import { checkHistory } from '../history/check-history.ts';
import { describeVerdict } from '../history/report.ts';
import { eventually } from './eventually.ts';
import { figuresOf, type Figures } from './figures.ts';
import { LoadPod } from './load/load-pod.ts';
import { HISTORY_FOLDER } from './load/place.ts';
import type { Stage } from './stage.ts';

/** What a round of a row has shown. */
export interface Round {
  readonly figures: Figures;
  /** The longest that the load's own process was away. */
  readonly stallMs: number;
  /** When the longest pause of writes began, as logs tell the time. */
  readonly writePauseAt: string;
  /** What no requirement on figures covers, for the report. */
  readonly note: string;
  /** What must be seen and was not, beyond pauses and failed requests. */
  readonly broken: readonly string[];
}

export type Findings = Partial<Pick<Round, 'note' | 'broken'>>;

export interface LoadOptions {
  /** Nodes that the round takes down. @default [] */
  readonly notOn?: readonly string[];
  /** Codes of errors that the round brings about. @default [] */
  readonly expectedCodes?: readonly string[];
  /** Between an answer and the next request, on the average. @default 25 */
  readonly thinkMs?: number;
}

/** A client gives up after three seconds, longer than any pause that is allowed, and repeats nothing: it sees every failure. */
const PATIENT: Omit<Habits, 'operations' | 'modes'> = { thinkMs: 25, patienceMs: [3000], repeats: 'never' };

/** Does everything. */
const WRITING: Habits = {
  ...PATIENT,
  operations: [
    { share: 0.4, op: 'get' },
    { share: 0.4, op: 'put' },
    { share: 0.1, op: 'cas' },
    { share: 0.04, op: 'create' },
    { share: 0.06, op: 'delete' },
  ],
  modes: RESTLESS.modes,
};

/** Always in the same way: it waits for nothing but that. */
const readingBy = (mode: ReadMode): Habits => ({
  ...PATIENT,
  operations: [{ share: 1, op: 'get' }],
  modes: [{ share: 1, mode }],
});

/**
 * Thirty-two connections; seven of ten requests read. Half of the clients only read, a few in each mode: all others are
 * soon held where writes are held, and would not show whether reads go on.
 */
const CLIENTS: readonly Habits[] = [
  ...Array.from({ length: 16 }, () => WRITING),
  ...(['linearizable', 'in-sync', 'session', 'eventual'] as const).flatMap((mode) =>
    Array.from({ length: 4 }, () => readingBy(mode)),
  ),
];
/** So many more writes than before: the load runs, or runs again. */
const STEADY_WRITES = 200;
/** Numbers of clients that only look, once all is over. */
const AUDITORS = 1000;
const AUDITS_MAX = 3;
const LOAD_FILE = 'load.jsonl';
const STALENESS_MS = 1000;

let loads = 0;

/**
 * Load through the proxy's Service, and in the midst of it the fault. It ends once the fault's consequences are over and
 * the installation is whole again; then every replica is asked for every key, and the history is judged.
 */
export async function underLoad(
  stage: Stage,
  options: LoadOptions,
  fault: (load: LoadPod) => Promise<Findings>,
): Promise<Round> {
  const { installation, api, kubectl, namespace } = stage;
  const { notOn = [], expectedCodes = [], thinkMs = PATIENT.thinkMs } = options;
  const image = (await installation.pods('kvstore'))[0]?.image ?? '';
  const load = await LoadPod.start({ api, kubectl, namespace, name: 'load', image, notOn });
  try {
    loads += 1;
    const prefix = `e2e-${Date.now().toString(36)}`;
    const target = { name: 'kvstore-proxy', ...(await installation.serviceAddress('kvstore-proxy')) };
    const before = await installation.untilWhole();
    const { nowUs: startUs } = await load.progress();
    const clients = CLIENTS.map((habits, id) => ({ id, targets: [target], habits: { ...habits, thinkMs } }));
    const historyFile = `${HISTORY_FOLDER}/${LOAD_FILE}`;
    const beganMs = Date.now();
    await load.order({ kind: 'begin', seed: loads, prefix, startUs, historyFile, clients }, 'done');
    await untilSteady(load);
    const found = await fault(load);
    await installation.untilWhole();
    await untilSteady(load);
    const { stallMsMax } = await load.progress();
    await load.order({ kind: 'end' }, 'counts');
    const { nowUs: endUs } = await load.progress();

    await installation.untilQuiet();
    const ended = await load.history(LOAD_FILE);
    const audit = await auditOf(stage, load, keysUntil(prefix, startUs, endUs));
    const after = await installation.untilWhole();
    const broken = [...(found.broken ?? []), ...audit.broken, ...wordsNobodyShouldHear(ended)];
    if (after.lineage?.id !== before.lineage?.id) broken.push(`lineage ${JSON.stringify(after.lineage)} has begun`);
    const verdict = checkHistory([...ended, ...audit.reads], {
      lineages: 'one',
      readStalenessMs: STALENESS_MS,
      settledAtUs: endUs,
    });
    if (verdict.kind !== 'ok') broken.push(describeVerdict(verdict));
    const figures = figuresOf(ended, { expectedCodes });
    return {
      figures,
      stallMs: stallMsMax,
      writePauseAt: new Date(beganMs + figures.writePauseAtMs).toISOString(),
      note: found.note ?? '',
      broken: [...broken, ...(await crashes(stage))],
    };
  } finally {
    await load.end();
  }
}

/** Waits for so many acknowledged writes more. */
export async function untilSteady(load: LoadPod, writes = STEADY_WRITES): Promise<void> {
  const goal = (await load.progress()).writes + writes;
  await eventually('writes are acknowledged', async () => (await load.progress()).writes >= goal, { everyMs: 100 });
}

interface Audit {
  readonly reads: readonly RecordedOperation[];
  readonly broken: readonly string[];
}

/** Every key by the Service, linearizable, and what each replica itself holds. One that a client gave up may land between. */
async function auditOf({ installation }: Stage, load: LoadPod, keys: readonly string[]): Promise<Audit> {
  const service = { name: 'kvstore-proxy', ...(await installation.serviceAddress('kvstore-proxy')) };
  const pods = (await installation.pods('kvstore')).map(({ name, ip }) => ({ name, host: ip, port: 8000 }));
  const all: RecordedOperation[] = [];
  for (let audits = 1; ; audits += 1) {
    const reads: RecordedOperation[] = [];
    const asked = [
      { mode: 'linearizable', targets: [service], client: AUDITORS },
      { mode: 'eventual', targets: pods, client: AUDITORS + 1 },
    ] as const;
    for (const { mode, targets, client } of asked) {
      const name = `audit-${audits}-${mode}.jsonl`;
      const historyFile = `${HISTORY_FOLDER}/${name}`;
      await load.order({ kind: 'audit', client, historyFile, keys, targets, mode }, 'counts');
      reads.push(...(await load.history(name)));
    }
    all.push(...reads);
    const broken = [...unanswered(reads), ...divergences(reads)];
    if (broken.length === 0 || audits === AUDITS_MAX) return { reads: all, broken };
  }
}

/** A container that ended by itself: a broken invariant, an error, or for want of memory. */
async function crashes({ installation }: Stage): Promise<readonly string[]> {
  const pods = [...(await installation.pods('kvstore')), ...(await installation.pods('kvstore-proxy'))];
  return pods.flatMap(({ name, lastExit }) => {
    if (lastExit === null || lastExit.reason === 'Completed' || lastExit.reason === 'Unknown') return [];
    return [`${name} ended by itself: ${lastExit.reason}, exit code ${lastExit.code}`];
  });
}
