import { unreachable } from '../../core/base/assert.ts';
import {
  BATCH_STEPS_MAX,
  DELETED_KEYS_MAX,
  TRANSACTION_PARTS_MAX,
  type Comparison,
  LIFETIME_MS_MAX,
  type DataCommand,
  type KeyCommand,
  type Lifetime,
  type Relation,
  type Step,
  type WriteCommand,
} from '../../core/store/commands.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { isLockCommand, readFence, readLockCommand, writeFence, writeLockCommand } from './lock-codec.ts';
import {
  readCondition,
  readContentType,
  readInteger,
  readPrefix,
  writeCondition,
  writeContentType,
  writeInteger,
  writePrefix,
} from './store-codec.ts';

/** Numbers on the wire: append, never reorder. */
const COMMANDS: readonly (WriteCommand['kind'] | 'get')[] = [
  'put',
  'delete',
  'increment',
  'batch',
  'transaction',
  'get',
  'touch',
  'deletePrefix',
  'fenced',
  'acquire',
  'renew',
  'release',
];
const COMPARISONS: readonly Comparison['kind'][] = ['revision', 'version', 'value', 'condition'];
const RELATIONS: readonly Relation[] = ['equal', 'unequal', 'less', 'greater'];

export function writeCommand(writer: ByteWriter, command: WriteCommand): void {
  if ('lock' in command) {
    writer.oneOf(COMMANDS, command.kind);
    writeLockCommand(writer, command);
  } else if (command.kind === 'fenced') {
    writer.oneOf(COMMANDS, command.kind);
    writeFence(writer, command.fence);
    writeDataCommand(writer, command.command);
  } else {
    writeDataCommand(writer, command);
  }
}

function writeDataCommand(writer: ByteWriter, command: DataCommand): void {
  if (command.kind === 'batch') {
    writer.oneOf(COMMANDS, command.kind);
    writeSteps(writer, command.steps);
  } else if (command.kind === 'transaction') {
    writer.oneOf(COMMANDS, command.kind);
    writer.number(command.comparisons.length);
    for (const comparison of command.comparisons) writeComparison(writer, comparison);
    writeSteps(writer, command.then);
    writeSteps(writer, command.otherwise);
  } else if (command.kind === 'deletePrefix') {
    writer.oneOf(COMMANDS, command.kind);
    writePrefix(writer, command.prefix);
    writer.flag(command.expected !== null);
    if (command.expected !== null) writer.number(command.expected);
  } else {
    writeStep(writer, command);
  }
}

export function readCommand(reader: ByteReader): WriteCommand {
  const kind = reader.oneOf(COMMANDS, 'command');
  if (isLockCommand(kind)) return readLockCommand(reader, kind);
  if (kind !== 'fenced') return dataCommand(reader, kind);
  const fence = readFence(reader);
  return { kind, fence, command: dataCommand(reader, reader.oneOf(COMMANDS, 'command')) };
}

function dataCommand(reader: ByteReader, kind: (typeof COMMANDS)[number]): DataCommand {
  if (kind === 'batch') return { kind, steps: readSteps(reader, BATCH_STEPS_MAX) };
  if (kind === 'deletePrefix') return { kind, prefix: readPrefix(reader), expected: readExpected(reader) };
  if (kind !== 'transaction') return keyCommand(reader, stepOfKind(reader, kind));
  const comparisons: Comparison[] = [];
  for (let left = countWithin(reader, TRANSACTION_PARTS_MAX, 'comparisons'); left > 0; left--) {
    comparisons.push(readComparison(reader));
  }
  const then = readSteps(reader, TRANSACTION_PARTS_MAX);
  return { kind, comparisons, then, otherwise: readSteps(reader, TRANSACTION_PARTS_MAX) };
}

function readExpected(reader: ByteReader): number | null {
  if (!reader.flag('presence of a number of keys')) return null;
  const expected = reader.number('keys expected');
  return expected > DELETED_KEYS_MAX ? reader.fail(`${expected} keys expected`) : expected;
}

function writeStep(writer: ByteWriter, step: Step): void {
  writer.oneOf(COMMANDS, step.kind);
  writer.key(step.key);
  if (step.kind === 'get') return;
  writeCondition(writer, step.condition);
  switch (step.kind) {
    case 'put':
      writeLifetime(writer, step.lifetime);
      writeLifetime(writer, step.idle);
      writeContentType(writer, step.contentType);
      writer.bytesOf(step.value);
      return;
    case 'touch':
      writeLifetime(writer, step.lifetime);
      writeLifetime(writer, step.idle);
      return;
    case 'increment':
      writeInteger(writer, step.by);
      return;
    case 'delete':
      return;
    default:
      unreachable(step);
  }
}

