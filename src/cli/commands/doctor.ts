import type { Command } from 'commander';
import { isKvError } from '../../client/index.ts';
import { READ } from '../../client/exchange.ts';
import { findingsOf, type Finding, type Observation } from '../diagnosis.ts';
import { EXIT, QuietEnd } from '../exit-code.ts';
import { exitCodeOf } from '../failures.ts';
import type { Invocation } from '../invocation.ts';
import { hasColours, type Terminal } from '../terminal.ts';
import { visibleLine } from '../text.ts';
import { addVerb, doing } from '../verb.ts';

interface DoctorFlags {
  readonly readOnly?: true;
}

export function addDoctor(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'doctor',
    summary: 'what is wrong with a cluster, and what to do',
    description: `Looks whether the store can be reached, who leads, whether the data has enough copies, whether replicas are missing or late, and whether a write
and its read succeed, under a key of its own, kv-doctor/…, that goes by itself. Says of each what to do. Ends with 0 if nothing fails, warnings
aside; else with 1, or 6 if the store cannot be reached.`,
    examples: ['kv doctor', 'kv doctor --read-only -o json'],
  })
    .option('--read-only', 'write nothing')
    .action(
      doing(terminal, async (call, { readOnly }: DoctorFlags) => {
        const findings = await examined(call, { isReadOnly: readOnly === true });
        await call.output.many(findings, (finding) => ({
          json: () => finding,
          text: () => textOf(finding, hasColours(terminal)),
          raw: () => textOf(finding, false),
        }));
        const unreached = findings.find((finding) => finding.exitCode !== undefined);
        if (unreached?.exitCode !== undefined) throw new QuietEnd(unreached.exitCode);
        if (findings.some(({ level }) => level === 'failure')) throw new QuietEnd(EXIT.error);
      }),
    );
}

type Examined = Finding & { readonly exitCode?: number };

async function examined(
  call: Invocation,
  { isReadOnly }: { readonly isReadOnly: boolean },
): Promise<readonly Examined[]> {
  const { urls, context } = call.settings;
  const where = `${urls.join(', ')}${context === null ? '' : `, of the context ${context}`}`;
  const reached = { level: 'ok', what: `${where} answers.`, todo: null } as const;
  try {
    return [reached, ...findingsOf(await observationOf(call, isReadOnly))];
  } catch (error) {
    if (!isKvError(error) || error.code === 'aborted') throw error;
    const todo =
      'Look whether this is the address (--url, KV_URL, kv context ls), whether the store runs (kubectl get pods, ./run.sh status), and whether something stands between, such as a firewall or a port-forward that has ended.';
    return [{ level: 'failure', what: `${where} cannot be asked: ${error.detail}`, todo, exitCode: exitCodeOf(error) }];
  }
}

async function observationOf(call: Invocation, isReadOnly: boolean): Promise<Observation> {
  const [cluster, clockOffMs] = await Promise.all([call.client.cluster(), clockOff(call)]);
  return { cluster, clockOffMs, roundTrip: isReadOnly ? null : await roundTripOf(call) };
}

/** A header of HTTP, in whole seconds: rough, and enough. */
async function clockOff({ transport }: Invocation): Promise<number | null> {
  const answer = await transport.call({ method: 'GET', target: '/v1', effect: READ });
  const date = answer?.headers.get('date');
  return date == null ? null : Date.parse(date) + 500 - Date.now();
}

async function roundTripOf({ client }: Invocation): Promise<Observation['roundTrip']> {
  const key = `kv-doctor/${crypto.randomUUID()}`;
  const beganAtMs = performance.now();
  try {
    await client.put(key, 'well', { ttl: '60s' });
    await client.get(key);
    return { kind: 'done', ms: performance.now() - beganAtMs };
  } catch (error) {
    if (!isKvError(error) || error.code === 'aborted') throw error;
    return { kind: 'failed', error };
  }
}

const MARKS = { ok: 'ok      ', warning: 'warning ', failure: 'failure ' } as const;
const COLOURS = { ok: 32, warning: 33, failure: 31 } as const;

function textOf({ level, what, todo }: Finding, isColoured: boolean): string {
  const mark = isColoured ? `\u001b[${COLOURS[level]}m${MARKS[level]}\u001b[0m` : MARKS[level];
  return `${mark} ${visibleLine(what)}${todo === null ? '' : `\n          ${todo}`}`;
}
