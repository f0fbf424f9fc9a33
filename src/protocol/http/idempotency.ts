import { createHash } from 'node:crypto';

import { IDEMPOTENCY_KEY_BYTES_MAX, type IdempotencyKey, type WriteCommand } from '../../core/store/commands.ts';

/** Visible ASCII: a header sent twice is joined by a comma and a space, and so refused. */
export const IDEMPOTENCY_KEY_PATTERN = `^[\\x21-\\x7e]{1,${IDEMPOTENCY_KEY_BYTES_MAX}}$`;

/** The key with a digest of everything that makes the request what it is. */
export function idempotencyKeyOf(key: string, method: string, command: WriteCommand): IdempotencyKey {
  const hash = createHash('sha256');
  if (command.kind === 'put') {
    // JSON keeps the parts apart; the value comes last and needs no mark of its end.
    const { key: written, condition, contentType, lifetime, idle } = command;
    hash.update(JSON.stringify([method, written, condition, contentType, lifetime, idle]));
    hash.update(command.value);
  } else {
    // The id of a lock is drawn anew for every repetition; the first that got the lock gave it its own.
    const same = command.kind === 'acquire' ? { ...command, lockId: '' } : command;
    hash.update(JSON.stringify([method, same], inWords));
  }
  return { key, digest: hash.digest('base64url') };
}

function inWords(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'bigint' ? String(value) : value;
}
