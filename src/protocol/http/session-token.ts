import { logIndex } from '../../core/base/numbers.ts';
import type { SessionToken } from '../../core/store/reads.ts';

/**
 * What a session has seen, as clients carry it in X-KV-Session. Opaque to them; inside, base64url of
 *
 *     version (1 byte) · lineage number (7 bytes) · revision (7 bytes) · lineage id (UTF-8)
 *
 * Numbers are big-endian; 7 bytes hold every safe whole number.
 *
 * Versions: 1, the first.
 */
const TOKEN_VERSION = 1;
const NUMBER_BYTES = 7;
const ID_OFFSET = 1 + 2 * NUMBER_BYTES;

export const SESSION_TOKEN_PATTERN = '^[A-Za-z0-9_-]{22,512}$';

export function encodeSessionToken(token: SessionToken): string {
  const id = token.lineage.id;
  const bytes = Buffer.allocUnsafe(ID_OFFSET + Buffer.byteLength(id));
  bytes[0] = TOKEN_VERSION;
  writeNumber(bytes, token.lineage.number, 1);
  writeNumber(bytes, token.revision, 1 + NUMBER_BYTES);
  bytes.write(id, ID_OFFSET);
  return bytes.toString('base64url');
}

/** null: not a token of ours, or of a version that this release does not know. */
export function decodeSessionToken(text: string): SessionToken | null {
  const bytes = Buffer.from(text, 'base64url');
  // Decoding ignores what it does not know; only the one way to write these bytes is a token.
  if (bytes.length <= ID_OFFSET || bytes[0] !== TOKEN_VERSION || bytes.toString('base64url') !== text) return null;
  const number = readNumber(bytes, 1);
  const revision = readNumber(bytes, 1 + NUMBER_BYTES);
  if (!Number.isSafeInteger(number) || number < 1 || !Number.isSafeInteger(revision)) return null;
  return { lineage: { number, id: bytes.toString('utf8', ID_OFFSET) }, revision: logIndex(revision) };
}

const LOW = 2 ** 48;

function writeNumber(bytes: Buffer, value: number, offset: number): void {
  bytes[offset] = Math.floor(value / LOW);
  bytes.writeUIntBE(value % LOW, offset + 1, 6);
}

function readNumber(bytes: Buffer, offset: number): number {
  return (bytes[offset] ?? 0) * LOW + bytes.readUIntBE(offset + 1, 6);
}
