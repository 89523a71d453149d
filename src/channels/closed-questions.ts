import { type Selectable, sql } from "kysely";
import { type ApprovalRow, decisionsOf } from "../approvals/index.ts";
import { activeRevision } from "../contracts/index.ts";
import type { Database, DB, Tx } from "../platform/database/index.ts";
import type { JobData, Jobs } from "../platform/jobs/index.ts";
import { channelBodySchema, editsInPlace, languageOf } from "./channel-body.ts";
import { type ClosedQuestion, closedWords } from "./closed-words.ts";
import { enqueueMessage, type MessageContent } from "./messages.ts";
import { recordSuppressed } from "./record-try.ts";
import type { MessageRow } from "./take.ts";

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

/**
 * Works on an `approval.closed` job: what asked the question and has been sent is changed in place where the channel can do
 * that, and what has not been sent is suppressed; once however often the job comes. What is being sent this moment is left
 * to who sends it.
 */
export async function noteClosedQuestion(
  deps: { db: Database; jobs: Pick<Jobs, "send"> },
  data: JobData["approval.closed"],
): Promise<void> {
  await deps.db.transaction({ role: "app", projects: [data.project_id] }, async (tx) => {
    const closed = await readClosed(tx, data);
    if (!closed) return;
    const messages = await tx
      .selectFrom("outbound_messages")
      .selectAll()
      .where("project_id", "=", data.project_id)
      .where("approval_id", "=", data.approval_id)
      .where("send_status", "in", ["queued", "sent"])
      .orderBy("message_id")
      .forUpdate()
      .execute();
    for (const message of messages) {
      if (message.send_status === "sent") await enqueueEdit(tx, deps.jobs, message, closed);
      else if (!message.is_unsure) {
        const reason = `Its question was closed before it was sent: ${closed.status}.`;
        await recordSuppressed(tx, message, reason);
      }
    }
  });
}

/** Has a message changed that has just been sent, if the question it asks has been closed meanwhile. */
export async function editIfClosed(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  { project_id, message_id, approval_id }: MessageRow,
): Promise<void> {
  const closed =
    approval_id === null ? undefined : await readClosed(tx, { project_id, approval_id });
  if (!closed) return;
  const message = await tx
    .selectFrom("outbound_messages")
    .selectAll()
    .where("project_id", "=", project_id)
    .where("message_id", "=", message_id)
    .executeTakeFirstOrThrow();
  await enqueueEdit(tx, jobs, message, closed);
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

/** How a question ended; undefined while it is open, or when it is not known any more. */
async function readClosed(tx: Tx, ids: Question): Promise<ClosedQuestion | undefined> {
  const question = await tx
    .selectFrom("approvals")
    .select(["status", "decided_at", "expires_at", "void_reason", "round"])
    .where("project_id", "=", ids.project_id)
    .where("approval_id", "=", ids.approval_id)
    .executeTakeFirst();
  if (!question || question.status === "open") return undefined;
  const status = question.status as ClosedQuestion["status"];
  const isDecided = status !== "expired" && status !== "voided";
  const decisions = isDecided ? await decisionsOf(tx, ids.project_id, ids.approval_id) : [];
  const deciding = decisions.filter(
    ({ decision, round }) => STATUS_OF[decision] === status && round === question.round,
  );
  return {
    status,
    by: await namesOf(tx, ids.project_id, deciding),
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
): Promise<string[]> {
  const ids = [...new Set(decisions.map(({ actor_id }) => actor_id))];
  if (ids.length === 0) return [];
  const members = await tx
    .selectFrom("members")
    .select(["member_id", "display_name"])
    .where("project_id", "=", projectId)
    .where("member_id", "in", ids)
    .execute();
  const names = new Map(members.map((member) => [member.member_id, member.display_name]));
  return ids.map((id) => names.get(id) ?? id);
}
