import { describe, expect, it } from "vitest";
import type { SettledOutcome } from "./outcome.ts";
import { type TaskRow, taskState } from "./taskstate.ts";

const T = (minute: number) => `2026-11-28T10:${String(minute).padStart(2, "0")}:00Z`;

const call = {
  call_id: "c1",
  result_status: "pending",
  error_code: null,
  block_gate: null,
  block_reason: null,
};

const open: TaskRow = {
  approval_id: "a1",
  status: "open",
  created_at: T(0),
  expires_at: T(30),
  decided_at: null,
  redeem_by: null,
  void_reason: null,
  is_past: false,
  is_answered: false,
  is_redeemed: false,
  claimed_at: null,
  is_claim_stale: false,
  is_withdrawn: false,
  ended_at: T(30),
  known_until: T(59),
  call,
};
const approved: TaskRow = { ...open, status: "approved", decided_at: T(5), redeem_by: T(10) };
const redeemed: TaskRow = { ...approved, is_redeemed: true, claimed_at: T(6) };
const rowOf = (more: Partial<TaskRow["call"]>) => ({ ...call, ...more });

const kept: SettledOutcome = {
  kind: "result",
  callId: "c2",
  result: { content: [] },
  simulated: false,
};

describe("a task", () => {
  it.each<[string, TaskRow, object | "due"]>([
    ["waits for a person", open, { status: "waiting", approvalId: "a1", knownUntil: T(30) }],
    ["is due when the question is past, closed or not", { ...open, is_past: true }, "due"],
    ["is due once it is approved", approved, "due"],
    ["is due for its refusal", { ...open, status: "rejected" }, "due"],
    [
      "is due again when whoever took it upon them has not come far",
      { ...approved, claimed_at: T(6), is_claim_stale: true },
      "due",
    ],
    [
      "is void with its question",
      { ...open, status: "voided", void_reason: "the run was cancelled" },
      { status: "withdrawn", reason: "the run was cancelled" },
    ],
    [
      "stays withdrawn, whatever was decided",
      { ...approved, is_withdrawn: true },
      { status: "withdrawn" },
    ],
    [
      "is somebody's who decides about the call",
      { ...approved, claimed_at: T(6) },
      { status: "executing", updatedAt: T(6) },
    ],
    [
      "is under way with its call",
      { ...redeemed, call: rowOf({ result_status: "executing" }) },
      { status: "executing" },
    ],
    [
      "is unknown when its call is",
      {
        ...redeemed,
        call: rowOf({
          result_status: "unknown",
          error_code: "E-CALL-UNKNOWN",
          block_reason: "Lost.",
        }),
      },
      { status: "ended", outcome: { kind: "unknown", code: "E-CALL-UNKNOWN", reason: "Lost." } },
    ],
    [
      "failed when its read was lost",
      {
        ...redeemed,
        call: rowOf({ result_status: "error", error_code: "E-CALL-LOST", block_reason: "Lost." }),
      },
      { status: "ended", outcome: { kind: "error", code: "E-CALL-LOST", sent: true } },
    ],
    [
      "says that another request has had the result",
      { ...redeemed, call: rowOf({ result_status: "success" }) },
      { status: "ended", outcome: { kind: "error", code: "E-APPR-USED" } },
    ],
    [
      "tells a wish for changes again that was told to another request",
      {
        ...open,
        status: "changes_requested",
        is_answered: true,
        call: rowOf({
          result_status: "blocked",
          error_code: "E-APPR-CHANGES",
          block_gate: 5,
          block_reason: "Ask for less.",
        }),
      },
      {
        status: "ended",
        outcome: { kind: "blocked", gate: 5, code: "E-APPR-CHANGES", reason: "Ask for less." },
      },
    ],
    [
      "was too late when its approval was not used in time and that was told",
      {
        ...approved,
        is_answered: true,
        call: rowOf({ result_status: "blocked", error_code: "E-APPR-REQUIRED" }),
      },
      { status: "ended", outcome: { kind: "blocked", code: "E-APPR-EXPIRED" } },
    ],
    [
      "was too late when nobody decided and that was told before the question was closed",
      { ...open, is_past: true, is_answered: true },
      { status: "ended", outcome: { kind: "blocked", code: "E-APPR-EXPIRED" } },
    ],
  ])("%s", (_, row, expected) => {
    const state = taskState(row, undefined);
    if (expected === "due") expect(state).toBe("due");
    else expect(state).toMatchObject(expected);
  });

  it("has ended with what was kept of its call, and is known for a day", () => {
    expect(taskState({ ...redeemed, call: rowOf({ result_status: "success" }) }, kept)).toEqual({
      status: "ended",
      outcome: kept,
      createdAt: T(0),
      updatedAt: T(30),
      knownUntil: T(59),
    });
  });
});
