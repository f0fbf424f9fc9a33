import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import type { BatchOperation } from '../../client/index.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import { Importer, type Batch, type Done, type Fault, type Place } from '../importer.ts';
import type { Invocation } from '../invocation.ts';
import { linesOf } from '../lines.ts';
import { Progress } from '../progress.ts';
import { FORMATS, recordOf, type Asked, type Format, type RecordOptions } from '../records.ts';
import { ResumeFile } from '../resume-file.ts';
import { countText, durationText } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { fileOrInput } from '../value-input.ts';
import { addVerb, doing } from '../verb.ts';
import { keysText } from './del.ts';

interface ImportFlags {
  readonly format: Format;
  readonly prefix: string;
  readonly ifAbsent?: true;
  readonly resumeFile?: string;
  readonly parallel: number;
  readonly errorsMax: number;
}

const BATCH_OPERATIONS_MAX = 500;
/** Of lines; in JSON they may be six times as long, and a request may have 4 MiB. */
const BATCH_LENGTH_MAX = 512 * 1024;
const FAULTS_SHOWN = 10;
/** How long a batch is repeated while the store is away. */
const PATIENCE_MS = 60_000;

export function addImport(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'import [file]',
    summary: 'write keys and values from a file',
    description: `Writes what a file holds, or standard input: lines of JSON as kv export writes them, {"key":"k","value":"v"} with keyB64, valueB64, contentType,
ttl or expiresAt, idle if wanted. With --format uuid-lines each line is a UUID, a space and a value.

With --resume-file an import that was interrupted goes on where it was. What is written twice is the same as once.`,
    examples: [
      'kv import backup.jsonl --resume-file import.place',
      'gunzip -c app.jsonl.gz | kv import --prefix copy/',
      'kv import pairs.data --format uuid-lines',
    ],
  })
    .addOption(new Option('--format <format>', 'what a line is').choices(FORMATS).default('jsonl'))
    .option('--prefix <prefix>', 'put this before each key', '')
    .option('--if-absent', 'leave keys that have a value as they are: of several lines about one the first counts')
    .option('--resume-file <file>', 'keep the place there, and go on from it')
    .addOption(
      new Option('--parallel <count>', 'requests at a time').argParser(wholeNumber({ min: 1, max: 64 })).default(4),
    )
    .addOption(
      new Option('--errors-max <count>', 'go on until more lines than that cannot be written')
        .argParser(wholeNumber({ min: 0, max: 1e9 }))
        .default(0),
    )
    .action(
      doing(terminal, async (call, file: string | undefined, flags: ImportFlags) => {
        const path = file === undefined || file === '-' ? null : resolve(file);
        const { format, prefix, resumeFile } = flags;
        const work = { import: path, format, prefix };
        const resume = resumeFile === undefined ? null : new ResumeFile<Place>(resumeFile, work, { everyMs: 500 });
        await importAll(call, { path, resume, flags });
      }),
    );
}

interface Import {
  readonly path: string | null;
  readonly resume: ResumeFile<Place> | null;
  readonly flags: ImportFlags;
}

