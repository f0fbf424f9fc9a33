import type { Command } from 'commander';
import type { KvEntry, KvVersion } from '../../client/index.ts';
import { entryJson, keyInfoJson, valueText } from '../entry-forms.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import type { Forms } from '../output.ts';
import { aligned, bytesText, visibleLine } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { noSuchKey, placeOf, withPastOptions, type PastFlags } from './get.ts';
import { withFenceOption } from './put.ts';

export function addHistory(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'history <key>',
    summary: 'list the versions of a value',
    description: `Lists the versions of a value that the store keeps, the newest first: the last few of each key (KV_HISTORY_LIMIT), as long as the key is not deleted
and memory is not short. With --values also what they were, as many as fit into 1 MiB. Ends with 3 if there is no value.`,
    examples: ['kv history app/theme', 'kv history app/theme --values', 'kv history app/theme -o jsonl | jq .version'],
  })
    .option('--values', 'with values')
    .action(
      doing(terminal, async (call, key: string, { values = false }: { readonly values?: boolean }) => {
        const versions = await call.client.history(key, { values });
        if (versions.length === 0) throw noSuchKey(key);
        if (call.output.format === 'text') terminal.out(linesOf(versions, { values }).join('\n'));
        else await call.output.many(versions, (version) => formsOf(version, { values }));
      }),
    );
}

interface Shown {
  readonly values: boolean;
}

function linesOf(versions: readonly KvVersion[], { values }: Shown): readonly string[] {
  const head = ['VERSION', 'REVISION', 'WRITTEN', 'SIZE', 'TYPE', ...(values ? ['VALUE'] : [])];
  const rows = versions.map((version) => [
    String(version.version),
    String(version.revision),
    version.modifiedAt.toISOString(),
    bytesText(version.size),
    version.contentType ?? '-',
    ...(values ? [shownValue(version)] : []),
  ]);
  return aligned([head, ...rows], [0, 1, 3]);
}

const SHOWN_LENGTH_MAX = 1000;

function shownValue({ entry, size, version }: KvVersion): string {
  if (entry === null || size > SHOWN_LENGTH_MAX) return `kv get --version ${version} prints it`;
  return visibleLine(valueText(entry.value));
}

function formsOf(version: KvVersion, { values }: Shown): Forms {
  const { entry, size } = version;
  const modifiedAt = version.modifiedAt.toISOString();
  const cells = [version.version, version.revision, modifiedAt, size];
  const line = cells.join('\t');
  return {
    json: () => ({ ...(entry === null ? keyInfoJson(version) : entryJson(entry)), modifiedAt, size }),
    text: () => line,
    // One that did not fit in has no column: nothing is not an empty value.
    raw: () => (values && entry !== null ? `${line}\t${Buffer.from(entry.value).toString()}` : line),
  };
}

interface RevertFlags extends PastFlags {
  readonly dryRun?: true;
}

export function addRevert(parent: Command, terminal: Terminal): void {
  const verb = addVerb(parent, {
    usage: 'revert <key>',
    summary: 'write an older version again',
    description: `Writes what an older version was, with its content type, as a new one; how long it stays is not changed. Only over the value that was seen:
ends with 4 if it is changed meanwhile, and with 3 if there is no such version, or it is not kept any more.`,
    examples: ['kv revert app/theme --version 3', 'kv revert app/theme --revision 812 --dry-run'],
  });
  withFenceOption(withPastOptions(verb).option('--dry-run', 'only show what would be written')).action(
    doing(terminal, async (call, key: string, flags: RevertFlags) => {
      if (flags.version === undefined && flags.revision === undefined) {
        throw new CommandFailure(
          EXIT.usage,
          'Say with --version or --revision what to go back to; kv history lists it.',
        );
      }
      await revert(call, key, flags);
    }),
  );
}

async function revert(call: Invocation, key: string, flags: RevertFlags): Promise<void> {
  const { client, output } = call;
  const current = await client.get(key);
  if (current === null) throw noSuchKey(key);
  const older = await client.get(key, placeOf(flags));
  if (older === null) throw noSuchKey(key);
  const isDone = older.version === current.version;
  const written =
    flags.dryRun || isDone
      ? null
      : await client.put(key, older.value, {
          ifMatch: current.etag,
          ttl: 'keep',
          ...(older.contentType === null ? {} : { contentType: older.contentType }),
        });
  await output.one({
    json: () => ({ key, from: older.version, over: current.version, written }),
    text: () => {
      const value = `the value of version ${older.version}, ${sizeText(older)}`;
      if (isDone) return `Version ${older.version} is the one that stands: nothing to do.`;
      if (written === null) return `Version ${current.version} would be replaced by ${value}.`;
      return `Version ${written.version}, revision ${written.revision}, has ${value}.`;
    },
    // Silence is success.
    raw: () => '',
  });
}

const sizeText = ({ value, contentType }: KvEntry): string =>
  `${bytesText(value.byteLength)}${contentType === null ? '' : ` of ${contentType}`}`;
