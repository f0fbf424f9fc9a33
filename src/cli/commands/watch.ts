import { Option, type Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { isKvError, type KeyWatchOptions, type KvWatchEvent, type WatchOptions } from '../../client/index.ts';
import { Child } from '../child.ts';
import { base64Of, entryJson, keyJson, valueText } from '../entry-forms.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import type { Forms } from '../output.ts';
import { ResumeFile } from '../resume-file.ts';
import { utf8Of, visibleLine } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { contradiction } from './put.ts';

interface WatchFlags {
  readonly prefix?: string;
  readonly snapshot?: true;
  readonly from?: string;
  readonly resumeFile?: string;
  readonly exec?: string;
  readonly keepGoing?: true;
  readonly count?: number;
}

/** Of a resume file, where no command is run: a few may be told twice after a crash. */
const SAVE_EVERY_MS = 200;

export function addWatch(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'watch [key]',
    summary: 'tell each change, until Ctrl-C',
    description: `Tells each change of a key, or of all keys under a prefix, in order and once; goes on by itself when a connection or a pod ends.

With --exec a command of the shell is run for each change, one after the other: KV_EVENT (put, delete, expire or evict), KV_KEY, KV_KEY_B64, KV_REVISION,
KV_VERSION and KV_EVENT_ID are in its environment, and the value on its standard input. KV_KEY is empty where a key cannot stand in one: it has a NUL, or is
no text. If it fails the watch ends with 1, and with --resume-file that change
comes again.`,
    examples: [
      'kv watch app/theme',
      'kv watch --prefix app/ --snapshot -o jsonl',
      `kv watch config --exec 'cat > /etc/app.conf && systemctl reload app' --resume-file app.place`,
    ],
  })
    .option('--prefix <prefix>', 'all keys that begin so; empty: all keys')
    .option('--snapshot', 'first tell what is there now')
    .option('--from <id>', 'go on behind the event with this id')
    .option('--resume-file <file>', 'keep the place there, and go on from it')
    .option('--exec <command>', 'run this for each change')
    .option('--keep-going', 'a command that fails does not end the watch')
    .addOption(
      new Option('-n, --count <count>', 'end after so many changes').argParser(wholeNumber({ min: 1, max: 1e12 })),
    )
    .action(
      doing(terminal, async (call, key: string | undefined, flags: WatchFlags) => {
        const { prefix, from, resumeFile } = flags;
        if ((key === undefined) === (prefix === undefined)) {
          throw new CommandFailure(EXIT.usage, 'Name a key, or a --prefix.');
        }
        if (from !== undefined && resumeFile !== undefined) throw contradiction('--from', '--resume-file');
        const range = key === undefined ? { prefix: prefix ?? '' } : { key };
        const everyMs = flags.exec === undefined ? SAVE_EVERY_MS : 0;
        const resume =
          resumeFile === undefined
            ? null
            : new ResumeFile<{ readonly id: string }>(resumeFile, { watch: range }, { everyMs });
        await watching(call, { range, resume, flags });
      }),
    );
}

interface Watching {
  readonly range: { readonly key: string } | { readonly prefix: string };
  readonly resume: ResumeFile<{ readonly id: string }> | null;
  readonly flags: WatchFlags;
}

async function watching(call: Invocation, { range, resume, flags }: Watching): Promise<void> {
  const from = resume?.read()?.id ?? flags.from;
  const options: WatchOptions | KeyWatchOptions = {
    ...range,
    ...(from === undefined ? {} : { from }),
    ...(flags.snapshot ? { snapshot: true } : {}),
  };
  const told = async function* () {
    let left = flags.count ?? Infinity;
    for await (const event of call.client.watch(options)) {
      if (flags.exec === undefined) yield event;
      else if (isChange(event)) await runFor(event, { command: flags.exec, call, flags });
      resume?.note({ id: event.id });
      if (isChange(event)) left -= 1;
      if (left === 0) return;
    }
  };
  try {
    await call.output.many(told(), formsOf);
  } catch (error) {
    throw isKvError(error) ? withAdvice(error, resume?.path ?? null) : error;
  } finally {
    resume?.save();
  }
}

type Change = Exclude<KvWatchEvent, { readonly kind: 'synced' | 'progress' }>;

export const isChange = (event: KvWatchEvent): event is Change => event.kind !== 'synced' && event.kind !== 'progress';

async function runFor(
  event: Change,
  { command, call, flags }: { readonly command: string; readonly call: Invocation; readonly flags: WatchFlags },
): Promise<void> {
  const { key, keyBytes, revision, version } = event.kind === 'put' ? event.entry : event;
  const env = {
    ...call.terminal.env,
    KV_EVENT: event.kind,
    KV_EVENT_ID: event.id,
    KV_KEY: key.includes('\0') ? '' : (utf8Of(keyBytes) ?? ''),
    KV_KEY_B64: base64Of(keyBytes),
    KV_REVISION: String(revision),
    KV_VERSION: String(version),
  };
  const input = event.kind === 'put' ? event.entry.value : new Uint8Array();
  const { exitCode } = await new Child('/bin/sh', ['-c', command], { env, input, group: false }).ended;
  // Ctrl-C at a terminal has reached it, too.
  call.terminal.signal.throwIfAborted();
  if (exitCode === 0) return;
  const text = `The command for ${event.kind} of ${visibleLine(key)} at revision ${revision} has ended with ${exitCode}.`;
  if (!flags.keepGoing) throw new CommandFailure(EXIT.error, text);
  call.terminal.note(`kv: ${text}`);
}

function formsOf(event: KvWatchEvent): Forms {
  const { kind, id } = event;
  if (!isChange(event))
    return { json: () => ({ event: kind, id, revision: event.revision }), text: () => '', raw: () => '' };
  if (event.kind !== 'put') {
    const { key, revision, version } = event;
    return {
      json: () => ({ event: kind, id, ...keyJson(event), revision, version }),
      text: () => `${kind} ${visibleLine(key)}`,
      raw: () => `${kind}\t${key}`,
    };
  }
  const { entry } = event;
  return {
    json: () => ({ event: kind, id, ...entryJson(entry) }),
    text: () => `put ${visibleLine(entry.key)} ${visibleLine(valueText(entry.value))}`,
    raw: () => `put\t${entry.key}\t${Buffer.from(entry.value).toString()}`,
  };
}

/** What was missed is in the state. */
function withAdvice(error: unknown, resumePath: string | null): unknown {
  if (!isKvError(error, 'compacted') && !isKvError(error, 'replaced-lineage')) return error;
  const again = resumePath === null ? '' : `delete ${resumePath}, and `;
  return new CommandFailure(EXIT.error, `${error.detail} To begin anew ${again}add --snapshot.`);
}
