import { type Selectable, sql } from "kysely";
import { readQuestions } from "../approvals/index.ts";
import { type AgentBody, type Revision, readAgent, readRevision } from "../contracts/index.ts";
import type { Database, DB, Tx } from "../platform/database/index.ts";
import type { JobData, Jobs } from "../platform/jobs/index.ts";
import { isFinal, type RunRow, readRun } from "../runs/index.ts";
import { type ApprovalContent, enqueueMessage } from "./messages.ts";
import { questionText } from "./question-text.ts";
import { runLink } from "./run-link.ts";

export interface NotificationDeps {
  db: Database;
  jobs: Pick<Jobs, "send">;
  /** Where the console is reached. */
  publicUrl: string;
}

/**
 * Works on an `approval.opened` job: asks on each channel that the agent notifies, once per approval and channel
 * however often the job comes. A question that was answered meanwhile asks nobody.
 */
export async function notifyApprovalOpened(
  deps: NotificationDeps,
  data: JobData["approval.opened"],
): Promise<void> {
  await deps.db.transaction({ role: "app", projects: [data.project_id] }, async (tx) => {
    const approval = await readOpenQuestion(tx, data);
    const found = await readRunAndAgent(tx, data);
    if (!approval || !found) return;
    const { run, agent } = found;
    const [question] = await readQuestions(tx, [data], "en");
    if (!question) return;
    const link = runLink(deps.publicUrl, run.project_id, run.run_id);
    const call = `${approval.server}/${approval.tool_name}`;
    const headline =
      headlineOf(approval.headline, "en") ?? `May ${agent.body.display_name} call ${call}?`;
    const text = questionText(question, headline, link);
    for (const channelId of agent.body.notify) {
      await enqueueMessage(tx, deps.jobs, {
        ...aboutRun(run),
        channelId,
        type: "approval_request",
        text,
        approval: approvalContent(approval),
        onceKey: `approval/${approval.approval_id}`,
      });
    }
  });
}

const ASKED = [
  "approval_id",
  "server",
  "tool_name",
  "args_display",
  "headline",
  "expires_at",
  "escalation",
] as const;
export type OpenQuestion = Pick<Selectable<DB["approvals"]>, (typeof ASKED)[number]>;

/** A question that somebody can still decide about. */
export function readOpenQuestion(
  tx: Tx,
  ids: { project_id: string; approval_id: string },
): Promise<OpenQuestion | undefined> {
  return tx
    .selectFrom("approvals")
    .select(ASKED)
    .where("project_id", "=", ids.project_id)
    .where("approval_id", "=", ids.approval_id)
    .where("status", "=", "open")
    .where("expires_at", ">", sql<string>`clock_timestamp()`)
    .executeTakeFirst();
}

export function approvalContent(question: OpenQuestion): ApprovalContent {
  return {
    approval_id: question.approval_id,
    server: question.server,
    tool: question.tool_name,
    arguments: question.args_display,
    expires_at: question.expires_at,
  };
}

/** The contract's own words for the question, where it has any in that language. */
export function headlineOf(headline: unknown, language: "en" | "zh-TW"): string | undefined {
  const words = Object.entries(headline ?? {}).find(([of]) => of === language)?.[1];
  return typeof words === "string" ? words : undefined;
}

/**
 * Works on a `run.ended` job: tells each channel that the agent notifies how the run ended, once per run and channel.
 * A run that completed tells it only if its runbook has not done so itself.
 */
export async function notifyRunEnded(
  deps: NotificationDeps,
  data: JobData["run.ended"],
): Promise<void> {
  await deps.db.transaction({ role: "app", projects: [data.project_id] }, async (tx) => {
    const found = await readRunAndAgent(tx, data);
    if (!found || !isFinal(found.run.state)) return;
    const { run, agent } = found;
    const isDone = run.state === "completed";
    if (isDone && (await hasFinalMessage(tx, run))) return;
    const text = `${endingOf(run)}\n${runLink(deps.publicUrl, run.project_id, run.run_id)}`;
    for (const channelId of agent.body.notify) {
      await enqueueMessage(tx, deps.jobs, {
        ...aboutRun(run),
        channelId,
        type: isDone ? "final" : "error",
        text,
        onceKey: `ended/${run.run_id}`,
      });
    }
  });
}

/** What a message says of the run it is about. */
export function aboutRun(run: RunRow) {
  return {
    projectId: run.project_id,
    runId: run.run_id,
    triggeredByState: run.state,
    isShadow: run.is_shadow,
  };
}

const ENDINGS: Partial<Record<RunRow["state"], string>> = {
  completed: "is completed",
  failed: "failed",
  cancelled: "was cancelled",
  timed_out: "ran out of time",
};

function endingOf(run: RunRow): string {
  const reason = run.error_detail ?? run.error_code;
  return `${run.title}: the run ${ENDINGS[run.state]}${reason ? `. ${reason}` : "."}`;
}

async function hasFinalMessage(tx: Tx, run: RunRow): Promise<boolean> {
  const row = await tx
    .selectFrom("outbound_messages")
    .select("message_id")
    .where("project_id", "=", run.project_id)
    .where("run_id", "=", run.run_id)
    .where("message_type", "=", "final")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The run that a job names, and its agent as it is under the run's revision. */
export async function readRunAndAgent(
  tx: Tx,
  ids: { project_id: string; run_id: string },
): Promise<{ run: RunRow; agent: Revision<AgentBody> } | undefined> {
  const run = await readRun(tx, ids.project_id, ids.run_id);
  const revision = run && (await readRevision(tx, ids.project_id, run.revision_id));
  return revision && { run, agent: readAgent(revision) };
}
