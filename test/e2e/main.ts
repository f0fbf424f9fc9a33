/** `npm run e2e`: what must be seen of the store in a real cluster. docs/e2e.md */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Installation } from './cluster/installation.ts';
import { KubeApi } from './cluster/kube-api.ts';
import { Kubectl } from './cluster/kubectl.ts';
import { Lab, LAB_CONTEXT } from './powers/lab.ts';
import type { Powers } from './powers/powers.ts';
import { tableOf, type RowResult } from './report.ts';
import { rows } from './rows.ts';
import { play } from './run.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const NAMESPACE = 'kvstore-e2e';
const NODES = 3;
const SHORT_OUTAGE_S = 10;
const LONG_OUTAGE_S = 60;
const IMAGES = [
  { tag: 'kvstore:dev', dockerfile: 'Dockerfile.kvstore' },
  { tag: 'kvstore-proxy:dev', dockerfile: 'Dockerfile.proxy' },
] as const;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      full: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      outage: { type: 'string' },
      tolerance: { type: 'string', default: '1' },
      context: { type: 'string' },
      overlay: { type: 'string', default: 'k8s/overlays/lab' },
      running: { type: 'boolean', default: false },
      logs: { type: 'string' },
      json: { type: 'string' },
      lines: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
  if (values.help || unknown.length > 0) {
    if (unknown.length > 0) console.error(`unknown row: ${unknown.join(', ')}\n`);
    console.log(usage());
    return values.help ? 0 : 2;
  }
  const asked = positionals.length === 0 ? rows : rows.filter(({ name }) => positionals.includes(name));
  const say = (line: string): void => console.error(line);
  const outageMs = 1000 * Number(values.outage ?? (values.full ? LONG_OUTAGE_S : SHORT_OUTAGE_S));

  const lab = values.context === undefined || values.context === LAB_CONTEXT ? Lab.find(NAMESPACE) : null;
  if (lab !== null && 'skip' in lab) {
    console.error(`${lab.skip}; --context names another cluster`);
    return 2;
  }
  const powers: Powers | { readonly skip: string } = lab ?? {
    skip: `nobody has power over the machines of ${String(values.context)}`,
  };

  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // The row that is being played ends first: what was made is to be removed. Who asks twice does not want to wait.
    process.on(signal, () => (stop.signal.aborted ? process.exit(1) : stop.abort()));
  }
  const results: RowResult[] = [];
  try {
    if (lab !== null && !values.running) await startAnew(lab, say);
    await lab?.attach();
    const env = lab?.environment ?? process.env;
    const context = values.context ?? LAB_CONTEXT;
    const kubectl = new Kubectl({ context, namespace: NAMESPACE, env });
    const api = await KubeApi.open({ kubeconfig: env['KUBECONFIG'] ?? null, context });
    const installation = new Installation({
      api,
      kubectl,
      namespace: NAMESPACE,
      overlay: join(ROOT, values.overlay),
    });
    const stage = { api, kubectl, namespace: NAMESPACE, installation, outageMs, say };
    // Whatever a run that was interrupted has left.
    await kubectl.run(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
    await kubectl.run(['apply', '-f', '-'], JSON.stringify(namespaceObject()));
    if (asked[0]?.name !== 'apply') await installation.install();
    for (const row of asked) {
      if (stop.signal.aborted) break;
      const rounds = Number(values.rounds ?? (values.full ? row.rounds : 1));
      const pauseTolerance = Number(values.tolerance);
      const result = await play(row, { stage, powers, rounds, pauseTolerance, logsTo: values.logs ?? null });
      results.push(result);
      if (values.lines) console.log(JSON.stringify(result));
      // What one row has broken must not be found by the next.
      if (result.kind === 'played' && result.shortcomings.length > 0 && row !== asked.at(-1)) {
        if (lab !== null) await mend(lab);
        await installation.remove();
        await installation.install();
      }
    }
    await installation.remove();
    await kubectl.run(['delete', 'namespace', NAMESPACE]);
    await api.close();
  } finally {
    if (lab !== null && !values.running) await lab.down();
  }

  if (!values.lines) console.log(tableOf(rows, results));
  const figures = { load: loadavg(), outageMs, results };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  const isComplete = results.length === asked.length;
  return isComplete && results.every((result) => result.kind === 'skipped' || result.shortcomings.length === 0) ? 0 : 1;
}

async function startAnew(lab: Lab, say: (line: string) => void): Promise<void> {
  say('taking down whatever lab was left running');
  await lab.down();
  await lab.up(NODES);
  for (const { tag, dockerfile } of IMAGES) {
    say(`building ${tag}`);
    await lab.buildImage({ tag, dockerfile, context: ROOT });
  }
}

/** Whatever a round that went wrong has left behind. */
async function mend(lab: Lab): Promise<void> {
  await lab.resumeApi().catch(() => undefined);
  await lab.up(NODES);
  await lab.heal();
}

/** What runs in it is held to the strictest of Kubernetes' standards. */
function namespaceObject(): object {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } };
}

function usage(): string {
  const names = rows.map(({ name, what, rounds, needs }) => {
    return `  ${name.padEnd(29)} ${what} (${rounds} rounds${needs === 'powers' ? '; needs the lab' : ''})`;
  });
  return `npm run e2e -- [ROW...] [OPTIONS]

Rows, all of them if none is named:
${names.join('\n')}

  --full           as many rounds as a row has, and outages of ${LONG_OUTAGE_S} s; else one, and ${SHORT_OUTAGE_S} s
  --rounds N       another number
  --outage S       another length
  --tolerance N    pauses may be N times as long as required, on a machine that has much else to do
  --context NAME   a cluster that runs; what needs power over its machines is skipped (default: the lab)
  --overlay DIR    what is applied (default k8s/overlays/lab)
  --running        use the lab as it runs, images included, and leave it so; else it is made anew, and taken down
  --logs DIR       keep the logs of all pods, and the objects as a round that went wrong has left them
  --json FILE      the figures, for programs
  --lines          one line of JSON for each row, as it ends, instead of the table

All of it happens in the namespace ${NAMESPACE}, which is deleted in the end.

Exit code 1: something that a row requires was not seen. 2: there is no cluster to look at.`;
}
