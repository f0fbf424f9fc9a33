import type { ContestantName } from '../contestants/contestants.ts';
import type { Goal, Lane, Suite } from './suite.ts';

interface OurLane extends Lane {
  readonly contestant: ContestantName;
}

const PUT = 0;
const GET = 1;
const MIX = 0.7;

const ours = { contestant: 'kvstore', at: 'leader', dialect: 'native' } as const;
const redis = { contestant: 'redis', at: 'leader', dialect: 'redis' } as const;
const etcdJson = { contestant: 'etcd', at: 'leader', dialect: 'etcd-json' } as const;
const etcdGrpc = { contestant: 'etcd', at: 'leader', dialect: 'etcd-grpc' } as const;
const nats = { contestant: 'nats', at: 'leader', dialect: 'nats-kv' } as const;
const nodeHttp = { contestant: 'node-http', at: 'leader', dialect: 'native' } as const;
const express = { contestant: 'express', at: 'leader', dialect: 'native' } as const;
const fanOut = { contestant: 'fan-out', at: 'leader', dialect: 'earlier' } as const;

export const SIZES = { '64 B': 64, '1 KiB': 1024, '16 KiB': 16 * 1024, '1 MiB': 1024 ** 2 } as const;
/** What is under way at once stays below the 64 MiB that we hold, and etcd's clients do not run out of memory. */
const CONNECTIONS_OF_1_MIB = 16;
export const CONNECTIONS = [1, 8, 64, 512, 4096] as const;
/** Each in a store of its own. */
export const STORES = { kvstore: 1000, 'kvstore-100k': 100_000, 'kvstore-1m': 1_000_000 } as const;
const OPEN_LOOP = { kind: 'open', ratePerS: 10_000 } as const;

/** Lanes that are made by a rule. */
const named = (lanes: readonly (readonly [string, OurLane])[]): Readonly<Record<string, OurLane>> =>
  Object.fromEntries(lanes);

const atLeast = (of: string, ratio: number, beside: string): Goal => ({ of, beside, bound: { atLeast: ratio } });
const atMost = (of: string, ratio: number, beside: string): Goal => ({ of, beside, bound: { atMost: ratio } });

