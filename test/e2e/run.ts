import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogKeeper } from './cluster/log-keeper.ts';
import type { Powers } from './powers/powers.ts';
import type { RowResult } from './report.ts';
import { shortcomings, type Row } from './rows.ts';
import type { Stage } from './stage.ts';
import type { Round } from './under-load.ts';

export interface PlayOptions {
  readonly stage: Stage;
  /** null: nobody has them here; the reason says why. */
  readonly powers: Powers | { readonly skip: string };
  readonly rounds: number;
  /** See {@link shortcomings}. */
  readonly pauseTolerance: number;
  /** Where all logs go, and the objects as a round that went wrong has left them; null: nowhere. */
  readonly logsTo: string | null;
}

/** Plays a row, round after round. One that goes wrong ends it, and leaves a whole installation to the next row. */
export async function play(row: Row, options: PlayOptions): Promise<RowResult> {
  const { stage, powers, rounds, pauseTolerance, logsTo } = options;
  if (row.needs === 'powers' && 'skip' in powers) return { kind: 'skipped', row: row.name, reason: powers.skip };
  const played: Round[] = [];
  const short: string[] = [];
  const keeper = logsTo === null ? null : new LogKeeper({ ...stage, folder: join(logsTo, `${row.name}-logs`) });
  for (let number = 1; number <= rounds; number += 1) {
    const of = `round ${number} of ${rounds}`;
    try {
      const round = await playOnce(row, stage, powers);
      played.push(round);
      short.push(...shortcomings(row, round, { pauseTolerance }).map((text) => `${of}: ${text}`));
      stage.say(`${row.name}, ${of}: ${lineOf(round)}`);
    } catch (error) {
      short.push(`${of}: ${(error as Error).message}`);
      stage.say(`${row.name}, ${of}: ${(error as Error).stack ?? String(error)}`);
    }
    if (short.length > 0) {
      await keep(stage, logsTo, `${row.name}-${number}`);
      break;
    }
  }
  keeper?.stop();
  return { kind: 'played', row: row.name, rounds: played, shortcomings: short };
}

function playOnce(row: Row, stage: Stage, powers: Powers | { readonly skip: string }): Promise<Round> {
  if (row.needs === 'a cluster') return row.round(stage);
  if ('skip' in powers) throw new Error(powers.skip);
  return row.round({ ...stage, powers });
}

function lineOf({ figures, stallMs, writePauseAt, note, broken }: Round): string {
  const { writePauseMs, readPauseMs, failed, failures, operations } = figures;
  const parts = [
    `pause of writes ${writePauseMs.toFixed(0)} ms (at ${writePauseAt})`,
    `of reads ${readPauseMs.toFixed(0)} ms`,
    `own stall ${stallMs.toFixed(0)} ms`,
    `${failed} of ${operations} failed${failed > 0 ? ` ${JSON.stringify(failures)}` : ''}`,
    ...(note === '' ? [] : [note]),
    ...broken,
  ];
  return parts.join(', ');
}

/** What people look at first, once it has gone wrong. */
async function keep({ kubectl, say }: Stage, folder: string | null, name: string): Promise<void> {
  if (folder === null) return;
  try {
    const to = join(folder, name);
    mkdirSync(to, { recursive: true });
    for (const what of ['pods', 'events', 'deployments', 'leases']) {
      writeFileSync(join(to, `${what}.yaml`), await kubectl.run(['get', what, '--output=yaml']));
    }
    say(`  kept: ${to}`);
  } catch (error) {
    say(`  nothing could be kept: ${(error as Error).message}`);
  }
}
