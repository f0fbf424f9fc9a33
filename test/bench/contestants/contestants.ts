import type { Contestant } from './contestant.ts';
import { etcd } from './etcd.ts';
import { kvstore } from './kvstore.ts';
import { nats } from './nats.ts';
import { express, fanOut, nodeHttp, nullHttp, nullResp } from './node-servers.ts';
import { redis } from './redis.ts';

export const contestants = {
  kvstore: kvstore({ title: 'kvstore, 3 replicas', replicas: 3 }),
  'kvstore-1': kvstore({ title: 'kvstore, 1 replica', replicas: 1 }),
  'kvstore-5': kvstore({ title: 'kvstore, 5 replicas', replicas: 5 }),
  // What one holds stays: stores of more and more keys are stores of their own.
  'kvstore-100k': kvstore({ title: 'kvstore, 3 replicas', replicas: 3 }),
  'kvstore-1m': kvstore({ title: 'kvstore, 3 replicas', replicas: 3 }),
  redis,
  etcd,
  nats,
  'node-http': nodeHttp,
  express,
  'fan-out': fanOut,
  'null-http': nullHttp,
  'null-resp': nullResp,
} as const satisfies Readonly<Record<string, Contestant>>;

export type ContestantName = keyof typeof contestants;