/** What is measured, and what is asked of it. A goal is a ratio of two lanes of the same run: the machine is in both. */
export const suites = {
  generator: {
    what: 'what the load generator itself costs in both protocols, against a server that answers fixed bytes',
    figure: 'generator',
    lanes: {
      'PUT, HTTP': { contestant: 'null-http', at: 'leader', dialect: 'native', getShare: PUT, keys: 1 },
      'SET + WAIT, RESP': { contestant: 'null-resp', at: 'leader', dialect: 'redis', getShare: PUT, keys: 1 },
      'GET, HTTP': { contestant: 'null-http', at: 'leader', dialect: 'native', getShare: GET, keys: 1 },
      'GET, RESP': { contestant: 'null-resp', at: 'leader', dialect: 'redis', getShare: GET, keys: 1 },
    },
    goals: [atMost('PUT, HTTP', 1.25, 'SET + WAIT, RESP'), atMost('GET, HTTP', 1.25, 'GET, RESP')],
  },
  'put-leader': {
    what: 'replicated PUT at the leader',
    figure: 'operations',
    lanes: {
      kvstore: { ...ours, getShare: PUT },
      'Redis, SET + WAIT 2': { ...redis, getShare: PUT },
      'etcd, JSON': { ...etcdJson, getShare: PUT },
      'etcd, gRPC (own client)': { ...etcdGrpc, getShare: PUT },
      'NATS KV (own client)': { ...nats, getShare: PUT },
      'HTTP fan-out': { ...fanOut, getShare: PUT },
      'node:http, no copies': { ...nodeHttp, getShare: PUT },
      'Express, no copies': { ...express, getShare: PUT },
    },
    goals: [
      atLeast('kvstore', 10, 'etcd, JSON'),
      atLeast('kvstore', 4, 'NATS KV (own client)'),
      atLeast('kvstore', 0.9, 'Redis, SET + WAIT 2'),
    ],
  },
  'put-proxy': {
    what: 'replicated PUT through the proxy',
    figure: 'operations',
    lanes: {
      'kvstore, proxy': { ...ours, at: 'proxy', getShare: PUT },
      'kvstore, leader': { ...ours, getShare: PUT },
      'etcd, JSON': { ...etcdJson, getShare: PUT },
    },
    goals: [atLeast('kvstore, proxy', 8, 'etcd, JSON'), atLeast('kvstore, proxy', 0.75, 'kvstore, leader')],
  },
  'get-replica': {
    what: 'GET at a replica',
    figure: 'operations',
    lanes: {
      kvstore: { ...ours, at: 'replica', getShare: GET },
      'node:http': { ...nodeHttp, getShare: GET },
      Express: { ...express, getShare: GET },
      'Redis, GET': { ...redis, at: 'replica', getShare: GET },
      'etcd, JSON, serializable': { ...etcdJson, at: 'replica', dialect: 'etcd-json-serializable', getShare: GET },
      'NATS KV (own client)': { ...nats, at: 'replica', getShare: GET },
      'HTTP fan-out': { ...fanOut, at: 'replica', getShare: GET },
    },
    goals: [atLeast('kvstore', 0.9, 'node:http')],
  },
  'get-proxy': {
    what: 'GET through the proxy',
    figure: 'operations',
    lanes: {
      'kvstore, proxy': { ...ours, at: 'proxy', getShare: GET },
      'node:http': { ...nodeHttp, getShare: GET },
    },
    goals: [atLeast('kvstore, proxy', 0.7, 'node:http')],
  },
  'earlier-routes': {
    what: "the main earlier service's routes beside the native ones, through the proxy",
    figure: 'operations',
    lanes: {
      'PUT /put': { ...ours, at: 'proxy', dialect: 'earlier', getShare: PUT },
      'PUT /v1/keys': { ...ours, at: 'proxy', getShare: PUT },
      'HTTP fan-out, PUT /put at the leader': { ...fanOut, getShare: PUT },
      'GET /get': { ...ours, at: 'proxy', dialect: 'earlier', getShare: GET },
      'GET /v1/keys': { ...ours, at: 'proxy', getShare: GET },
      'HTTP fan-out, GET /get at a follower': { ...fanOut, at: 'replica', getShare: GET },
    },
    goals: [atLeast('PUT /put', 0.75, 'PUT /v1/keys'), atLeast('GET /get', 0.75, 'GET /v1/keys')],
  },
  'linearizable-get': {
    what: 'linearizable GET beside the default, at a replica',
    figure: 'operations',
    lanes: {
      'kvstore, linearizable': { ...ours, at: 'replica', dialect: 'linearizable', getShare: GET },
      'kvstore, in-sync': { ...ours, at: 'replica', getShare: GET },
      'etcd, JSON, linearizable': { ...etcdJson, at: 'replica', getShare: GET },
    },
    goals: [atLeast('kvstore, linearizable', 0.5, 'kvstore, in-sync')],
  },
  batch: {
    what: 'batches of 100 puts beside single ones, at the leader',
    figure: 'operations',
    lanes: {
      'batches of 100': { ...ours, dialect: 'batch', getShare: PUT },
      'single puts': { ...ours, getShare: PUT },
    },
    goals: [atLeast('batches of 100', 8, 'single puts')],
  },
  values: {
    what: 'PUT of larger values at the leader',
    figure: 'bytes',
    lanes: named(
      Object.entries(SIZES).flatMap(([size, valueBytes]) => {
        const options = {
          getShare: PUT,
          valueBytes,
          ...(size === '1 MiB' ? { connections: CONNECTIONS_OF_1_MIB } : {}),
        };
        return [
          [`kvstore, ${size}`, { ...ours, ...options }],
          [`etcd, gRPC (own client), ${size}`, { ...etcdGrpc, ...options }],
        ];
      }),
    ),
    goals: Object.keys(SIZES).map((size) => atLeast(`kvstore, ${size}`, 1, `etcd, gRPC (own client), ${size}`)),
  },
  keys: {
    what: 'PUT at the leader and GET at a replica of stores that hold more and more keys',
    figure: 'operations',
    lanes: named(
      Object.entries(STORES).flatMap(([contestant, keys]) => {
        // A million single writes would take longer than all that is measured.
        const lane = { ...ours, contestant: contestant as keyof typeof STORES, keys, filledBy: 'batch' } as const;
        const number = keys.toLocaleString('en-US');
        return [
          [`PUT, ${number} keys`, { ...lane, getShare: PUT }],
          [`GET, ${number} keys`, { ...lane, at: 'replica', getShare: GET }],
        ];
      }),
    ),
    goals: [],
  },
  connections: {
    what: 'PUT at the leader over more and more connections',
    figure: 'operations',
    lanes: named(
      CONNECTIONS.flatMap((connections) => [
        [`kvstore, ${connections}`, { ...ours, getShare: PUT, connections }],
        [`Redis, SET + WAIT 2, ${connections}`, { ...redis, getShare: PUT, connections }],
      ]),
    ),
    // No collapse.
    goals: [atLeast('kvstore, 512', 0.5, 'kvstore, 64'), atLeast('kvstore, 4096', 0.5, 'kvstore, 64')],
  },
  replicas: {
    what: 'PUT at the leader of 1, 3 and 5 replicas',
    figure: 'operations',
    lanes: {
      '1 replica': { ...ours, contestant: 'kvstore-1', getShare: PUT },
      '3 replicas': { ...ours, getShare: PUT },
      '5 replicas': { ...ours, contestant: 'kvstore-5', getShare: PUT },
    },
    // On processors that all of them share, each copy may cost as much as the first.
    goals: [atLeast('3 replicas', 1 / 3, '1 replica'), atLeast('5 replicas', 1 / 5, '1 replica')],
  },
  'open-loop': {
    what: 'reads and writes, 70 to 30, that arrive at 10,000 a second',
    figure: 'p99',
    lanes: {
      'kvstore, proxy': { ...ours, at: 'proxy', getShare: MIX, pace: OPEN_LOOP },
      'kvstore, leader': { ...ours, getShare: MIX, pace: OPEN_LOOP },
      'Redis, SET + WAIT 2': { ...redis, getShare: MIX, pace: OPEN_LOOP },
    },
    goals: [atMost('kvstore, leader', 2, 'Redis, SET + WAIT 2'), atMost('kvstore, proxy', 2, 'Redis, SET + WAIT 2')],
  },
} as const satisfies Readonly<Record<string, Suite & { readonly lanes: Readonly<Record<string, OurLane>> }>>;

export type SuiteName = keyof typeof suites;
