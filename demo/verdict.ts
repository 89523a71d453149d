import type { RunDetail, TimelineItem } from "./operator-api.ts";

/** What the demo saw with its own eyes, beside what the API tells. */
export type Observed = {
  healthStatus: number;
  percentFull: number;
  oldFilesLeft: number;
  oldFilesBefore: number;
  restarted: boolean;
  pagerTexts: string[];
};

type Milestone = { name: string; matches: (item: TimelineItem) => boolean };

const run = (name: string, status: string): Milestone => ({
  name,
  matches: (item) => item.kind === "run" && item.status === status,
});
const call = (tool: string, name: string): Milestone => ({
  name,
  matches: (item) => item.kind === "mcp" && item.title.includes(tool),
});
const step = (key: string, name: string): Milestone => ({
  name,
  matches: (item) =>
    item.kind === "step" && item.metadata?.step_key === key && item.status === "success",
});
const received: Milestone = {
  name: "the alert received",
  matches: (item) => item.kind === "inbound" && item.status === "received",
};

/** Must be on the repair's timeline in this order; other entries may stand between. */
const REPAIR: Milestone[] = [
  received,
  run("the run created", "pending"),
  run("the run started", "running"),
  call("service_status", "service_status read"),
  call("disk_usage", "disk_usage read"),
  call("tail_log", "tail_log read"),
  call("clear_cache", "clear_cache asked for"),
  run("the run waiting for a person", "waiting_approval"),
  {
    name: "the approval",
    matches: (item) => item.kind === "approval" && item.status === "success",
  },
  run("the run going on", "running"),
  step("clear", "clear_cache executed"),
  call("service_status", "service_status read again"),
  call("disk_usage", "disk_usage read again"),
  step("verify", "the repair verified"),
  run("the run completed", "completed"),
];

const BLOCKED: Milestone[] = [
  received,
  run("the run created", "pending"),
  run("the run started", "running"),
  call("restart_service", "restart_service asked for"),
  run("the run failed", "failed"),
];

/** What is missing for the demo to have shown what it promises; empty when nothing is. */
export function missing(repair: RunDetail, blocked: RunDetail, seen: Observed): string[] {
  return [...missingInShop(seen), ...missingInRepair(repair), ...missingInBlocked(blocked)];
}

function missingInShop(seen: Observed): string[] {
  return said([
    [seen.healthStatus === 200, `the health page answers ${seen.healthStatus}, not 200`],
    [seen.percentFull < 90, `the cache is still ${seen.percentFull} % full`],
    [seen.oldFilesBefore > 0, "there were no old files to delete in the first place"],
    [seen.oldFilesLeft === 0, `${seen.oldFilesLeft} of the files to be deleted are still there`],
    [!seen.restarted, "the shop was restarted, though gate 2 should have stopped that"],
    [
      seen.pagerTexts.some((text) => text.includes("is healthy again")),
      "the pager has received no signed final message",
    ],
  ]);
}

function missingInRepair(detail: RunDetail): string[] {
  const cleared = detail.mcp_calls.filter((entry) => entry.tool_name.includes("clear_cache"));
  const final = detail.outbound_messages.filter((entry) => entry.message_type === "final");
  const unsent = detail.outbound_messages.filter(
    ({ message_type: type, send_status: status }) =>
      // A question that was answered before it could be sent is not sent any more.
      status !== "sent" && !(type === "approval_request" && status === "suppressed"),
  );
  return said([
    ...inOrder("the repair's timeline", REPAIR, detail.timeline),
    [
      cleared.filter((entry) => entry.result_status === "success").length === 1,
      "clear_cache did not run exactly once",
    ],
    [final.length === 1, `the repair has ${final.length} final messages, not one`],
    [unsent.length === 0, `${unsent.length} messages of the repair were not sent`],
    [
      detail.timeline.filter((item) => item.kind === "outbound").length ===
        detail.outbound_messages.length,
      "the repair's timeline lacks a message",
    ],
  ]);
}

function missingInBlocked(detail: RunDetail): string[] {
  const stopped = detail.mcp_calls.find((entry) => entry.tool_name.includes("restart_service"));
  return said([
    ...inOrder("the second run's timeline", BLOCKED, detail.timeline),
    [stopped?.result_status === "blocked", "restart_service was not blocked"],
    [stopped?.block_gate === 2, `restart_service names gate ${stopped?.block_gate}, not gate 2`],
    [Boolean(stopped?.block_reason), "the blocked call gives no reason"],
    [
      detail.run.error_code === "E-CONTRACT-TOOL",
      `the second run failed with ${detail.run.error_code}, not with E-CONTRACT-TOOL`,
    ],
  ]);
}

type Claim = [holds: boolean, otherwise: string];

function said(claims: Claim[]): string[] {
  return claims.filter(([holds]) => !holds).map(([, otherwise]) => otherwise);
}

/** Walks the timeline once; each milestone is looked for after the one found before it. */
function inOrder(where: string, milestones: Milestone[], timeline: TimelineItem[]): Claim[] {
  let next = 0;
  return milestones.map(({ name, matches }) => {
    const found = timeline.findIndex((item, index) => index >= next && matches(item));
    if (found >= 0) next = found + 1;
    return [found >= 0, `${where} lacks ${name}`];
  });
}
