import { type Selectable, sql } from "kysely";
import { readQuestions } from "../approvals/index.ts";
import { type AgentBody, type Revision, readAgent, readRevision } from "../contracts/index.ts";
import type { Database, DB, Tx } from "../platform/database/index.ts";
import type { JobData, Jobs } from "../platform/jobs/index.ts";
import { isFinal, type RunRow, readRun } from "../runs/index.ts";
import { chatButtons, mayApproveInChat } from "./chat-buttons.ts";
import type { ChatTags } from "./chat-tags.ts";
import type { Language } from "./chat-types.ts";
import { retireMessages } from "./closed-questions.ts";
import { type ApprovalContent, enqueueMessage, type NewMessage } from "./messages.ts";
import { type QuestionText, questionText } from "./question-text.ts";
import { runLink } from "./run-link.ts";

export interface NotificationDeps {
  db: Database;
  jobs: Pick<Jobs, "send">;
  /** Where the console is reached. */
  publicUrl: string;
  tags: ChatTags;
}

/**
 * Works on an `approval.opened` job: asks on each channel that the agent notifies, once per approval and channel
 * however often the job comes. A question that was answered meanwhile asks nobody. One that is about other arguments than it
 * was is asked anew, and what asked it before says so.
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
    const wordsIn = wordsOfQuestion(tx, deps, { run, agent, approval });
    for (const channelId of agent.body.notify) {
      await enqueueMessage(tx, deps.jobs, {
        ...aboutRun(run),
        channelId,
        type: "approval_request",
        text: async (language) => (await wordsIn(language)).text,
        approval: approvalContent(approval),
        buttons: buttonsOn(deps, { run, agent, approval, channelId }, wordsIn),
        onceKey: onceKeyOf(approval),
      });
    }
    if (approval.round > 1) await retireMessages(tx, deps.jobs, data);
  });
}

function onceKeyOf({ approval_id, round }: OpenQuestion): string {
  return round === 1 ? `approval/${approval_id}` : `approval/${approval_id}/${round}`;
}

/** A question, its run and the agent that asks. */
interface Asking {
  run: RunRow;
  agent: Revision<AgentBody>;
  approval: OpenQuestion;
}

type WordsIn = (language: Language) => Promise<QuestionText>;

/** What a question says in a language, read once for each. */
export function wordsOfQuestion(tx: Tx, deps: NotificationDeps, asking: Asking): WordsIn {
  const known = new Map<Language, Promise<QuestionText>>();
  return (language) => {
    const words = known.get(language) ?? readWords(tx, deps, asking, language);
    known.set(language, words);
    return words;
  };
}

async function readWords(
  tx: Tx,
  { publicUrl }: NotificationDeps,
  { run, agent, approval }: Asking,
  language: Language,
): Promise<QuestionText> {
  const { project_id, run_id } = run;
  const { approval_id, headline } = approval;
  const [question] = await readQuestions(tx, [{ project_id, approval_id }], language);
  if (!question) throw new Error("a question that has just been read is gone");
  const words = headlineOf(headline, language) ?? plainHeadline(agent, approval, language);
  return questionText(question, words, runLink(publicUrl, project_id, run_id), language);
}

function plainHeadline(
  { body }: Revision<AgentBody>,
  { server, tool_name }: OpenQuestion,
  language: Language,
): string {
  const call = `${server}/${tool_name}`;
  return language === "zh-TW"
    ? `${body.display_name} 可以呼叫 ${call} 嗎？`
    : `May ${body.display_name} call ${call}?`;
}

/** The buttons under a message that asks. */
export function buttonsOn(
  { tags, publicUrl }: NotificationDeps,
  { run, agent, approval, channelId }: Asking & { channelId: string },
  wordsIn: WordsIn,
): NewMessage["buttons"] {
  const { server, tool_name, approval_id } = approval;
  const { project_id: projectId, run_id } = run;
  const grant = agent.body.tools.find((each) => each.server === server && each.tool === tool_name);
  const about = { projectId, channelId, approvalId: approval_id, argsHash: hashOf(approval) };
  const link = runLink(publicUrl, projectId, run_id);
  return async ({ messageId, language }) => {
    const mayApprove = mayApproveInChat(grant?.ask, (await wordsIn(language)).isWhole);
    return chatButtons(tags, { ...about, messageId }, { mayApprove, language, link });
  };
}

/** Of the arguments that a question is about now. */
const hashOf = ({ approved_hash, asked_hash }: OpenQuestion) => approved_hash ?? asked_hash;

const ASKED = [
  "approval_id",
  "server",
  "tool_name",
  "args_display",
  "approved_args_display",
  "asked_hash",
  "approved_hash",
  "headline",
  "expires_at",
  "escalation",
  "round",
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
    args_hash: hashOf(question),
    expires_at: question.expires_at,
    // Last: what is too long is cut off from here on.
    arguments: question.approved_args_display ?? question.args_display,
  };
}

/** The contract's own words for the question, where it has any in that language. */
function headlineOf(headline: unknown, language: Language): string | undefined {
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
    const link = runLink(deps.publicUrl, run.project_id, run.run_id);
    for (const channelId of agent.body.notify) {
      await enqueueMessage(tx, deps.jobs, {
        ...aboutRun(run),
        channelId,
        type: isDone ? "final" : "error",
        text: (language) => `${endingOf(run, language)}\n${link}`,
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

const ENDINGS: Partial<Record<RunRow["state"], Record<Language, string>>> = {
  completed: { en: "is completed", "zh-TW": "已完成" },
  failed: { en: "failed", "zh-TW": "失敗" },
  cancelled: { en: "was cancelled", "zh-TW": "已取消" },
  timed_out: { en: "ran out of time", "zh-TW": "逾時" },
};

function endingOf(run: RunRow, language: Language): string {
  const reason = run.error_detail ?? run.error_code;
  const ending = ENDINGS[run.state]?.[language];
  return language === "zh-TW"
    ? `${run.title}：執行${ending}${reason ? `。${reason}` : "。"}`
    : `${run.title}: the run ${ending}${reason ? `. ${reason}` : "."}`;
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
