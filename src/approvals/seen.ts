import { canonicalHash } from "../platform/canonical.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import type { ApprovalRow } from "./queries.ts";
import { readQuestions } from "./question.ts";

/** Of what was shown, more is not kept: a record stays small enough to be handed on. */
const SEEN_MAX = 128 * 1024;

/** A question as it was told to whoever decided about it, redacted, and its hash. */
export interface Seen {
  content: Record<string, unknown>;
  hash: string;
}

/** A message that showed a question, and by which it was decided. */
export interface Shown {
  channel_id: string;
  message_id: string;
  text: string;
}

/**
 * What the API tells of a question at this moment, in the transaction that decides about it and before it does: that is
 * what its decider could see; and the message by which they decided, where it was one. (Whether a person has looked at it, no server knows.)
 */
export async function readSeen(
  tx: Tx,
  { project_id, approval_id }: ApprovalRow,
  language: "en" | "zh-TW",
  shown?: Shown,
): Promise<Seen> {
  const [question] = await readQuestions(tx, [{ project_id, approval_id }], language);
  if (!question) throw new Error("a question that is decided about can be read");
  // As it comes back from the database: what is undefined is not there.
  const whole = JSON.parse(JSON.stringify({ ...question, language, message: shown })) as Record<
    string,
    unknown
  >;
  const content = withoutBulk(whole);
  return { content, hash: canonicalHash(content) };
}

/** Of arguments that are too long to keep with each decision, their hash is kept; the table of them is short. */
function withoutBulk(question: Record<string, unknown>): Record<string, unknown> {
  const { length } = JSON.stringify(question);
  if (length <= SEEN_MAX) return question;
  const redacted_hash = canonicalHash(question.arguments);
  return { ...question, arguments: { truncated: true, redacted_hash } };
}

/** Keeps what was seen beside its decision, where it can be erased; the decision has the hash. */
export async function keepSeen(
  tx: Tx,
  of: { project_id: string; run_id: string; decision_id: string },
  seen: Seen,
): Promise<void> {
  await tx
    .insertInto("approval_seen")
    .values({ ...of, content: jsonb(seen.content) })
    .execute();
}
