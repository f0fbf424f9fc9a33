import { Option, type Command } from 'commander';
import { etagOf, headerTextOf, ttlOf } from '../arguments.ts';
import type { Condition, KvWritten, Ttl } from '../../client/index.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';
import { valueOf } from '../value-input.ts';
import { addVerb, doing } from '../verb.ts';

interface PutFlags {
  readonly ttl?: Ttl;
  readonly idle?: Ttl;
  readonly keepTtl?: true;
  readonly ifMatch?: string;
  readonly ifAbsent?: true;
  readonly contentType?: string;
  readonly literal?: true;
  readonly idempotencyKey?: string;
}

export function addPut(parent: Command, terminal: Terminal): void {
  withValueOptions(
    addVerb(parent, {
      usage: 'put <key> <value>',
      summary: 'write a value',
      description: 'Writes a value, over another one too. The value - is read from standard input, @FILE from a file.',
      examples: [
        'kv put app/theme dark --ttl 30m',
        'kv put photo @photo.jpg --content-type image/jpeg',
        'date | kv put started -',
        "kv put stock 4 --if-match '812-b1c2d3-1'",
        'kv put -- temperature -5',
      ],
    }),
  )
    .option('--keep-ttl', 'it stays as long as what stood there before')
    .addOption(new Option('--if-match <etag>', 'only over the value with this etag; *: over any').argParser(etagOf))
    .option('--if-absent', 'only if there is no value')
    .action(
      doing(terminal, async (call, key: string, value: string, flags: PutFlags) => {
        const { ttl, idle, keepTtl, ifMatch, ifAbsent } = flags;
        if (ttl !== undefined && keepTtl) throw contradiction('--ttl', '--keep-ttl');
        if (idle !== undefined && keepTtl) throw contradiction('--idle', '--keep-ttl');
        if (ifMatch !== undefined && ifAbsent) throw contradiction('--if-match', '--if-absent');
        const condition: Condition = ifMatch === undefined ? (ifAbsent ? { ifNoneMatch: '*' } : {}) : { ifMatch };
        const stay = keepTtl ? ({ ttl: 'keep', idle: 'keep' } as const) : stayOf(flags);
        await writing(call, { value, flags }, (given, options) =>
          call.client.put(key, given, { ...options, ...condition, ...stay }),
        );
      }),
    );
  withValueOptions(
    addVerb(parent, {
      usage: 'create <key> <value>',
      summary: 'write a value where there is none',
      description: 'Writes a value where there is none; ends with 4 if there is one.',
      examples: ['kv create jobs/17 waiting', 'kv create leader "$HOSTNAME" --ttl 30s'],
    }),
  ).action(
    doing(terminal, async (call, key: string, value: string, flags: PutFlags) => {
      await writing(call, { value, flags }, (given, options) =>
        call.client.create(key, given, { ...options, ...stayOf(flags) }),
      );
    }),
  );
}

const stayOf = ({ ttl, idle }: PutFlags): { readonly ttl?: Ttl; readonly idle?: Ttl } => ({
  ...(ttl === undefined ? {} : { ttl }),
  ...(idle === undefined ? {} : { idle }),
});

function withValueOptions(verb: Command): Command {
  return withWriteOptions(
    verb
      .addOption(new Option('--ttl <time>', 'how long it stays: 60s, 5m, 12h (default: for ever)').argParser(ttlOf))
      .addOption(
        new Option('--idle <time>', 'it goes when it has not been read or written for so long').argParser(ttlOf),
      )
      .addOption(
        new Option(
          '--content-type <type>',
          'kept with the value (default: text/plain of a text, none of bytes)',
        ).argParser(headerTextOf),
      )
      .option('--literal', 'the value is what it is: neither - nor @ means anything'),
  );
}

/** Of whatever writes keys. */
export const withWriteOptions = (verb: Command): Command =>
  withFenceOption(verb).addOption(
    new Option('--idempotency-key <key>', 'the same for a repetition: it is done once').argParser(headerTextOf),
  );

export const withFenceOption = (verb: Command): Command =>
  verb.addOption(
    new Option('--fence <fence>', 'only while this lock is held: NAME:TOKEN, as kv lock sets it in KV_FENCE').argParser(
      headerTextOf,
    ),
  );

async function writing(
  call: Invocation,
  { value, flags }: { readonly value: string; readonly flags: PutFlags },
  write: (
    given: string | Uint8Array,
    options: { readonly contentType?: string; readonly idempotencyKey?: string },
  ) => Promise<KvWritten>,
): Promise<void> {
  const { contentType, idempotencyKey, literal } = flags;
  const given = literal ? value : await valueOf(value, call.terminal);
  const written = await write(given, {
    ...(contentType === undefined ? {} : { contentType }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  await call.output.one({
    json: () => written,
    text: () => `${written.created ? 'created' : 'replaced'}, version ${written.version}, revision ${written.revision}`,
    // Silence is success.
    raw: () => '',
  });
}

export const contradiction = (a: string, b: string): CommandFailure =>
  new CommandFailure(EXIT.usage, `${a} and ${b} contradict each other.`);
