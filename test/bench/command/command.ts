import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { exitCodeOf, interruption } from './interruption.ts';
import { percent } from './markdown.ts';
import { putIntoPage } from './page.ts';
import { QUIET_SHARE_MAX, taken, takenTogether, type Taken } from './taken.ts';

/** A benchmark whose figures stand in docs/performance.md: `npm run bench -- NAME`. */
export interface Command<Asked, Seen extends object> {
  readonly name: string;
  /** What is measured, and what its own words and options mean. */
  readonly usage: string;
  /** Its own, on top of those that all have. */
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** What is asked for. @throws UsageError */
  parse(words: Words): Asked;
  measure(asked: Asked, tools: Tools): Promise<Seen>;
  /** What is printed. */
  markdownOf(report: Taken & Seen): string;
  /** Why it must not take the place of what the page has, as far as others do not decide it; null: it may. */
  unfit(report: Taken & Seen): string | null;
  /** Of several runs, what they have seen together. @default no such thing: only one can be shown */
  joined?(runs: readonly Seen[]): Seen;
  /** After all else, when it is kept and shown. @throws if something was seen that must not be */
  check?(seen: Seen): void;
  /** Into the page, or wherever else its figures stand. @default the markdown, between the benchmark's own markers */
  write?(report: Taken & Seen): void;
}

export interface Words {
  /** Of options: null, if it is not there. */
  text(option: string): string | null;
  /** A whole number. @param least - the least that it may be; @default 1. @throws UsageError */
  count(option: string, least?: number): number;
  /** A number above 0. @throws UsageError */
  amount(option: string): number;
  flag(option: string): boolean;
  readonly positionals: readonly string[];
}

export interface Tools {
  /** A line of progress. */
  readonly say: (line: string) => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export class UsageError extends Error {}

const COMMON = {
  json: { type: 'string' },
  from: { type: 'string', multiple: true },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options'];

const COMMON_USAGE = `  --json FILE      keep what was seen
  --from FILE      show what was kept, instead of a run
  --write          put it into docs/performance.md: of a machine that does nothing else`;

const EXIT_USAGE = 2;

/** The exit code: 0, also where goals are not reached; 1: it failed; 2: it is not asked for rightly; 130: after Ctrl-C. */
export async function runCommand<Asked, Seen extends object>(command: Command<Asked, Seen>): Promise<number> {
  try {
    return await run(command, process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) return exitCodeOf(error);
    console.error(`${error.message}\n`);
    console.log(usageOf(command));
    return EXIT_USAGE;
  }
}

async function run<Asked, Seen extends object>(
  command: Command<Asked, Seen>,
  argv: readonly string[],
): Promise<number> {
  const { values, words } = parsed(command, argv);
  if (values.help === true) {
    console.log(usageOf(command));
    return 0;
  }
  const asked = command.parse(words);
  const tools: Tools = { say: (line) => console.error(line), signal: interruption() };
  const [first, ...others] = values.from ?? [];
  const report =
    first === undefined ? await taken(() => command.measure(asked, tools)) : kept(command, [first, ...others]);
  // First of all: whatever is wrong with the rest can be done again from it.
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  console.log(command.markdownOf(report));
  const code = values.write === true ? write(command, report) : 0;
  command.check?.(report);
  return code;
}

/** What was kept in these files. */
function kept<Asked, Seen extends object>(
  { joined }: Command<Asked, Seen>,
  [first, ...others]: readonly [string, ...string[]],
): Taken & Seen {
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Taken & Seen;
  const reports = [read(first), ...others.map(read)] as const;
  if (others.length === 0) return reports[0];
  if (joined === undefined) throw new UsageError('--from is given once: runs of this cannot be put together');
  return { ...takenTogether(reports), ...joined(reports) };
}

interface CommonValues {
  readonly json?: string;
  readonly from?: readonly string[];
  readonly write?: boolean;
  readonly help?: boolean;
}

function parsed<Asked, Seen extends object>(
  { options }: Command<Asked, Seen>,
  argv: readonly string[],
): { readonly values: CommonValues; readonly words: Words } {
  const parse = () => {
    try {
      return parseArgs({ args: [...argv], allowPositionals: true, options: { ...options, ...COMMON } });
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  };
  const { values, positionals } = parse();
  const all: Readonly<Record<string, unknown>> = values;
  const text = (option: string): string | null => {
    const value = all[option];
    return typeof value === 'string' ? value : null;
  };
  return {
    values,
    words: {
      text,
      count(option, least = 1) {
        const value = Number(text(option));
        if (!Number.isInteger(value) || value < least)
          throw new UsageError(`--${option} is a whole number from ${least} on`);
        return value;
      },
      amount(option) {
        const value = Number(text(option));
        if (!(value > 0)) throw new UsageError(`--${option} is a number above 0`);
        return value;
      },
      flag: (option) => all[option] === true,
      positionals,
    },
  };
}

/** Figures of a machine that was busy, or of a shorter run, do not take the place of better ones. */
function write<Asked, Seen extends object>(command: Command<Asked, Seen>, report: Taken & Seen): number {
  const { busyShare } = report.machine;
  const reason =
    busyShare > QUIET_SHARE_MAX ? `others used ${percent(busyShare)} of the processors` : command.unfit(report);
  if (reason !== null) {
    console.error(`not written: ${reason}`);
    return 1;
  }
  if (command.write === undefined) putIntoPage(command.name, command.markdownOf(report));
  else command.write(report);
  return 0;
}

const usageOf = <Asked, Seen extends object>({ usage }: Command<Asked, Seen>): string =>
  `${usage}\n${COMMON_USAGE}\n\nExit code 1: somebody gave a wrong answer, or none. Whether goals are reached does not decide it.`;
