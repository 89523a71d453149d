import { jsonb, type Tx } from "../../src/platform/database/index.ts";
import { newId } from "../../src/platform/ids.ts";
import { seedCall, seedEvent, seedMessage, seedRun, seedStep, seedTransition } from "./fixtures.ts";

/** A moment of the story, by its second. */
export const at = (second: string) => `2026-11-22T03:07:${second}Z`;

/** A run through everything that can happen to one. */
export type Story = Awaited<ReturnType<typeof seedStory>>;

/** Writes the story's rows, under an agent's revision. */
export async function seedStory(tx: Tx, revision: { project_id: string; revision_id: string }) {
  const { project_id, revision_id } = revision;
  const run = await seedRun(tx, {
    project_id,
    revision_id,
    created_at: at("01"),
    state: "failed",
    started_at: at("03"),
    completed_at: at("40"),
    error_code: "E-DISK",
    error_detail: "It is still full; password=hunter2",
    trigger_ref: "grp-7",
    title: "Disk almost full",
  });
  await seedChanges(tx, run);
  const events = await seedEvents(tx, run);
  const call = await seedAskingCall(tx, run);
  const steps = await seedSteps(tx, run, call.call_id);
  return { run, ...events, call, ...steps, ...(await seedMessages(tx, run)) };
}

type Run = Awaited<ReturnType<typeof seedRun>>;

async function seedChanges(tx: Tx, run: Run) {
  const change = (second: string, given: Parameters<typeof seedTransition>[2]) =>
    seedTransition(tx, run, { at: at(second), ...given });
  await change("01", {
    from_state: null,
    to_state: "pending",
    event: "create",
    reason:
      "the project's mode is canary: this alert's place is 7 of 0 to 99, below 10, so it runs live",
  });
  await change("03", {
    from_state: "pending",
    to_state: "running",
    event: "claim",
    actor_kind: "worker",
    actor_id: "worker-2",
  });
  await change("10", {
    from_state: "running",
    to_state: "waiting_approval",
    event: "wait",
    reason: "The contract asks.",
  });
  await change("20", {
    from_state: "waiting_approval",
    to_state: "running",
    event: "resume",
    actor_id: "op-2",
  });
  await change("21", {
    from_state: "running",
    to_state: "running",
    event: "claim",
    actor_id: "worker-1",
  });
  await change("40", { from_state: "running", to_state: "failed", event: "fail" });
}

async function seedEvents(tx: Tx, { project_id, run_id }: Run) {
  const event = await seedEvent(tx, {
    project_id,
    provider_event_id: "grp-7",
    received_at: at("00"),
    run_id,
    content_preview: "DiskAlmostFull",
  });
  const repeated = await seedEvent(tx, {
    project_id,
    provider_event_id: "grp-7",
    received_at: at("05"),
    is_duplicate: true,
    content_preview: null,
  });
  return { event, repeated };
}

async function seedAskingCall(tx: Tx, run: Run) {
  return seedCall(tx, run, {
    created_at: at("06"),
    completed_at: at("07"),
    tool_name: "clear_cache",
    effect: "write",
    result_status: "blocked",
    block_gate: 5,
    block_code: "E-APPR-REQUIRED",
    block_reason: "A person has to approve this call.",
    latency_ms: 4,
    cost_usd: 0.1,
    verdicts: jsonb([
      { gate: 5, name: "approval", outcome: "ask", code: null, reason: "The contract asks." },
    ]),
    args: jsonb({ path: "/var/cache", token: "hunter2" }),
    result: jsonb({ content: [{ type: "text", text: "Bearer hunter2hunter2" }] }),
  });
}

async function seedSteps(tx: Tx, run: Run, callId: string) {
  const step = await seedStep(tx, run, {
    step_seq: 1,
    step_key: "clear",
    tool_name: "clear_cache",
    result_status: "blocked",
    was_blocked: true,
    block_reason: "A person has to approve this call.",
    error_code: "E-APPR-REQUIRED",
    latency_ms: 5,
    call_id: callId,
    created_at: at("06"),
    completed_at: at("08"),
    input: jsonb({ args: { password: "hunter2" } }),
    output: jsonb("x".repeat(20_000)),
    summary: "Asked",
  });
  const check = await seedStep(tx, run, {
    step_seq: 2,
    step_key: "disk_full",
    kind: "check",
    result_status: "pending",
    error_code: "E-RUN-CHECK",
    created_at: at("09"),
  });
  const approvalId = newId();
  const decision = await seedStep(tx, run, {
    step_seq: 3,
    step_key: "operator_console.approve:1",
    kind: "decision",
    tool_name: "operator_console.approve",
    block_reason: "approver=op-2; decision=approve; reason=go",
    approval_id: approvalId,
    created_at: at("19"),
    completed_at: at("19"),
  });
  return { step, check, decision, approvalId };
}

async function seedMessages(tx: Tx, run: Run) {
  const queued = await seedMessage(tx, run, {
    send_status: "failed",
    send_error: "no route",
    queued_at: at("11"),
    message_type: "approval_request",
    triggered_by_state: "waiting_approval",
  });
  const sent = await seedMessage(tx, run, {
    queued_at: at("12"),
    sent_at: at("30"),
    provider_message_id: "m-9",
    subject_kind: "auto_repair_failed",
    content_preview: "It is still full",
  });
  return { queued, sent };
}
