import type { EscalationStep } from "../contracts/index.ts";
import type { JobData } from "../platform/jobs/index.ts";
import { enqueueMessage } from "./messages.ts";
import {
  aboutRun,
  approvalContent,
  headlineOf,
  type NotificationDeps,
  type OpenQuestion,
  readOpenQuestion,
  readRunAndAgent,
} from "./notifications.ts";
import { runLink } from "./run-link.ts";

/**
 * Works on an `approval.reminder` job: tells the step's channels, or those that the agent notifies, that nobody has decided
 * yet; once per step and channel however often the job comes. A question that was answered meanwhile reminds nobody.
 */
export async function notifyReminder(
  deps: NotificationDeps,
  data: JobData["approval.reminder"],
): Promise<void> {
  await deps.db.transaction({ role: "app", projects: [data.project_id] }, async (tx) => {
    const question = await readOpenQuestion(tx, data);
    const found = await readRunAndAgent(tx, data);
    const step = (question?.escalation as unknown as EscalationStep[] | undefined)?.[data.step];
    if (!question || !found || !step) return;
    const { run, agent } = found;
    const link = runLink(deps.publicUrl, run.project_id, run.run_id);
    const text = [...wordsOf(question, step), run.title, link].join("\n");
    for (const channelId of new Set(step.channels ?? agent.body.notify)) {
      await enqueueMessage(tx, deps.jobs, {
        ...aboutRun(run),
        channelId,
        type: "approval_request",
        ...(step.to_group === undefined ? {} : { subjectKind: "escalation" }),
        text,
        approval: approvalContent(question),
        onceKey: `reminder/${question.approval_id}/${data.step}`,
      });
    }
  });
}

/** What is said, in both languages: nobody knows which of them is read in a channel. */
function wordsOf(question: OpenQuestion, { to_group: group }: EscalationStep): string[] {
  const { server, tool_name, expires_at } = question;
  const until = `${expires_at.slice(0, 19).replace("T", " ")} UTC`;
  const call = `${server}/${tool_name}`;
  const en = headlineOf(question.headline, "en") ?? `May ${call} be called?`;
  const zh = headlineOf(question.headline, "zh-TW") ?? en;
  return group === undefined
    ? [
        `Nobody has decided yet; there is time until ${until}. ${en}`,
        `尚無人決定，期限為 ${until}。${zh}`,
      ]
    : [
        `Escalated to ${group}: nobody has decided yet; there is time until ${until}. ${en}`,
        `已升級至 ${group}：尚無人決定，期限為 ${until}。${zh}`,
      ];
}