function writeSteps(writer: ByteWriter, steps: readonly Step[]): void {
  writer.number(steps.length);
  for (const step of steps) writeStep(writer, step);
}

function readSteps(reader: ByteReader, max: number): readonly Step[] {
  const steps: Step[] = [];
  for (let left = countWithin(reader, max, 'steps'); left > 0; left--) steps.push(readStep(reader));
  return steps;
}

function readStep(reader: ByteReader): Step {
  return stepOfKind(reader, reader.oneOf(COMMANDS, 'step'));
}

function stepOfKind(reader: ByteReader, kind: (typeof COMMANDS)[number]): Step {
  return kind === 'batch' ||
    kind === 'transaction' ||
    kind === 'deletePrefix' ||
    kind === 'fenced' ||
    isLockCommand(kind)
    ? reader.fail(`a ${kind} within another command`)
    : stepOf(reader, kind);
}

function stepOf(reader: ByteReader, kind: Step['kind']): Step {
  const key = reader.key();
  if (kind === 'get') return { kind, key };
  const condition = readCondition(reader);
  switch (kind) {
    case 'put': {
      const [lifetime, idle] = [readLifetime(reader), readLifetime(reader)];
      const contentType = readContentType(reader);
      return { kind, key, value: reader.bytesOf('value'), contentType, condition, lifetime, idle };
    }
    case 'touch': {
      const [lifetime, idle] = [readLifetime(reader), readLifetime(reader)];
      return lifetime.kind === 'kept' && idle.kind === 'kept'
        ? reader.fail('a touch that changes nothing')
        : { kind, key, lifetime, idle, condition };
    }
    case 'increment':
      return { kind, key, by: readInteger(reader, 'what is added'), condition };
    case 'delete':
      return { kind, key, condition };
    default:
      return unreachable(kind);
  }
}

const keyCommand = (reader: ByteReader, step: Step): KeyCommand =>
  step.kind === 'get' ? reader.fail('a get where something is to be done') : step;

function writeComparison(writer: ByteWriter, comparison: Comparison): void {
  writer.oneOf(COMPARISONS, comparison.kind);
  writer.key(comparison.key);
  switch (comparison.kind) {
    case 'revision':
    case 'version':
      writer.oneOf(RELATIONS, comparison.relation);
      writer.number(comparison.number);
      return;
    case 'value':
      writer.flag(comparison.isEqual);
      writer.bytesOf(comparison.value);
      return;
    case 'condition':
      writeCondition(writer, comparison.condition);
      return;
    default:
      unreachable(comparison);
  }
}

function readComparison(reader: ByteReader): Comparison {
  const kind = reader.oneOf(COMPARISONS, 'comparison');
  const key = reader.key();
  switch (kind) {
    case 'revision':
    case 'version':
      return { kind, key, relation: reader.oneOf(RELATIONS, 'relation'), number: reader.number('number') };
    case 'value':
      return { kind, key, isEqual: reader.flag('equality'), value: reader.bytesOf('value') };
    case 'condition':
      return { kind, key, condition: readCondition(reader) };
    default:
      return unreachable(kind);
  }
}

const LIFETIMES: readonly Lifetime['kind'][] = ['unlimited', 'kept', 'limited'];
const UNLIMITED: Lifetime = Object.freeze({ kind: 'unlimited' });
const KEPT: Lifetime = Object.freeze({ kind: 'kept' });

function writeLifetime(writer: ByteWriter, lifetime: Lifetime): void {
  writer.oneOf(LIFETIMES, lifetime.kind);
  if (lifetime.kind === 'limited') writer.positive(lifetime.ms);
}

function readLifetime(reader: ByteReader): Lifetime {
  const kind = reader.oneOf(LIFETIMES, 'lifetime');
  if (kind !== 'limited') return kind === 'kept' ? KEPT : UNLIMITED;
  const ms = reader.positive('lifetime');
  return ms > LIFETIME_MS_MAX ? reader.fail(`a lifetime of ${ms} ms`) : { kind, ms };
}

function countWithin(reader: ByteReader, max: number, what: string): number {
  const count = reader.count(what);
  return count > max ? reader.fail(`${count} ${what}`) : count;
}