async function importAll(call: Invocation, work: Import): Promise<void> {
  const { terminal } = call;
  const { path, resume, flags } = work;
  const beganAtMs = performance.now();
  const progress = new Progress(terminal, 'import');
  const from = resume?.read() ?? { line: 0, bytes: 0 };
  const totalBytes = path === null ? null : sizeOf(path);
  if (path !== null && totalBytes !== null && totalBytes < from.bytes) {
    throw new CommandFailure(
      EXIT.error,
      `${path} is shorter than it was when the import was interrupted: delete ${resume?.path ?? ''} to begin anew.`,
    );
  }
  const sum = { imported: 0, skipped: 0, expired: 0, failed: 0 };
  let done = from;
  const fail = ({ line, reason }: Fault): void => {
    sum.failed += 1;
    if (sum.failed <= FAULTS_SHOWN) {
      progress.end();
      terminal.note(`kv: line ${line}: ${reason}`);
    }
    if (sum.failed <= flags.errorsMax) return;
    const further = flags.errorsMax === 0 ? ' --errors-max goes on beyond some.' : '';
    throw new CommandFailure(EXIT.error, `Stopped at line ${line}, after ${keysText(sum.imported)}.${further}`);
  };
  const take = ({ written, skipped, faults, place }: Done): void => {
    sum.imported += written;
    sum.skipped += skipped;
    for (const fault of faults) fail(fault);
    done = place;
    resume?.note(place);
    progress.update(sum.imported, totalBytes === null ? null : place.bytes / Math.max(1, totalBytes));
  };
  const { client } = call;
  const options = { parallel: flags.parallel, patienceMs: PATIENCE_MS, signal: terminal.signal };
  const importer = new Importer(client, options);
  try {
    const onLeft = (kind: 'expired' | 'skipped'): void => void (sum[kind] += 1);
    for await (const batch of batchesOf(terminal, work, { from, fail, onLeft })) {
      for await (const one of importer.add(batch)) take(one);
      terminal.signal.throwIfAborted();
    }
    for await (const one of importer.rest()) take(one);
    resume?.remove();
  } finally {
    progress.end();
    resume?.save();
    if (terminal.signal.aborted) {
      const on = resume === null ? '' : '; the same command goes on from there';
      terminal.note(`kv: interrupted after line ${done.line}${on}.`);
    }
  }
  await report(call, sum, performance.now() - beganAtMs);
}

interface Sum {
  readonly imported: number;
  readonly skipped: number;
  readonly expired: number;
  readonly failed: number;
}

async function report({ output }: Invocation, sum: Sum, tookMs: number): Promise<void> {
  const { imported, skipped, expired, failed } = sum;
  const rate = countText(Math.round(imported / Math.max(0.001, tookMs / 1000)));
  const others = [
    skipped === 0 ? '' : `; ${countText(skipped)} had a value`,
    expired === 0 ? '' : `; ${countText(expired)} were over`,
    failed === 0 ? '' : `; ${countText(failed)} lines failed`,
  ].join('');
  await output.one({
    json: () => ({ ...sum, tookMs: Math.round(tookMs) }),
    text: () => `imported ${keysText(imported)} in ${durationText(tookMs)}, ${rate}/s${others}`,
    raw: () => '',
  });
  if (failed > 0) throw new CommandFailure(EXIT.error, `${countText(failed)} lines were not written.`);
}

function sizeOf(path: string): number | null {
  // What is wrong with it is said when it is read.
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

interface Reading {
  readonly from: Place;
  readonly fail: (fault: Fault) => void;
  readonly onLeft: (kind: 'expired' | 'skipped') => void;
}

async function* batchesOf(
  terminal: Terminal,
  { path, flags }: Import,
  { from, fail, onLeft }: Reading,
): AsyncGenerator<Batch> {
  const { format, prefix, ifAbsent } = flags;
  const begin = path === null ? { number: 0, end: 0 } : { number: from.line, end: from.bytes };
  let batch = emptyBatch();
  for await (const { number, text, end } of linesOf(fileOrInput(path ?? undefined, terminal, begin.end), begin)) {
    // Standard input begins anew.
    if (end <= from.bytes) continue;
    const asked = askedOf(text, { format, prefix, onlyAbsent: ifAbsent === true, nowMs: Date.now() });
    switch (asked.kind) {
      case 'bad':
        fail({ line: number, reason: asked.reason });
        break;
      case 'expired':
      case 'skipped':
        onLeft(asked.kind);
        break;
      case 'write': {
        const { operations, lines, ids } = batch;
        operations.push(asked.operation);
        lines.push(number);
        ids.push(asked.id);
        batch.length += text?.length ?? 0;
      }
    }
    batch.place = { line: number, bytes: end };
    if (batch.operations.length >= BATCH_OPERATIONS_MAX || batch.length >= BATCH_LENGTH_MAX) {
      yield batch;
      batch = emptyBatch();
    }
  }
  if (batch.operations.length > 0) yield batch;
}

const askedOf = (text: string | null, options: RecordOptions): Asked =>
  text === null ? { kind: 'bad', reason: 'it is not UTF-8' } : recordOf(text, options);

const emptyBatch = () => ({
  operations: [] as BatchOperation[],
  lines: [] as number[],
  ids: [] as string[],
  place: { line: 0, bytes: 0 } as Place,
  length: 0,
});
