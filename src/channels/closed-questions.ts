import { type Selectable, sql } from "kysely";
import { type ApprovalRow, decisionsOf } from "../approvals/index.ts";
import { activeRevision } from "../contracts/index.ts";
import type { Database, DB, Tx } from "../platform/database/index.ts";
import type { JobData, Jobs } from "../platform/jobs/index.ts";
import { channelBodySchema, editsInPlace, languageOf } from "./channel-body.ts";
import { type ClosedQuestion, closedWords } from "./closed-words.ts";
import { enqueueMessage, type MessageContent } from "./messages.ts";
import { recordSuppressed } from "./record-try.ts";
import { type MessageRow, unaskedBecause } from "./take.ts";

type Question = Pick<ApprovalRow, "project_id" | "approval_id">;

/**
 * Has the messages changed that asked questions which are open no more, by a job for each question that any message asked;
 * in the transaction that closes them. Registered as the approvals feature's listener.
 */
export async function editClosedQuestions(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  questions: readonly Question[],
): Promise<void> {
  const [first] = questions;
  if (!first) return;
  const asked = await tx
    .selectFrom("outbound_messages")
    .select(["project_id", "approval_id"])
    .distinct()
    .where("project_id", "=", first.project_id)
    .where(
      "approval_id",
      "=",
      sql<string>`any (${questions.map(({ approval_id }) => approval_id)}::uuid[])`,
    )
    .where("send_status", "in", ["queued", "sent"])
    .execute();
  const data = asked.flatMap(({ project_id, approval_id }) =>
    approval_id === null ? [] : [{ project_id, approval_id }],
  );
  if (data.length > 0) await jobs.send(tx, "approval.closed", data);
}

/** Works on an `approval.closed` job; once however often the job comes. */
export async function noteClosedQuestion(
  deps: { db: Database; jobs: Pick<Jobs, "send"> },
  data: JobData["approval.closed"],
): Promise<void> {
  await deps.db.transaction({ role: "app", projects: [data.project_id] }, (tx) =>
    retireMessages(tx, deps.jobs, data),
  );
}

/**
 * Deals with the messages that asked what nobody can answer any more, for the question is closed or about other arguments by
 * now: what has been sent is changed in place where the channel can do that, and what has not been sent is suppressed. What is
 * being sent this moment is left to who sends it.
 */
export async function retireMessages(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  ids: Question,
): Promise<void> {
  const question = await readAsked(tx, ids);
  if (!question || (question.status === "open" && question.round === 1)) return;
  const messages = await tx
    .selectFrom("outbound_messages")
    .selectAll()
    .where("project_id", "=", ids.project_id)
    .where("approval_id", "=", ids.approval_id)
    .where("send_status", "in", ["queued", "sent"])
    .orderBy("message_id")
    .forUpdate()
    .execute();
  for (const message of messages) {
    const closed = closedFor(message, question);
    if (!closed) continue;
    if (message.send_status === "sent") await enqueueEdit(tx, jobs, message, closed);
    else if (!message.is_unsure) await recordSuppressed(tx, message, unaskedBecause(closed.status));
  }
}

/** Has a message changed that has just been sent, if nobody can answer any more what it asks. */
export async function editIfClosed(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  { project_id, message_id, approval_id }: MessageRow,
): Promise<void> {
  if (approval_id === null) return;
  const question = await readAsked(tx, { project_id, approval_id });
  if (!question || (question.status === "open" && question.round === 1)) return;
  const message = await tx
    .selectFrom("outbound_messages")
    .selectAll()
    .where("project_id", "=", project_id)
    .where("message_id", "=", message_id)
    .executeTakeFirstOrThrow();
  const closed = closedFor(message, question);
  if (closed) await enqueueEdit(tx, jobs, message, closed);
}

