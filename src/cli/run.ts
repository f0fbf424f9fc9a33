import { parseArgs } from 'node:util';
import { adminRecover, type AdminRecoverOptions } from './admin-recover.ts';
import { CommandFailure, EXIT, type ExitCode } from './exit-code.ts';
import { isObjection } from './recovery-plan.ts';
import type { Terminal } from './terminal.ts';

const DEFAULT_URL = 'http://localhost:8001';

const USAGE = `kv COMMAND

  admin recover   where only an operator can go on: begin a new history with the data of one replica

kv COMMAND --help says more. Exit codes: 0 done, 1 error, 2 usage, 4 refused, 6 unavailable, 130 interrupted.
`;

const RECOVER_USAGE = `kv admin recover [OPTIONS]

Shows what each replica has, which one would go on, and what would be lost; asks; then has that replica begin a new
lineage with its data, and waits until writes are taken. docs/guides/recovery.md says when.

  --url URL             of a proxy, or of a replica's HTTP port; may be repeated (default: KV_URL, else ${DEFAULT_URL}).
                        Whoever answers names the others; those that cannot be reached from here need one of their own.
  --replica NAME        this one, by its pod's name, instead of the one with the most
  --despite OBJECTION   set an objection aside: not-frozen, more-elsewhere; may be repeated
  --yes                 do not ask
  --dry-run             only show
  -o, --output FORMAT   text or json (default text)
  --help                this text
`;

/** The command line. Resolves with the exit code; whatever is to be said was said. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    return await dispatch(argv, terminal);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    terminal.note(`kv: ${error.message}`);
    return error.exitCode;
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [noun, verb, ...rest] = argv;
  if (noun === undefined || noun === '--help' || noun === '-h' || noun === 'help') {
    terminal.out(USAGE.trimEnd());
    return EXIT.ok;
  }
  if (noun !== 'admin' || verb !== 'recover') {
    throw new CommandFailure(EXIT.usage, `There is no command ${argv.slice(0, 2).join(' ')}.\n\n${USAGE.trimEnd()}`);
  }
  const options = parseRecover(rest, terminal.env);
  if (options === 'help') terminal.out(RECOVER_USAGE.trimEnd());
  else await adminRecover(options, terminal);
  return EXIT.ok;
}

function parseRecover(args: string[], env: Terminal['env']): AdminRecoverOptions | 'help' {
  const usage = (message: string) => new CommandFailure(EXIT.usage, `${message}\n\n${RECOVER_USAGE.trimEnd()}`);
  const parse = () => {
    try {
      return parseArgs({
        args,
        options: {
          url: { type: 'string', multiple: true },
          replica: { type: 'string' },
          despite: { type: 'string', multiple: true },
          yes: { type: 'boolean', default: false },
          'dry-run': { type: 'boolean', default: false },
          output: { type: 'string', short: 'o', default: 'text' },
          help: { type: 'boolean', short: 'h', default: false },
        },
      });
    } catch (error) {
      throw usage((error as Error).message);
    }
  };
  const { values } = parse();
  if (values.help) return 'help';
  const { output, despite = [], yes, replica = null } = values;
  if (output !== 'text' && output !== 'json') throw usage(`--output ${output}: it is text or json.`);
  const unknown = despite.find((objection) => !isObjection(objection));
  if (unknown !== undefined) throw usage(`--despite ${unknown}: there is no such objection.`);
  if (yes && values['dry-run']) throw usage('--yes and --dry-run contradict each other.');
  const given = values.url ?? [env['KV_URL'] ?? DEFAULT_URL];
  const urls = given.map((text) => {
    const url = URL.parse(text);
    if (url === null || !/^https?:$/.test(url.protocol)) throw usage(`--url ${text}: it is http://HOST:PORT.`);
    return text.replace(/\/+$/, '');
  });
  const consent = values['dry-run'] ? 'show' : yes ? 'go' : 'ask';
  return { urls, replica, despite: despite.filter(isObjection), consent, output };
}
