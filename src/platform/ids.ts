import { v7 } from "uuid";

/** A new UUIDv7 (RFC 9562 §5.7): sorts by time, so rows can be partitioned by it. */
export function newId(): string {
  return v7();
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
