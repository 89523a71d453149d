import { expect } from "vitest";
import { at, type Story } from "./story.ts";

/** An item as the API answers it, without its title's key; ids of transitions are whatever they are. */
type Item = Record<"id" | "ts" | "kind" | "title" | "status" | "summary" | "metadata", unknown>;

/** The story's timeline, in English, as the operator API's table says it reads. */
export function timelineOfStory(story: Story): Item[] {
  const items = [
    ...runItems(story),
    ...inboundItems(story),
    callItem(story),
    ...stepItems(story),
    decisionItem(story),
    ...outboundItems(story),
  ];
  // No two things of the story happen in the same second.
  return items.sort((one, other) => (String(one.ts) < String(other.ts) ? -1 : 1));
}

function item(
  kind: string,
  second: string,
  id: unknown,
  title: string,
  [status, summary]: [string, string | null],
  metadata: object,
): Item {
  return { id, ts: at(second), kind, title, status, summary, metadata };
}

function runItems({ run }: Story): Item[] {
  const changed = expect.stringMatching(/^run:[0-9a-f-]{36}$/);
  const { trace_id } = run;
  return [
    item("run", "01", "run:created", "Run created", ["pending", "alertmanager, disk-janitor"], {
      trace_id,
      trigger_ref: "grp-7",
    }),
    item("run", "03", "run:started", "Started", ["running", "worker-2"], { worker_id: "worker-2" }),
    item(
      "run",
      "10",
      changed,
      "Waiting for a person",
      ["waiting_approval", "test: The contract asks."],
      { event: "wait", from_state: "running" },
    ),
    item("run", "20", changed, "Running again", ["running", "op-2"], {
      event: "resume",
      from_state: "waiting_approval",
    }),
    item("run", "21", changed, "Taken up by a worker", ["running", "worker-1"], {
      event: "claim",
      from_state: "running",
    }),
    item("run", "40", "run:ended", "Failed", ["failed", "It is still full; password=[redacted]"], {
      from_state: "running",
    }),
  ];
}

function inboundItems({ event, repeated }: Story): Item[] {
  const metadata = { provider_event_id: "grp-7" };
  const received = ["received", "DiskAlmostFull"] as [string, string];
  return [
    item("inbound", "00", `inbound:${event.event_id}`, "Alert received", received, metadata),
    item(
      "inbound",
      "05",
      `inbound:${repeated.event_id}`,
      "Alert received again",
      ["duplicate", null],
      metadata,
    ),
  ];
}

const BLOCKED: [string, string] = ["blocked", "A person has to approve this call."];

function callItem({ call }: Story): Item {
  return item("mcp", "06", `mcp:${call.call_id}`, "clear_cache", BLOCKED, {
    block_gate: 5,
    latency_ms: 4,
    call_id: call.call_id,
    step_id: null,
    server: "shop-tools",
    tool_name: "clear_cache",
    effect: "write",
    verdicts: [
      { gate: 5, name: "approval", outcome: "ask", code: null, reason: "The contract asks." },
    ],
    approval_id: null,
    cost_usd: 0.1,
  });
}

const NO_CALL = { was_blocked: false, latency_ms: null, call_id: null };

function stepItems({ call, step, check }: Story): Item[] {
  return [
    item("step", "08", `step:${step.step_id}`, "clear_cache", BLOCKED, {
      was_blocked: true,
      latency_ms: 5,
      step_key: "clear",
      call_id: call.call_id,
      step_id: step.step_id,
      kind: "tool_call",
    }),
    item("step", "09", `step:${check.step_id}`, "Check: disk_full", ["pending", "E-RUN-CHECK"], {
      ...NO_CALL,
      step_key: "disk_full",
      step_id: check.step_id,
      kind: "check",
    }),
  ];
}

function decisionItem({ decision, approvalId }: Story): Item {
  return item(
    "approval",
    "19",
    `step:${decision.step_id}`,
    "Approved by a person",
    ["success", "approver=op-2; decision=approve; reason=go"],
    {
      ...NO_CALL,
      step_key: "operator_console.approve:1",
      step_id: decision.step_id,
      kind: "decision",
      approval_id: approvalId,
    },
  );
}

function outboundItems({ queued, sent }: Story): Item[] {
  return [
    item(
      "outbound",
      "11",
      `outbound:${queued.message_id}`,
      "TELEGRAM: approval request",
      ["failed", "no route"],
      {
        message_type: "approval_request",
        provider_message_id: null,
        triggered_by_state: "waiting_approval",
        subject_kind: null,
        channel_id: "ops-oncall",
      },
    ),
    item(
      "outbound",
      "30",
      `outbound:${sent.message_id}`,
      "TELEGRAM: automatic repair failed, handed to a person",
      ["sent", "It is still full"],
      {
        message_type: "final",
        provider_message_id: "m-9",
        triggered_by_state: null,
        subject_kind: "auto_repair_failed",
        channel_id: "ops-oncall",
      },
    ),
  ];
}
