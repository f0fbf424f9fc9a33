import type { JsonSchema, Parameter } from '../operation.ts';
import { envelopeExample, envelopeSchema } from './parts.ts';

/** What a read of older versions takes, and the list of those that are kept. */

/** What a revision or a version may be; they are counted from 1. */
const NUMBER_PATTERN = '^[1-9][0-9]{0,14}$';

export const version: Parameter = {
  name: 'version',
  in: 'query',
  required: false,
  description: 'a whole number from 1: the version to read, in place of the newest',
  schema: { type: 'string', pattern: NUMBER_PATTERN },
  example: '3',
};

export const revision: Parameter = {
  name: 'revision',
  in: 'query',
  required: false,
  description: 'a whole number from 1: what is read is the version that was the newest at that revision',
  schema: { type: 'string', pattern: NUMBER_PATTERN },
  example: '812',
};

export const history: Parameter = {
  name: 'history',
  in: 'query',
  required: false,
  description: 'true or false; with true the answer lists the versions that are kept; false if not given',
  schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
  example: 'true',
};

export const values: Parameter = {
  name: 'values',
  in: 'query',
  required: false,
  description: 'true or false; with history=true, whether values are listed, too; false if not given',
  schema: { type: 'string', enum: ['true', 'false'] },
  example: 'true',
};

const { key: _key, keyB64: _keyB64, ...ofVersion } = envelopeSchema.properties;

const historySchema = {
  type: 'object',
  required: ['revision', 'versions'],
  properties: {
    revision: { type: 'integer', description: 'What is listed is kept at this revision.' },
    versions: {
      type: 'array',
      description: 'The newest first.',
      items: {
        type: 'object',
        required: [...envelopeSchema.required, 'modifiedAt', 'size'],
        properties: {
          ...ofVersion,
          modifiedAt: { type: 'string', description: 'When it was written, as a date in ISO 8601.' },
          size: { type: 'integer', description: 'Bytes of the value.' },
        },
      },
    },
  },
} as const;

/** A value may have been written as JSON, too. */
export const historyOrValue: JsonSchema = {
  description: 'With `history=true` the versions that are kept; else a value of this type, as it was written.',
  anyOf: [historySchema, { type: ['object', 'array', 'string', 'number', 'boolean', 'null'] }],
};

const { key: _named, ...exampleOfVersion } = envelopeExample;

export const historyExample = {
  revision: 840,
  versions: [{ ...exampleOfVersion, modifiedAt: '2026-11-28T09:00:00.000Z', size: 4 }],
} as const;
