import { CONTENT_TYPE_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX } from '../../core/store/commands.ts';
import { LOCK_ID_BYTES_MAX, LOCK_OWNER_BYTES_MAX } from '../../core/store/locks.ts';

/** How long text may be in UTF-8. Both sides of the codec hold to it: what one writes the other reads. */
export interface TextLimits {
  readonly bytesMin: number;
  readonly bytesMax: number;
}

/** Names, addresses, what a client says: nothing on the wire that is text is longer. */
export const ANY_TEXT: TextLimits = { bytesMin: 0, bytesMax: 4096 };

export const SESSION: TextLimits = { bytesMin: 1, bytesMax: 1024 };
export const LINEAGE_ID: TextLimits = { bytesMin: 1, bytesMax: 1024 };
export const CONTENT_TYPE: TextLimits = { bytesMin: 0, bytesMax: CONTENT_TYPE_BYTES_MAX };
/** Its limit is in characters, each of which may take three bytes. */
export const IDEMPOTENCY_KEY: TextLimits = { bytesMin: 1, bytesMax: 3 * IDEMPOTENCY_KEY_BYTES_MAX };
export const LOCK_ID: TextLimits = { bytesMin: 1, bytesMax: LOCK_ID_BYTES_MAX };
export const LOCK_OWNER: TextLimits = { bytesMin: 0, bytesMax: LOCK_OWNER_BYTES_MAX };
/** A sign and nineteen digits. */
export const INTEGER: TextLimits = { bytesMin: 1, bytesMax: 20 };
export const DIGEST: TextLimits = { bytesMin: 0, bytesMax: 1024 };
/** Three parts of 1 to 253 bytes and two strokes. */
export const REPLICA_ID: TextLimits = { bytesMin: 5, bytesMax: 761 };
export const ADDRESS: TextLimits = { bytesMin: 1, bytesMax: 512 };
