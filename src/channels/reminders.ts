import type { EscalationStep } from "../contracts/index.ts";
import type { JobData } from "../platform/jobs/index.ts";
import type { Language } from "./chat-types.ts";
import { enqueueMessage } from "./messages.ts";
import {
  aboutRun,
  approvalContent,
  buttonsOn,
  type NotificationDeps,
  type OpenQuestion,
  readOpenQuestion,
  readRunAndAgent,
  wordsOfQuestion,
} from "./notifications.ts";

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
    const wordsIn = wordsOfQuestion(tx, deps, { run, agent, approval: question });
    for (const channelId of new Set(step.channels ?? agent.body.notify)) {
      await enqueueMessage(tx, deps.jobs, {
        ...aboutRun(run),
        channelId,
        type: "approval_request",
        ...(step.to_group === undefined ? {} : { subjectKind: "escalation" }),
        text: async (language) =>
          `${wordsOf(question, step, language)}\n${(await wordsIn(language)).text}`,
        approval: approvalContent(question),
        buttons: buttonsOn(deps, { run, agent, approval: question, channelId }, wordsIn),
        onceKey: `reminder/${question.approval_id}/${data.step}`,
      });
    }
  });
}

/** What is said before the question itself. */
function wordsOf(
  { expires_at }: OpenQuestion,
  { to_group: group }: EscalationStep,
  language: Language,
): string {
  const until = `${expires_at.slice(0, 19).replace("T", " ")} UTC`;
  if (language === "zh-TW")
    return `${group === undefined ? "" : `已升級至 ${group}：`}尚無人決定，期限為 ${until}。`;
  const nobody = `obody has decided yet; there is time until ${until}.`;
  return group === undefined ? `N${nobody}` : `Escalated to ${group}: n${nobody}`;
}
