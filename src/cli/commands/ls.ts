import { Option, type Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import type { KvEntry, KvKeyInfo, KvPage } from '../../client/index.ts';
import { entryJson, keyInfoJson, keyText, valueText } from '../entry-forms.ts';
import { contradiction } from './put.ts';
import type { Invocation } from '../invocation.ts';
import type { Forms } from '../output.ts';
import { Progress } from '../progress.ts';
import { bytesText, durationText, visibleLine } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';

interface LsFlags {
  readonly values?: true;
  readonly long?: true;
  readonly delimiter?: string;
  readonly limit?: number;
  readonly count?: true;
  readonly null?: true;
}

type Item = { readonly folder: string } | { readonly info: KvKeyInfo };

export function addLs(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'ls [prefix]',
    summary: 'list keys',
    description: 'Lists keys, all or those that begin with a prefix, in the order of their bytes.',
    examples: [
      'kv ls app/',
      'kv ls app/ --delimiter /',
      'kv ls -l',
      'kv ls --values -o jsonl | jq .value',
      'kv ls tmp/ -z | xargs -0 -n 1 kv del',
    ],
  })
    .alias('list')
    .option('-l, --long', 'with version, revision, how long it stays, and content type before each key')
    .option('--values', 'with values')
    .option('-d, --delimiter <text>', 'fold what goes on behind it, such as /')
    .addOption(new Option('-n, --limit <count>', 'so many at most').argParser(wholeNumber({ min: 1, max: 1e12 })))
    .option('--count', 'only how many there are')
    .option('-z, --null', 'end each with a NUL in place of a line feed; implies raw')
    .action(
      doing(terminal, async (call, prefix: string | undefined, flags: LsFlags) => {
        if (flags.count && (flags.delimiter ?? flags.limit) !== undefined)
          throw contradiction('--count', '--delimiter, --limit');
        if (flags.count) await count(call, prefix ?? '');
        else if (flags.null)
          for await (const item of items(call, prefix, flags)) await call.terminal.write(`${nameOf(item)}\0`);
        else await call.output.many(items(call, prefix, flags), (item) => formsOf(item, flags));
      }),
    );
}

/** Page by page, however many there are: one request counts as many as one deletes. */
async function count({ client, output, terminal }: Invocation, prefix: string): Promise<void> {
  const progress = new Progress(terminal, 'count');
  let found = 0;
  try {
    for await (const { keys } of client.pages({ prefix, limit: PAGE_KEYS }))
      progress.update((found += keys.length), null);
  } finally {
    progress.end();
  }
  await output.one({ json: () => ({ count: found }), text: () => String(found), raw: () => String(found) });
}

const PAGE_KEYS = 1000;

/** Keys and folders as they come: of a page in the order of their bytes, as between pages. */
async function* items(call: Invocation, prefix: string | undefined, flags: LsFlags): AsyncIterable<Item> {
  const { values, delimiter } = flags;
  let left = flags.limit ?? Infinity;
  const pages: AsyncIterable<KvPage> = call.client.pages({
    limit: Math.min(PAGE_KEYS, left),
    ...(prefix === undefined ? {} : { prefix }),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(values === true ? { values } : {}),
  });
  for await (const page of pages) {
    const inPage: Item[] = [...page.keys.map((info) => ({ info })), ...page.folders.map((folder) => ({ folder }))];
    if (page.folders.length > 0) inPage.sort((a, b) => Buffer.compare(Buffer.from(nameOf(a)), Buffer.from(nameOf(b))));
    for (const item of inPage) {
      yield item;
      left -= 1;
      if (left === 0) return;
    }
  }
}

const nameOf = (item: Item): string => ('folder' in item ? item.folder : item.info.key);

function formsOf(item: Item, flags: LsFlags): Forms {
  if ('folder' in item) {
    const { folder } = item;
    return { json: () => ({ folder }), text: () => visibleLine(folder), raw: () => folder };
  }
  const { info } = item;
  const value = flags.values ? (info as KvEntry) : null;
  return {
    json: () => (value === null ? keyInfoJson(info) : entryJson(value)),
    text: () => textOf(info, { value, isLong: flags.long === true }),
    raw: () => [...(flags.long ? cellsOf(info) : []), info.key, ...(value === null ? [] : [rawText(value)])].join('\t'),
  };
}

const rawText = ({ value }: KvEntry): string => Buffer.from(value).toString();

const cellsOf = ({ version, revision, expiresAt, contentType }: KvKeyInfo): readonly string[] => [
  String(version),
  String(revision),
  expiresAt?.toISOString() ?? '-',
  contentType ?? '-',
];

/** Columns that need not know what comes: pages are many. */
function textOf(
  info: KvKeyInfo,
  { value, isLong }: { readonly value: KvEntry | null; readonly isLong: boolean },
): string {
  const { version, revision, expiresAt, contentType } = info;
  const stays = expiresAt === null ? '-' : durationText(Math.max(0, expiresAt.getTime() - Date.now()));
  const long = `${String(version).padStart(6)}  ${String(revision).padStart(10)}  ${stays.padStart(8)}  ${(contentType ?? '-').padEnd(24)}  `;
  const shown =
    value === null
      ? ''
      : `  ${value.value.byteLength > 1000 ? bytesText(value.value.byteLength) : valueText(value.value).replaceAll('\n', '\\n')}`;
  return `${isLong ? long : ''}${keyText(info)}${shown}`;
}
