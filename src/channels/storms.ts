import { readAgent, readRevision } from "../contracts/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { type RunEffects, readRun } from "../runs/index.ts";
import type { ChannelRef } from "./event-queries.ts";
import { enqueueMessage } from "./messages.ts";

/** A case that has just become a storm. */
export interface Storm {
  caseId: string;
  runId: string | null;
  title: string;
  events: number;
}

/** Says on each channel that the case's agent notifies that its events have become many: once for a case. */
export async function tellOfStorm(
  tx: Tx,
  effects: RunEffects,
  { projectId, channelId }: ChannelRef,
  { caseId, runId, title, events }: Storm,
): Promise<void> {
  const run = runId === null ? undefined : await readRun(tx, projectId, runId);
  const revision = run && (await readRevision(tx, projectId, run.revision_id));
  if (!run || !revision) return;
  for (const notified of readAgent(revision).body.notify) {
    await enqueueMessage(tx, effects, {
      projectId,
      runId: run.run_id,
      triggeredByState: run.state,
      isShadow: run.is_shadow,
      channelId: notified,
      type: "notice",
      subjectKind: "alert_storm",
      text: (language) =>
        language === "zh-TW"
          ? `${channelId} 出現告警風暴：目前已有 ${events} 個事件與「${title}」有關，已合併為一項工作，不會逐一通知。`
          : `Alert storm on ${channelId}: ${events} events so far are about "${title}". They were put together into one piece of work; nobody is told of each.`,
      onceKey: `storm/${caseId}`,
    });
  }
}
