import { Option, type Command } from 'commander';
import { etagOf, wholeNumber } from '../arguments.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { countText, visibleLine } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { contradiction, withWriteOptions } from './put.ts';

interface DelFlags {
  readonly prefix?: string;
  readonly all?: true;
  readonly expect?: number;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly force?: true;
  readonly ifMatch?: string;
  readonly idempotencyKey?: string;
}

const COUNT = wholeNumber({ min: 0, max: 1_000_000_000 });

export function addDel(parent: Command, terminal: Terminal): void {
  const verb = addVerb(parent, {
    usage: 'del [keys...]',
    summary: 'delete keys, or all under a prefix',
    description: `Deletes keys, one after the other; ends with 3 if one was not there. With --prefix all keys that begin so are deleted at once, or
none: they are counted first, and a person is asked.`,
    examples: [
      'kv del app/theme',
      'kv del --prefix app/',
      'kv del --prefix app/ --expect 12',
      'kv del --prefix app/ --dry-run',
    ],
  })
    .alias('rm')
    .option('--prefix <prefix>', 'all keys that begin so, at most 10,000')
    .option('--all', 'all keys there are')
    .addOption(new Option('--expect <count>', 'only if they are that many; nobody is asked').argParser(COUNT))
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only count')
    .option('-f, --force', 'a key that is not there is no failure')
    .addOption(new Option('--if-match <etag>', 'only the value with this etag').argParser(etagOf));
  withWriteOptions(verb).action(
    doing(terminal, async (call, keys: readonly string[], flags: DelFlags) => {
      const { prefix, all } = flags;
      if (prefix !== undefined && all) throw contradiction('--prefix', '--all');
      if (prefix === '') throw usage('An empty prefix is that of every key: say --all.');
      const under = all ? '' : prefix;
      if ((under === undefined) === (keys.length === 0)) throw usage('Name keys, or a --prefix.');
      if (under === undefined) await deleteKeys(call, keys, flags);
      else await deleteUnder(call, under, flags);
    }),
  );
}

async function deleteKeys(call: Invocation, keys: readonly string[], flags: DelFlags): Promise<void> {
  const { ifMatch, idempotencyKey, force } = flags;
  if (keys.length > 1 && (ifMatch ?? idempotencyKey) !== undefined) {
    throw usage('--if-match and --idempotency-key are for one key.');
  }
  const missing: string[] = [];
  const deleteEach = async function* () {
    for (const key of keys) {
      const deleted = await call.client.delete(key, {
        ...(ifMatch === undefined ? {} : { ifMatch }),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      });
      if (!deleted) missing.push(visibleLine(key));
      yield { key, deleted };
    }
  };
  await call.output.many(deleteEach(), (result) => ({
    json: () => result,
    text: () => (result.deleted ? `deleted ${visibleLine(result.key)}` : ''),
    raw: () => '',
  }));
  if (missing.length === 0 || force) return;
  throw new CommandFailure(EXIT.noSuchKey, `There is no key ${missing.join(', ')}.`);
}

async function deleteUnder(call: Invocation, prefix: string, flags: DelFlags): Promise<void> {
  const { client, output } = call;
  const { idempotencyKey, dryRun } = flags;
  if (flags.ifMatch !== undefined) throw usage('--if-match is for one key.');
  if (dryRun) {
    const count = await client.countPrefix(prefix);
    await output.one({ json: () => ({ count }), text: () => keysText(count), raw: () => String(count) });
    return;
  }
  const expect = flags.expect ?? (await consentedCount(call, prefix, flags));
  const deleted = await client.deletePrefix(prefix, {
    expect,
    ...(prefix === '' ? { all: true } : {}),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  await output.one({
    json: () => ({ deleted }),
    text: () => `deleted ${keysText(deleted)}`,
    raw: () => String(deleted),
  });
}

/** What is deleted is what the person has seen: if keys came meanwhile nothing is. */
async function consentedCount(call: Invocation, prefix: string, { yes }: DelFlags): Promise<number> {
  const { ask } = call.terminal;
  if (!yes && ask === null) {
    throw usage(
      'There is no terminal to ask at: say with --expect how many there are, or --yes; --dry-run counts them.',
    );
  }
  const count = await call.client.countPrefix(prefix);
  if (yes || ask === null || count === 0) return count;
  const where = prefix === '' ? 'in the whole store' : `under ${visibleLine(prefix)}`;
  const answer = await ask(`Delete ${keysText(count)} ${where}? Type yes: `);
  if (answer.trim().toLowerCase() !== 'yes') throw new CommandFailure(EXIT.error, 'Nothing was deleted.');
  return count;
}

export const keysText = (count: number): string => (count === 1 ? '1 key' : `${countText(count)} keys`);

const usage = (message: string): CommandFailure => new CommandFailure(EXIT.usage, message);
