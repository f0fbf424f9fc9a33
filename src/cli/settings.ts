import type { Consistency } from '../client/index.ts';
import { HEADER_TEXT } from './arguments.ts';
import { CONSISTENCIES, isConsistency } from './consistency.ts';
import { readContexts, type Context } from './contexts.ts';
import { CommandFailure, EXIT } from './exit-code.ts';
import type { Terminal } from './terminal.ts';
import { checkedUrl } from './urls.ts';

export const OUTPUTS = ['text', 'json', 'jsonl', 'raw'] as const;
export type OutputFormat = (typeof OUTPUTS)[number];

/** What every command takes. */
export interface GlobalFlags {
  readonly url?: readonly string[];
  readonly token?: string;
  readonly context?: string;
  readonly consistency?: Consistency;
  readonly output?: OutputFormat;
  readonly timeout?: number;
}

export interface Settings {
  readonly urls: readonly string[];
  readonly token: string | null;
  readonly consistency: Consistency;
  readonly timeoutMs: number;
  /** The context that said so; null: none did. */
  readonly context: string | null;
}

export const DEFAULT_URL = 'http://localhost:8001';
export const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * What is nearer counts: a flag, then a variable, then the context, then the default. The token goes with the address: that of a
 * context is sent to no other.
 */
export function settingsOf(flags: GlobalFlags, terminal: Terminal): Settings {
  const { env } = terminal;
  const context = contextOf(flags, terminal);
  const token = flags.token ?? headerVariable(env, 'KV_TOKEN') ?? context?.context.token ?? null;
  const consistency = flags.consistency ?? variable(env, 'KV_CONSISTENCY') ?? context?.context.consistency ?? 'in-sync';
  if (!isConsistency(consistency))
    throw usage(`KV_CONSISTENCY is ${consistency}; it is one of ${CONSISTENCIES.join(', ')}.`);
  return {
    urls: flags.url ?? urlsIn(env, context?.context ?? null),
    token,
    consistency,
    timeoutMs: flags.timeout ?? DEFAULT_TIMEOUT_MS,
    context: context?.name ?? null,
  };
}

/** For people at a terminal, else for scripts. */
export function outputFormatOf(flags: GlobalFlags, { env, isTerminal }: Terminal): OutputFormat {
  return flags.output ?? outputIn(env) ?? (isTerminal.out ? 'text' : 'raw');
}

/** null: the address is said elsewhere, or none is in use. */
function contextOf(
  flags: GlobalFlags,
  terminal: Terminal,
): { readonly name: string; readonly context: Context } | null {
  const { env } = terminal;
  if (flags.url !== undefined) {
    if (flags.context !== undefined) throw usage('--url and --context both say where the store is: give one of them.');
    return null;
  }
  if (flags.context === undefined && variable(env, 'KV_URL') !== null) return null;
  const { current, contexts } = readContexts(terminal);
  const name = flags.context ?? variable(env, 'KV_CONTEXT') ?? current;
  if (name === null) return null;
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (context !== undefined) return { name, context };
  const known = Object.keys(contexts).join(', ') || 'none';
  throw usage(`There is no context ${name}. Those there are: ${known}; kv context set makes one.`);
}

function urlsIn(env: Terminal['env'], context: Context | null): readonly string[] {
  if (context !== null) return context.url;
  const text = variable(env, 'KV_URL');
  if (text === null) return [DEFAULT_URL];
  return text.split(',').map((part) => {
    const checked = checkedUrl(part.trim());
    if (typeof checked === 'string') throw usage(`KV_URL is ${text}: ${checked}; several are separated by commas.`);
    return checked.url;
  });
}

function outputIn(env: Terminal['env']): OutputFormat | null {
  const text = variable(env, 'KV_OUTPUT');
  if (text === null) return null;
  const output = OUTPUTS.find((known) => known === text);
  if (output === undefined) throw usage(`KV_OUTPUT is ${text}; it is one of ${OUTPUTS.join(', ')}.`);
  return output;
}

/** For a header. What it is it does not tell: it may be a secret. */
export function headerVariable(env: Terminal['env'], name: string): string | null {
  const text = variable(env, name);
  if (text === null || HEADER_TEXT.test(text)) return text;
  throw usage(
    `${name} holds what cannot be sent: it is text of printable ASCII characters, with no space at either end.`,
  );
}

/** An empty one is as good as none. */
const variable = (env: Terminal['env'], name: string): string | null => {
  const value = env[name];
  return value === undefined || value === '' ? null : value;
};

const usage = (message: string): CommandFailure => new CommandFailure(EXIT.usage, message);
