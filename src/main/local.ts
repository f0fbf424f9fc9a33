/** `./run.sh local`. Its `--help` is in run.sh, where it needs nothing installed. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LocalCluster } from './local/local-cluster.ts';
import type { Server, ServerChange } from './local/server.ts';

const RANGES = {
  replicas: { min: 1, max: 7, default: 3 },
  proxies: { min: 1, max: 5, default: 1 },
  port: { min: 1, max: 65_530, default: 8001 },
} as const;

await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  const options = parseOptions(argv);
  if (options === null) return;

  let phase = 'starting' as 'starting' | 'up' | 'stopping';
  const cluster = new LocalCluster({
    replicas: options.replicas,
    proxies: options.proxies,
    port: options.port,
    restart: options.restart,
    directory: resolve(import.meta.dirname, '../../.kvstore', `local-${options.port}`),
    onChange: (server, change) => {
      if (phase === 'up') console.log(lineOf(server, change));
    },
  });
  const stop = (signal: NodeJS.Signals) => {
    // Who asks twice does not want to wait for hand-overs.
    if (phase === 'stopping') return cluster.killAll();
    phase = 'stopping';
    console.log(`\n${signal}: stopping (again: at once)`);
    // A cluster that did not stop has processes left: they end with this one.
    cluster.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);

  console.log('starting …');
  try {
    await cluster.start();
  } catch (error) {
    if (phase !== 'stopping') fail(error);
    return;
  }
  phase = 'up';
  await printOverview(cluster);
}

function parseOptions(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        replicas: { type: 'string' },
        proxies: { type: 'string' },
        port: { type: 'string' },
        'no-restart': { type: 'boolean' },
      },
    });
    return {
      replicas: numberOf('replicas', values.replicas),
      proxies: numberOf('proxies', values.proxies),
      port: numberOf('port', values.port),
      restart: values['no-restart'] === true ? ('never' as const) : ('always' as const),
    };
  } catch (error) {
    console.error(`${(error as Error).message}\nSee ./run.sh local --help`);
    process.exitCode = 2;
    return null;
  }
}

function numberOf(name: keyof typeof RANGES, text: string | undefined): number {
  const range = RANGES[name];
  if (text === undefined) return range.default;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= range.min && value <= range.max) return value;
  throw new Error(`--${name}: ${JSON.stringify(text)} is not allowed; allowed: ${range.min} to ${range.max}`);
}

async function printOverview(cluster: LocalCluster): Promise<void> {
  const leader = await cluster.leader();
  const rows = [
    ...cluster.proxies.map(({ name, url, server }) => [name, url, server.pid, '']),
    ...cluster.pods.map((pod) => {
      const role = pod === leader ? 'leads' : '';
      return [pod.name, `http://127.0.0.1:${pod.httpPort}`, pod.server.pid, role];
    }),
    [cluster.api.name, cluster.kubernetesUrl, cluster.api.pid, 'embedded API, for development only'],
  ];
  const url = cluster.proxies[0]?.url ?? '';
  console.log('');
  for (const [name, address, pid, note] of rows) {
    console.log(
      `  ${String(name).padEnd(12)} ${String(address).padEnd(24)} pid ${String(pid).padEnd(8)} ${String(note)}`.trimEnd(),
    );
  }
  console.log(`
Try:
  curl -X PUT ${url}/v1/keys/greeting -H 'Content-Type: text/plain' -d hello
  curl ${url}/v1/keys/greeting
  curl ${url}/v1/cluster

Kill one with kill -9 and watch. Ctrl-C stops all of it.
`);
}

function lineOf(server: Server, change: ServerChange): string {
  const time = new Date().toTimeString().slice(0, 8);
  if (change.kind === 'started') return `${time} ${server.name}: started, pid ${change.pid}`;
  const { exitCode, signal } = change.end;
  const cause = signal ?? `exit code ${String(exitCode)}`;
  const next =
    { null: 'left dead', 0: 'restarting' }[String(change.restartsInMs)] ??
    `restarting in ${String(change.restartsInMs)} ms`;
  return `${time} ${server.name}: ended (${cause}), ${next}`;
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
