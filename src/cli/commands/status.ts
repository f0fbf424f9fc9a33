import { Option, type Command } from 'commander';
import { durationMs } from '../arguments.ts';
import { leaderOf, memberLines, summaryLines } from '../cluster-view.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import { isLive, live } from '../live.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';

const EVERY_MS = 1000;

export const everyOption = (): Option =>
  new Option('--every <time>', 'how often it is drawn').argParser(durationMs).default(EVERY_MS, '1s');

export function addStatus(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'status',
    summary: 'who leads, and how the replicas are',
    description: `Shows who leads, who is in sync, and how far each replica is: on a terminal again and again until Ctrl-C, elsewhere, or with --once, once. Then it ends
with 6 if nobody leads.`,
    examples: ['kv status', 'kv status --once', 'kv status -o json | jq .epoch'],
  })
    .option('--once', 'only once')
    .addOption(everyOption())
    .action(
      doing(terminal, async (call, { once, every }: { readonly once?: true; readonly every: number }) => {
        const linesOf = async (): Promise<readonly string[]> => {
          const cluster = await call.client.cluster();
          return [...summaryLines(cluster), '', ...memberLines(cluster)];
        };
        if (isLive(call) && !once) {
          await live(terminal, {
            everyMs: every,
            linesOf: async () => [headOf(call.settings.urls), '', ...(await linesOf())],
          });
          return;
        }
        const cluster = await call.client.cluster();
        const text = () => [...summaryLines(cluster), '', ...memberLines(cluster)].join('\n');
        await call.output.one({ json: () => cluster, text, raw: text });
        if (leaderOf(cluster) === null) {
          throw new CommandFailure(EXIT.unavailable, 'Nobody leads: writes wait. kv doctor looks closer.');
        }
      }),
    );
}

export const headOf = (urls: readonly string[]): string =>
  `${urls.join(', ')}  ${new Date().toLocaleTimeString()}  Ctrl-C ends`;

export function addMembers(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'members',
    summary: 'list the replicas',
    description: 'Lists the replicas, and those that do not answer.',
    examples: ['kv members', 'kv members -o jsonl | jq -r .httpAddress'],
  }).action(
    doing(terminal, async (call) => {
      const cluster = await call.client.cluster();
      if (call.output.format === 'text') terminal.out(memberLines(cluster).join('\n'));
      else {
        await call.output.many(cluster.replicas, (replica) => ({
          json: () => replica,
          text: () => replica.podName,
          raw: () => replica.podName,
        }));
      }
    }),
  );
}

export function addMap(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'map <key>',
    summary: 'which replicas hold a key',
    description:
      'Shows which replica takes writes of a key, and which it is read from. Whether there is a value is not asked.',
    examples: ['kv map app/theme', 'kv map app/theme -o json'],
  }).action(
    doing(terminal, async (call, key: string) => {
      const cluster = await call.client.cluster();
      const at = (id: string) => {
        const replica = cluster.replicas.find(({ replica }) => replica === id);
        return replica === undefined ? null : { podName: replica.podName, httpAddress: replica.httpAddress };
      };
      const places = cluster.members.map(at).filter((place) => place !== null);
      const leader = leaderOf(cluster);
      const writes = leader === null ? null : at(leader.replica);
      const place = ({ podName, httpAddress }: { podName: string; httpAddress: string }) =>
        `${podName} (${httpAddress})`;
      await call.output.one({
        json: () => ({ key, writes, reads: places }),
        text: () =>
          `writes  ${writes === null ? 'nobody leads' : place(writes)}\nreads   ${places.map(place).join(', ')}`,
        raw: () => places.map(({ httpAddress }) => httpAddress).join('\n'),
      });
    }),
  );
}
