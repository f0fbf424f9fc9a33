import { OBJECTIONS } from '../../../core/election/recovery.ts';
import type { Operation } from '../operation.ts';
import { BODY_ERRORS } from './parts.ts';
import { problemResponses } from './problem.ts';

/** Routes of a replica, and of no proxy, for those who run it. */

export const RECOVERY_PATH = '/v1/admin/recovery';

const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const text = { type: 'string', minLength: 1, maxLength: 1024 } as const;

const lineage = {
  description: 'null: no data.',
  anyOf: [
    {
      type: 'object',
      required: ['number', 'id'],
      properties: { number: { ...count, minimum: 1 }, id: text },
      additionalProperties: false,
    },
    { type: 'null' },
  ],
} as const;

const holding = {
  type: 'object',
  description: 'How much of which history the replica has.',
  required: ['lineage', 'lastEpoch', 'lastIndex'],
  properties: { lineage, lastEpoch: count, lastIndex: count },
  additionalProperties: false,
} as const;

const version = {
  type: 'object',
  required: ['uid', 'resourceVersion'],
  properties: { uid: text, resourceVersion: text },
  additionalProperties: false,
} as const;

/** What the operator goes by. */
export const recoverBody = {
  type: 'object',
  required: ['shown', 'record', 'silentPods'],
  properties: {
    shown: holding,
    record: {
      description: 'The version of the Lease that was shown; null: there was none.',
      anyOf: [version, { type: 'null' }],
    },
    silentPods: {
      type: 'array',
      description: 'Names of the pods that did not answer; any other pod that runs has to.',
      maxItems: 1000,
      items: text,
    },
    despite: {
      type: 'array',
      description: `Objections that are set aside: ${OBJECTIONS.join(', ')}.`,
      uniqueItems: true,
      items: { type: 'string', enum: OBJECTIONS },
    },
  },
  additionalProperties: false,
} as const;

const seenRecord = {
  description: "What stands in the Lease's place, as this replica read it last.",
  oneOf: [
    { type: 'object', required: ['kind'], properties: { kind: { enum: ['unknown', 'absent'] } } },
    {
      type: 'object',
      required: ['kind', 'state', 'version'],
      properties: { kind: { const: 'there' }, state: { enum: ['unfilled', 'obeyed', 'lost'] }, version },
    },
  ],
} as const;

const view = {
  type: 'object',
  required: ['replica', 'role', 'frozen', 'takesWrites', 'epoch', 'obeys', 'holding', 'commitIndex', 'keys', 'record'],
  properties: {
    replica: text,
    role: { type: 'string', enum: ['seeking', 'following', 'leading'] },
    frozen: {
      type: ['string', 'null'],
      description: 'Why nothing can be done without an operator; null: something can.',
    },
    takesWrites: { type: 'boolean' },
    epoch: count,
    obeys: lineage,
    holding,
    commitIndex: count,
    keys: count,
    record: seenRecord,
  },
} as const;

const HOLDING = { lineage: { number: 1, id: 'd1.1' }, lastEpoch: 3, lastIndex: 812 } as const;
const VERSION = { uid: '9c2f', resourceVersion: '5123' } as const;

const VIEW = {
  replica: 'kvstore-0/9c2f/b1c2d3',
  role: 'seeking',
  frozen: 'the record is lost',
  takesWrites: false,
  epoch: 3,
  obeys: { number: 1, id: 'd1.1' },
  holding: HOLDING,
  commitIndex: 812,
  keys: 12,
  record: { kind: 'there', state: 'lost', version: VERSION },
} as const;

export const viewRoute: Operation = {
  method: 'get',
  path: RECOVERY_PATH,
  operationId: 'recoveryView',
  tags: ['admin'],
  servedBy: 'kvstore',
  summary: 'What this replica has, for an operator who is to decide',
  parameters: [],
  responses: { '200': { description: 'As of now.', content: { 'application/json': { schema: view, example: VIEW } } } },
};

export const recoverRoute: Operation = {
  method: 'post',
  path: RECOVERY_PATH,
  operationId: 'recover',
  tags: ['admin'],
  servedBy: 'kvstore',
  summary: 'Begin a new lineage with the data of this replica',
  description:
    'Acknowledged writes that this replica does not hold are lost. `kv admin recover` asks for it. The body says what the decision rests on, as GET showed it, and holds only while that is so. Pods that may stay silent are named; any other pod that runs has to answer.',
  parameters: [],
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: recoverBody,
        example: { shown: HOLDING, record: VERSION, silentPods: ['kvstore-2'], despite: [] },
      },
    },
  },
  responses: {
    '200': {
      description: 'It has begun.',
      content: {
        'application/json': {
          schema: { type: 'object', required: ['lineage', 'epoch'], properties: { lineage, epoch: count } },
          example: { lineage: { number: 2, id: 'd1.2' }, epoch: 4 },
        },
      },
    },
    ...problemResponses(
      'bad-request',
      'leader-works',
      'not-frozen',
      'more-elsewhere',
      'view-outdated',
      'pod-not-listed',
      'recovery-under-way',
      ...BODY_ERRORS,
      'kubernetes-away',
      'overloaded',
      'stopping',
    ),
  },
};

export const adminOperations: readonly Operation[] = [viewRoute, recoverRoute];
