import { ApiError, type RunDetail } from "./operator-api.ts";
import { listFiles } from "./shop/folder.ts";
import type { Stage } from "./stage.ts";
import { allSent, ended, pagerMessages, shopHealth, until } from "./story.ts";
import { timelineTable } from "./timeline-table.ts";
import { missing, type Observed } from "./verdict.ts";

const WAIT_MS = 25_000;
const DAY_MS = 86_400_000;
const PLAIN_WIDTH = 140;

/** What was true before the repair, to be compared with afterwards. */
export type Before = { startedAt: string; oldFiles: number };

/** Facts of the broken shop: when it started, how many files are older than a day. */
export async function observeBefore(stage: Stage): Promise<Before> {
  const { health } = await shopHealth(stage.shopUrl);
  return { startedAt: health.started_at, oldFiles: await countOldFiles(stage) };
}

async function countOldFiles(stage: Stage): Promise<number> {
  const files = await listFiles(stage.workspace.shopCache);
  return files.filter((file) => file.modifiedAt < Date.now() - DAY_MS).length;
}

/** Decides the repair's question as an operator would, through the public API. */
export async function approveRepair(stage: Stage, runId: string, question: string): Promise<void> {
  const reason = "Cache only, the shop renders pages anew. Approved by the unattended demo.";
  try {
    await stage.api.approve(runId, question, reason);
  } catch (error) {
    if (error instanceof ApiError) throw new Error(`The approval was refused: ${error.message}`);
    throw error;
  }
}

/** Waits for both runs to end, prints both timelines; returns what is missing, nothing if all is well. */
export async function finish(
  stage: Stage,
  repairId: string,
  blockedId: string,
  before: Before,
): Promise<string[]> {
  const repair = await settled(stage, "the repair to end", repairId);
  const blocked = await settled(stage, "the second run to end", blockedId);
  print("The repair", repair);
  print("The blocked call", blocked);
  return missing(repair, blocked, await observe(stage, before));
}

/** The run when it has ended and its messages have left. */
async function settled(stage: Stage, what: string, runId: string): Promise<RunDetail> {
  return until(stage, what, WAIT_MS, async () => {
    const detail = await ended(stage, runId);
    return detail && allSent(detail) ? detail : undefined;
  });
}

function print(title: string, detail: RunDetail): void {
  const { agent_id, run_id, state, error_code } = detail.run;
  const end = error_code ? `${state}, ${error_code}` : state;
  console.log(`\n${title}: ${agent_id}, run ${run_id}, ${end}\n`);
  console.log(timelineTable(detail, process.stdout.columns ?? PLAIN_WIDTH));
}

async function observe(stage: Stage, before: Before): Promise<Observed> {
  const { code, health } = await shopHealth(stage.shopUrl);
  const messages = await pagerMessages(stage.shopUrl);
  return {
    healthStatus: code,
    percentFull: health.cache.percent,
    oldFilesBefore: before.oldFiles,
    oldFilesLeft: await countOldFiles(stage),
    restarted: health.started_at !== before.startedAt,
    pagerTexts: messages.map((message) => JSON.stringify(message.payload)),
  };
}
