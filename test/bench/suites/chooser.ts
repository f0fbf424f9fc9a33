import { number } from '../command/markdown.ts';
import type { Report } from './report.ts';
import type { SuiteName } from './suites.ts';

/** What somebody asks who chooses between ourselves and a peer: one figure of each, from one suite. */
export interface Question {
  readonly what: string;
  readonly suite: SuiteName;
  readonly ours: string;
  /** Lanes of the same suite. */
  readonly peers: Readonly<Partial<Record<Peer, string>>>;
}

const PEERS = ['Redis', 'etcd', 'NATS KV'] as const;
type Peer = (typeof PEERS)[number];

export const questions: readonly Question[] = [
  {
    what: 'replicated writes a second, at the leader',
    suite: 'put-leader',
    ours: 'kvstore',
    peers: { Redis: 'Redis, SET + WAIT 2', etcd: 'etcd, JSON', 'NATS KV': 'NATS KV (own client)' },
  },
  {
    what: 'the same through the proxy',
    suite: 'put-proxy',
    ours: 'kvstore, proxy',
    peers: { etcd: 'etcd, JSON' },
  },
  {
    what: 'reads a second, at one replica',
    suite: 'get-replica',
    ours: 'kvstore',
    peers: { Redis: 'Redis, GET', etcd: 'etcd, JSON, serializable', 'NATS KV': 'NATS KV (own client)' },
  },
  {
    what: 'linearizable reads a second, at one replica',
    suite: 'linearizable-get',
    ours: 'kvstore, linearizable',
    peers: { etcd: 'etcd, JSON, linearizable' },
  },
  {
    what: 'p99 of 10,000 reads and writes (70 to 30) a second, at the leader, ms; less is better',
    suite: 'open-loop',
    ours: 'kvstore, leader',
    peers: { Redis: 'Redis, SET + WAIT 2' },
  },
];

/** Between them it stands in the README. */
export const README_MARKERS = {
  begin: '<!-- of the newest run: written by npm run bench -- goals --write -->',
  end: '<!-- end of the newest run -->',
};

/** A row for each question; behind a peer's figure, ours as so many times theirs. */
export function chooserTable(report: Report): string {
  const { startedAt, release, machine, rounds, seconds } = report;
  const rows = questions.map(({ what, suite, ours, peers }) => {
    const own = medianOf(report, suite, ours);
    const theirs = PEERS.map((peer) => {
      const median = medianOf(report, suite, peers[peer]);
      if (median === null) return '–';
      return own === null ? number(median) : `${number(median)} (${number(own / median)})`;
    });
    return `| ${[what, own === null ? '–' : `**${number(own)}**`, ...theirs].join(' | ')} |`;
  });
  return [
    `| | kvstore | ${PEERS.join(' | ')} |`,
    `|${'---|'.repeat(PEERS.length + 2)}`,
    ...rows,
    '',
    `Medians of ${rounds} rounds of ${seconds} s, ${startedAt.slice(0, 10)}, release ${release}, everything on one machine: ${machine.processors} × ${machine.model}.`,
    "In brackets: our figure divided by the peer's.",
  ].join('\n');
}

/** null: it was not asked, or did not take part. */
function medianOf({ suites }: Report, suite: SuiteName, lane: string | undefined): number | null {
  const lanes = suites.find(({ name }) => name === suite)?.lanes;
  return lanes?.find(({ name }) => name === lane)?.figure?.median ?? null;
}