async function enqueueEdit(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  message: MessageRow,
  closed: ClosedQuestion,
): Promise<void> {
  if (message.provider_message_id === null) return;
  const { project_id, channel_id, message_id, run_id } = message;
  const revision = await activeRevision(tx, project_id, channel_id, "channel");
  const body = channelBodySchema.safeParse(revision?.body).data;
  if (!body || !editsInPlace(body)) return;
  const { text } = message.content as unknown as MessageContent;
  await enqueueMessage(tx, jobs, {
    projectId: project_id,
    ...(run_id === null ? {} : { runId: run_id }),
    channelId: channel_id,
    type: "notice",
    subjectKind: "question_closed",
    text: `${closedWords(languageOf(body), closed)}\n\n${text}`,
    isShadow: false,
    edits: message_id,
    onceKey: `closed/${message_id}`,
  });
}

/** A question as far as it bears on the messages that asked it. */
interface AskedQuestion extends Omit<ClosedQuestion, "status"> {
  status: "open" | Exclude<ClosedQuestion["status"], "edited" | "approved_edited">;
  round: number;
  /** Of the arguments that it is about now. */
  argsHash: string;
  /** Who put other arguments in the place of the first ones last, and when. */
  edited: Pick<ClosedQuestion, "by" | "at">;
}

/** What became of what a message asked; undefined while somebody can answer it. */
function closedFor(
  { content }: MessageRow,
  { status, argsHash, edited, ...question }: AskedQuestion,
): ClosedQuestion | undefined {
  const asked = (content as unknown as MessageContent).approval?.args_hash;
  const isOther = asked !== undefined && asked !== argsHash;
  if (status === "open") return isOther ? { status: "edited", ...edited, reason: null } : undefined;
  return { ...question, status: isOther && status === "approved" ? "approved_edited" : status };
}

/** Undefined when the question is not known any more. */
async function readAsked(tx: Tx, ids: Question): Promise<AskedQuestion | undefined> {
  const question = await tx
    .selectFrom("approvals")
    .select(["status", "decided_at", "expires_at", "void_reason", "round", "edited_by"])
    .select((of) => of.fn.coalesce("approved_hash", "asked_hash").as("hash"))
    .where("project_id", "=", ids.project_id)
    .where("approval_id", "=", ids.approval_id)
    .executeTakeFirst();
  if (!question) return undefined;
  const status = question.status as AskedQuestion["status"];
  const decisions = await decisionsOf(tx, ids.project_id, ids.approval_id);
  const inRound = decisions.filter(({ round }) => round === question.round);
  // Whoever edited what others then approve has not approved it.
  const deciding = inRound.filter(
    ({ decision, counts_for }) =>
      STATUS_OF[decision] === status && !(decision === "edit" && counts_for === null),
  );
  const edit = inRound.find(({ decision }) => decision === "edit");
  const names = await namesOf(tx, ids.project_id, inRound);
  const isDecided = deciding.length > 0;
  return {
    status,
    round: question.round,
    argsHash: question.hash,
    edited: {
      by: edit ? [names.get(edit.actor_id) ?? edit.actor_id] : [],
      at: edit?.created_at ?? question.expires_at,
    },
    by: [...new Set(deciding.map(({ actor_id }) => names.get(actor_id) ?? actor_id))],
    at: status === "expired" ? question.expires_at : (question.decided_at ?? question.expires_at),
    reason: isDecided ? (deciding.at(-1)?.reason ?? null) : question.void_reason,
  };
}

const STATUS_OF: Record<string, ClosedQuestion["status"]> = {
  approve: "approved",
  edit: "approved",
  reject: "rejected",
  request_changes: "changes_requested",
};

async function namesOf(
  tx: Tx,
  projectId: string,
  decisions: readonly Pick<Selectable<DB["approval_decisions"]>, "actor_id">[],
): Promise<Map<string, string>> {
  const ids = [...new Set(decisions.map(({ actor_id }) => actor_id))];
  if (ids.length === 0) return new Map();
  const members = await tx
    .selectFrom("members")
    .select(["member_id", "display_name"])
    .where("project_id", "=", projectId)
    .where("member_id", "in", ids)
    .execute();
  return new Map(members.map((member) => [member.member_id, member.display_name]));
}
