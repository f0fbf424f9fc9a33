/** `npm run measure -- ROW`: what must be seen of a running installation, measured with real processes under load. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure, median, type Measurement } from './measure.ts';
import { rows, type Row } from './rows.ts';

const DEFAULT_RATE_PER_S = 5000;
const DEFAULT_OUTAGE_S = 60;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      rate: { type: 'string' },
      outage: { type: 'string' },
      logs: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const unknown = positionals.filter((name) => rows[name] === undefined);
  if (values.help === true || positionals.length === 0 || unknown.length > 0) {
    if (unknown.length > 0) console.error(`unknown row: ${unknown.join(', ')}\n`);
    console.log(usage());
    return values.help === true ? 0 : 2;
  }

  const measurements: Record<string, Measurement> = {};
  for (const name of positionals) {
    const row = rows[name] as Row;
    console.log(`${name}: ${row.what}`);
    const installation = {
      ...row.installation,
      ...(values.logs === undefined ? {} : { logsTo: join(values.logs, name) }),
    };
    measurements[name] = await measure(
      { ...row, installation },
      {
        rounds: Number(values.rounds ?? row.rounds),
        ratePerS: Number(values.rate ?? DEFAULT_RATE_PER_S),
        outageMs: 1000 * Number(values.outage ?? DEFAULT_OUTAGE_S),
        say: (line) => console.log(`  ${line}`),
      },
    );
  }
  print(measurements);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(measurements, null, 2)}\n`);
  return Object.values(measurements).every(({ broken, slow }) => broken.length + slow.length === 0) ? 0 : 1;
}

function usage(): string {
  const names = Object.entries(rows).map(
    ([name, { what, rounds }]) => `  ${name.padEnd(24)} ${what} (${rounds} rounds)`,
  );
  return `npm run measure -- ROW... [OPTIONS]

Rows:
${names.join('\n')}

  --rounds N    instead of the row's own number
  --rate R      writes per second (default ${DEFAULT_RATE_PER_S}), arriving evenly whatever becomes of those before
  --outage S    seconds for which the Kubernetes API is away, where a row takes it away (default ${DEFAULT_OUTAGE_S})
  --logs DIR    keep the logs of all processes (KV_LOG_LEVEL=debug makes them say more)
  --json FILE   the figures, for programs

Exit code 1: something that a row requires was not seen.`;
}

function print(measurements: Readonly<Record<string, Measurement>>): void {
  const table = [
    ['row', 'rounds', 'writes/s', 'median', 'worst pause', 'failed', 'acknowledged', 'unknown', 'lost', 'doubled'],
    ...Object.entries(measurements).map(([name, m]) => {
      const pauses = m.pausesMs.length === 0 ? ['-', '-'] : [median(m.pausesMs), Math.max(...m.pausesMs)].map(msOf);
      return [name, m.rounds, m.ratePerS, ...pauses, m.failed, m.acknowledged, m.unknown, m.lost, m.doubled].map(
        String,
      );
    }),
  ];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  console.log('');
  for (const line of table) console.log(line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '));
  for (const [name, { failures, broken, slow }] of Object.entries(measurements)) {
    for (const [code, count] of Object.entries(failures)) console.log(`${name}: ${count} requests failed: ${code}`);
    for (const text of [...broken, ...slow]) console.log(`${name}: NOT HELD: ${text}`);
  }
}

function msOf(ms: number): string {
  return `${ms.toFixed(0)} ms`;
}
