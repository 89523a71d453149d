import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

const RANDOM_BYTES = 16;
/** Random bytes for many ids at once: asking the system for each costs more than all the rest of an id. */
const pool = Buffer.alloc(256 * RANDOM_BYTES);
let used = pool.length;

function randomBytes(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += RANDOM_BYTES;
  return pool.subarray(used - RANDOM_BYTES, used);
}

let msecs = 0;
let seq = 0;

/**
 * A new UUIDv7 (RFC 9562 §5.7): sorts by time, so rows can be partitioned by it; those of one process in the order in which
 * they were made.
 */
export function newId(): string {
  const random = randomBytes();
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // Half the range, so that counting up within a millisecond never comes to its end.
    seq = random.readUInt32BE(0) >>> 1;
  } else seq += 1;
  return v7({ random, msecs, seq });
}

const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether the text is a UUID in canonical form, in any letter case, and nothing looser. */
export function isUuid(text: string): boolean {
  return CANONICAL.test(text);
}

const APPROVAL_PREFIX = "apr_";

/** The id of an approval as a person or an agent sees it: `apr_` and the UUID. */
export function approvalName(approvalId: string): string {
  return APPROVAL_PREFIX + approvalId;
}

/** The UUID in an approval's name; accepts the bare UUID as well. Undefined when it is neither. */
export function parseApprovalName(text: string): string | undefined {
  const bare = text.startsWith(APPROVAL_PREFIX) ? text.slice(APPROVAL_PREFIX.length) : text;
  return isUuid(bare) ? bare.toLowerCase() : undefined;
}
