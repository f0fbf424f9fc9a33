import type { JsonSchema } from '../operation.ts';

/** What `GET /v1/cluster` tells. */

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const number = { type: 'number' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const texts = { type: 'array', items: text } as const;

/** All of them are there. */
const whole = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

const lineage: JsonSchema = {
  description: 'null: no data.',
  anyOf: [whole({ number: count, id: text }), { type: 'null' }],
};

const replica = whole({
  replica: { type: 'string', description: "Pod, the pod's uid, and the id of its data." },
  podName: text,
  role: { type: 'string', enum: ['seeking', 'following', 'leading'] },
  standing: { type: 'string', enum: ['leader', 'member', 'standby', 'learner', 'none'] },
  ready: flag,
  stopping: flag,
  frozen: flag,
  epoch: count,
  lineage,
  lastIndex: count,
  commitIndex: count,
  appliedIndex: count,
  keys: count,
  storeBytes: count,
  memoryBytes: { ...count, description: 'The store, kept outcomes and the log: what counts against memoryBytesMax.' },
  olderVersions: { ...count, description: 'Kept beside the newest ones.' },
  historyBytes: { ...count, description: 'Of memoryBytes, what older versions take.' },
  memoryBytesMax: count,
  cpuPercent: { type: 'number', description: 'Of one core.' },
  memoryPercent: { type: 'number', description: 'Of what the process may have.' },
  httpAddress: text,
  followers: {
    type: 'array',
    description: 'Of the leader: how far each follower is behind.',
    items: whole({ replica: text, standing: text, lagEntries: count, lagMs: number }),
  },
  peerAddress: text,
});

export const clusterSchema: JsonSchema = whole({
  leader: { type: ['string', 'null'] },
  epoch: count,
  lineage,
  members: texts,
  standbys: texts,
  frozen: { type: 'boolean', description: 'Only an operator can go on.' },
  replicas: { type: 'array', description: 'Those that answered.', items: replica },
  unreachable: {
    type: 'array',
    description: 'Those that did not.',
    items: whole({ podName: text, peerAddress: text, reason: text }),
  },
});

const LINEAGE = { number: 1, id: 'b1c2d3-1' } as const;

export const clusterExample = {
  leader: 'kvstore-0',
  epoch: 3,
  lineage: LINEAGE,
  members: ['kvstore-0', 'kvstore-1', 'kvstore-2'],
  standbys: [],
  frozen: false,
  replicas: [
    {
      replica: 'kvstore-0/9c2f/b1c2d3',
      podName: 'kvstore-0',
      role: 'leading',
      standing: 'leader',
      ready: true,
      stopping: false,
      frozen: false,
      epoch: 3,
      lineage: LINEAGE,
      lastIndex: 812,
      commitIndex: 812,
      appliedIndex: 812,
      keys: 12,
      storeBytes: 3000,
      memoryBytes: 4000,
      olderVersions: 2,
      historyBytes: 130,
      memoryBytesMax: 268_435_456,
      cpuPercent: 1.3,
      memoryPercent: 8.2,
      httpAddress: '10.0.0.1:8000',
      followers: [{ replica: 'kvstore-1/1b7e/e4f5a6', standing: 'member', lagEntries: 0, lagMs: 0 }],
      peerAddress: '10.0.0.1:7000',
    },
  ],
  unreachable: [{ podName: 'kvstore-2', peerAddress: '10.0.0.3:7000', reason: 'no answer within 1000 ms' }],
} as const;
