import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isKvError } from '../../client/index.ts';
import { base64Of } from '../entry-forms.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { PartFile } from '../part-file.ts';
import { Progress } from '../progress.ts';
import { goneLine, putLine } from '../records.ts';
import { ResumeFile } from '../resume-file.ts';
import { countText } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { keysText } from './del.ts';
import { isChange } from './watch.ts';

interface ExportFlags {
  readonly prefix: string;
  readonly resumeFile?: string;
}

/** Written at once. */
const CHUNK_LENGTH = 256 * 1024;

interface Place {
  /** Of the last event that is in the file. */
  readonly id: string;
  readonly bytes: number;
  readonly keys: number;
  readonly changes: number;
  /** Of the state; null: none yet. */
  readonly lastKeyB64: string | null;
}

export function addExport(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'export [file]',
    summary: 'write keys and values to a file',
    description: `Writes all keys, or those under a prefix, as lines of JSON: as they were at one revision, which is told at the end, whatever is written to
the store meanwhile. What changed while it ran has further lines at the end, and {"deleted":true} for what is gone: a later line replaces
an earlier one, and kv import takes them in order.

A file is there when it is whole; until then it is called FILE.part, which is kept with --resume-file: then an export that was interrupted goes on where it was.`,
    examples: [
      'kv export backup.jsonl',
      'kv export --prefix app/ | gzip > app.jsonl.gz',
      'kv export backup.jsonl --resume-file backup.place',
    ],
  })
    .option('--prefix <prefix>', 'only keys that begin so', '')
    .option('--resume-file <file>', 'keep the place there, and go on from it')
    .action(
      doing(terminal, async (call, file: string | undefined, flags: ExportFlags) => {
        const path = file === undefined || file === '-' ? null : resolve(file);
        if (path === null && flags.resumeFile !== undefined) {
          throw new CommandFailure(
            EXIT.usage,
            '--resume-file needs a FILE to go on with: what went into a pipe is gone.',
          );
        }
        const { prefix } = flags;
        const resume =
          flags.resumeFile === undefined
            ? null
            : new ResumeFile<Place>(flags.resumeFile, { export: path, prefix }, { everyMs: 0 });
        await exportAll(call, { prefix, resume, path });
      }),
    );
}

interface Export {
  readonly prefix: string;
  readonly resume: ResumeFile<Place> | null;
  readonly path: string | null;
}

async function exportAll(call: Invocation, { prefix, resume, path }: Export): Promise<void> {
  const { terminal, client } = call;
  const from = resume?.read() ?? null;
  const sink = path === null ? null : new PartFile(path, { bytes: from?.bytes ?? 0, resumePath: resume?.path ?? null });
  const write = async (text: string): Promise<void> => (sink === null ? await terminal.write(text) : sink.write(text));
  const total = prefix === '' ? await keysInAll(call) : null;
  const progress = new Progress(terminal, 'export');
  let keys = from?.keys ?? 0;
  let lastKey: Uint8Array | null = from?.lastKeyB64 == null ? null : Buffer.from(from.lastKeyB64, 'base64');
  let changes = from?.changes ?? 0;
  let pending = '';
  const put = async (id: string): Promise<void> => {
    await write(pending);
    pending = '';
    if (sink !== null)
      resume?.note({ id, bytes: sink.bytes, keys, changes, lastKeyB64: lastKey === null ? null : base64Of(lastKey) });
  };
  try {
    for await (const event of client.watch({ prefix, snapshot: true, ...(from === null ? {} : { from: from.id }) })) {
      if (!isChange(event)) {
        if (event.kind === 'progress') continue;
        await put(event.id);
        sink?.finish();
        resume?.remove();
        progress.end();
        report(call, { keys, changes, revision: event.revision });
        return;
      }
      pending += `${event.kind === 'put' ? putLine(event.entry) : goneLine(event)}\n`;
      // The state comes in the order of keys, each once; what breaks that order has changed since.
      const key = event.kind === 'put' ? event.entry.keyBytes : null;
      const isState: boolean = changes === 0 && key !== null && (lastKey === null || Buffer.compare(lastKey, key) < 0);
      if (isState) [keys, lastKey] = [keys + 1, key];
      else changes += 1;
      if (pending.length >= CHUNK_LENGTH) await put(event.id);
      progress.update(keys, total === null ? null : keys / Math.max(1, total));
    }
  } catch (error) {
    if (resume === null) sink?.discard();
    throw isKvError(error) ? withAdvice(error, resume) : error;
  } finally {
    progress.end();
    sink?.close();
    if (terminal.signal.aborted && resume !== null) {
      terminal.note(`kv: interrupted after ${keysText(keys)}; the same command goes on from there.`);
    }
  }
}

async function keysInAll({ client }: Invocation): Promise<number | null> {
  const { leader, replicas } = await client.cluster();
  return replicas.find(({ replica }) => replica === leader)?.keys ?? null;
}

interface Summary {
  readonly keys: number;
  readonly changes: number;
  readonly revision: number;
}

/** Standard output may be the file itself. */
function report({ terminal }: Invocation, { keys, changes, revision }: Summary): void {
  const later = changes === 0 ? '' : `, with ${countText(changes)} later lines for what changed meanwhile`;
  terminal.note(`kv: exported ${keysText(keys)} as of revision ${revision}${later}.`);
}

function withAdvice(error: Error, resume: ResumeFile<Place> | null): unknown {
  if (!isKvError(error, 'compacted') && !isKvError(error, 'replaced-lineage')) return error;
  const again = resume === null ? '' : ` To begin anew, delete ${resume.path}.`;
  return new CommandFailure(
    EXIT.error,
    `The store no longer keeps what has changed since this export began. Export less with --prefix, or have it keep more: KV_WATCH_HISTORY.${again}`,
  );
}
