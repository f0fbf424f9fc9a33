import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

/** One place of the sources, and what stands there in the newer release. */
interface Change {
  /** Below `src`. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export const NEWER_RELEASE = '0.2.0';
/** The option that it adds. */
export const NEWER_OPTION = 'KV_OPENING_NOTE';
/** What a replica of it logs when it meets what is new, sent by another of its kind. */
export const FIELD_SEEN = 'newer field received';
export const ENTRY_SEEN = 'newer entry applied';

/**
 * What a release may add to the peer protocol: version 2 has a field in every append (the leader's release) and a kind of
 * entry (a note, which opens an epoch and has its number from an option). On a connection to a replica of the release
 * before, version 1 is agreed upon: the field is left out, and a note travels as the empty entry that it was before, which
 * does the same to the data. So a log that both kinds of replicas hold has the same epochs, indexes and effects in it.
 */
const CHANGES: readonly Change[] = [
  { file: 'main/release.ts', find: "RELEASE = '0.1.0'", replace: `RELEASE = '${NEWER_RELEASE}'` },
  {
    file: 'protocol/peer/preface.ts',
    find: 'SUPPORTED_VERSIONS: VersionRange = { first: 1, last: 1 }',
    replace: 'SUPPORTED_VERSIONS: VersionRange = { first: 1, last: 2 }',
  },

  // The version of a connection reaches those who write and read its frames.
  {
    file: 'protocol/peer/byte-writer.ts',
    find: 'export class ByteWriter {',
    replace: 'export class ByteWriter {\n  version = 1;',
  },
  {
    file: 'protocol/peer/byte-reader.ts',
    find: 'export class ByteReader {',
    replace: 'export class ByteReader {\n  version = 1;',
  },
  {
    file: 'protocol/peer/frame-encoder.ts',
    find: '  /** Encoded and not yet taken. */',
    replace:
      '  set version(version: number) {\n    this.#writer.version = version;\n  }\n\n  /** Encoded and not yet taken. */',
  },
  {
    file: 'protocol/peer/frame-decoder.ts',
    find: 'this.#version = outcome.version;',
    replace: 'this.#version = outcome.version;\n        this.#reader.version = outcome.version;',
  },
  {
    file: 'adapters/transport/tcp-connection.ts',
    find: "    this.#state = 'open';",
    replace: "    this.#state = 'open';\n    this.#encoder.version = this.#decoder.version ?? 1;",
  },

  // The field.
  {
    file: 'protocol/peer/message-codec.ts',
    find: '      writer.number(message.entries.length);',
    replace: `      if (writer.version >= 2) writer.text('${NEWER_RELEASE}');\n      writer.number(message.entries.length);`,
  },
  {
    file: 'protocol/peer/message-codec.ts',
    find: '  const entries: Entry[] = [];',
    replace: `  const release = reader.version >= 2 ? reader.text('release') : null;
  if (appendsSeen === 0 && release !== null) {
    appendsSeen = 1;
    console.error(JSON.stringify({ event: '${FIELD_SEEN}', release }));
  }
  const entries: Entry[] = [];`,
  },
  {
    file: 'protocol/peer/message-codec.ts',
    find: 'function readAppend(',
    replace: 'let appendsSeen = 0;\n\nfunction readAppend(',
  },

  // The kind of entry.
  {
    file: 'core/replication/entry.ts',
    find: "  | { readonly kind: 'empty' }",
    replace: "  | { readonly kind: 'empty' }\n  | { readonly kind: 'note'; readonly number: number }",
  },
  {
    file: 'core/replication/entry.ts',
    find: "    case 'forget':\n      return ENTRY_OVERHEAD_BYTES;",
    replace: "    case 'forget':\n    case 'note':\n      return ENTRY_OVERHEAD_BYTES;",
  },
  {
    file: 'core/replication/leader.ts',
    find: '    this.rounds.begin(now.monotonicMs);\n  }\n\n  /** Everything that it found',
    replace:
      "    this.#append({ kind: 'note', number: this.#limits.openingNote }, now);\n    this.rounds.begin(now.monotonicMs);\n  }\n\n  /** Everything that it found",
  },
  {
    file: 'core/store/state-machine.ts',
    find: "      case 'empty':\n        break;",
    replace: `      case 'empty':
        break;
      case 'note':
        console.error(JSON.stringify({ event: '${ENTRY_SEEN}', number: body.number }));
        break;`,
  },
  {
    file: 'protocol/peer/entry-codec.ts',
    find: "  'evict',\n];",
    replace: "  'evict',\n  'note',\n];",
  },
  {
    file: 'protocol/peer/entry-codec.ts',
    find: '  writer.oneOf(BODIES, body.kind);',
    replace: "  writer.oneOf(BODIES, body.kind === 'note' && writer.version < 2 ? 'empty' : body.kind);",
  },
  {
    file: 'protocol/peer/entry-codec.ts',
    find: "    case 'empty':\n      return;",
    replace:
      "    case 'empty':\n      return;\n    case 'note':\n      if (writer.version >= 2) writer.number(body.number);\n      return;",
  },
  {
    file: 'protocol/peer/entry-codec.ts',
    find: "    case 'empty':\n      return EMPTY;",
    replace:
      "    case 'empty':\n      return EMPTY;\n    case 'note':\n      return { kind, number: reader.number('number of a note') };",
  },

  // The option.
  {
    file: 'core/group/options.ts',
    find: '  /** Reads that wait. */\n  readonly waitingReadsMax: number;',
    replace: '  /** Reads that wait. */\n  readonly waitingReadsMax: number;\n  readonly openingNote: number;',
  },
  {
    file: 'core/group/options.ts',
    find: '  waitingReadsMax: 65_536,',
    replace: '  waitingReadsMax: 65_536,\n  openingNote: 0,',
  },
  {
    file: 'config/config.ts',
    find: '  readonly waitingReadsMax: number;',
    replace: '  readonly waitingReadsMax: number;\n  readonly openingNote: number;',
  },
  {
    file: 'config/load-config.ts',
    find: '      waitingReadsMax: of.waitingReadsMax,',
    replace: '      waitingReadsMax: of.waitingReadsMax,\n      openingNote: of.openingNote,',
  },
  {
    file: 'config/table.ts',
    find: '  minInSync: option(',
    replace: `  openingNote: option(count({ min: 0, max: 1_000_000 }), {
    variable: '${NEWER_OPTION}',
    processes: kvstore,
    section: 'Safety',
    default: 0,
    help: 'The number that opens an epoch.',
  }),
  minInSync: option(`,
  },
];

/** What a checkout has besides what an image is built of. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'test', 'docs', 'coverage']);

/** The files of `src` that differ, as the newer release has them. @throws Error if the sources have moved on. */
export function newerSources(root: string): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const { file, find, replace } of CHANGES) {
    const source = sources.get(file) ?? readFileSync(join(root, 'src', file), 'utf8');
    const places = source.split(find).length - 1;
    if (places !== 1) throw new Error(`found ${places} times, not once, in src/${file}:\n${find}`);
    sources.set(
      file,
      source.replace(find, () => replace),
    );
  }
  return sources;
}

/** A checkout of the newer release, to build images of. Nothing of it is known to the sources. */
export async function withNewerRelease<T>(root: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-newer-'));
  try {
    cpSync(root, folder, {
      recursive: true,
      filter: (path) => resolve(path) === resolve(root) || !LEFT_OUT.has(basename(path)) || !isTopLevel(root, path),
    });
    for (const [file, source] of newerSources(root)) writeFileSync(join(folder, 'src', file), source);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const isTopLevel = (root: string, path: string): boolean => resolve(path, '..') === resolve(root);
