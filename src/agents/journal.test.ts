import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SettledOutcome } from "../calls/index.ts";
import type { RunbookStep } from "../contracts/index.ts";
import type { RunRow, StepRow } from "../runs/index.ts";
import { contractChecks } from "./expressions.ts";
import { nextOf, variablesOf } from "./journal.ts";
import { entryOf, followUp, readResult } from "./outcome.ts";

function callStep(key: string, on_error: RunbookStep["on_error"] = "fail"): RunbookStep {
  return { key, on_error, call: { server: "shop", tool: "probe", args: {} } };
}

function row(step_key: string, result_status: string, more: Partial<StepRow> = {}): StepRow {
  return {
    step_id: `id-${step_key}`,
    project_id: "acme",
    run_id: "r1",
    step_seq: 1,
    step_key,
    kind: "tool_call",
    tool_name: "probe",
    result_status,
    was_blocked: false,
    block_reason: null,
    error_code: null,
    latency_ms: null,
    cost_usd: 0,
    summary: null,
    input: null,
    output: null,
    call_id: null,
    approval_id: null,
    created_at: "2026-11-22T03:07:00Z",
    completed_at: null,
    ...more,
  };
}

const status = fc.constantFrom("success", "skipped", "simulated", "error", "blocked", "unknown");
const onError = fc.constantFrom("fail", "continue", "retry");
const planned = fc.array(fc.record({ onError, status }), { minLength: 1, maxLength: 8 });

describe("what is done next", () => {
  test("a run goes on exactly where its journal stands, and never does a finished step again", () => {
    fc.assert(
      fc.property(planned, fc.nat(8), fc.boolean(), (plan, done, hasPending) => {
        const steps = plan.map((entry, at) => callStep(`s${at}`, entry.onError));
        const finished = plan.slice(0, Math.min(done, plan.length));
        const journal = finished.map((entry, at) => row(`s${at}`, entry.status));
        if (hasPending && done < plan.length) journal.push(row(`s${done}`, "pending"));
        journal.push(row("operator_console.approve:1", "success"));
        const next = nextOf(steps, journal);
        const fatal = finished.findIndex(
          (entry) =>
            ["error", "blocked", "unknown"].includes(entry.status) && entry.onError !== "continue",
        );
        if (fatal >= 0) {
          expect(next).toMatchObject({
            do: "fail",
            detail: expect.stringContaining(`"s${fatal}"`),
          });
        } else if (finished.length === plan.length) {
          expect(next).toEqual({ do: "complete", stopped: undefined });
        } else {
          expect(next).toMatchObject({ do: "step", step: { key: `s${finished.length}` } });
          const pending = next.do === "step" && next.pending?.step_key;
          expect(pending).toBe(hasPending ? `s${finished.length}` : undefined);
        }
      }),
    );
  });

  test("the order of the journal's rows does not matter", () => {
    fc.assert(
      fc.property(planned, (plan) => {
        const steps = plan.map((entry, at) => callStep(`s${at}`, entry.onError));
        const journal = plan.map((entry, at) => row(`s${at}`, entry.status));
        expect(nextOf(steps, journal.toReversed())).toEqual(nextOf(steps, journal));
      }),
    );
  });

  const check = (
    action?: "complete" | "fail",
    on_error: RunbookStep["on_error"] = "fail",
  ): RunbookStep => ({
    key: "decide",
    on_error,
    check: { $cel: "false" },
    ...(action ? { else: { action, message: "nothing to do" } } : {}),
  });
  const no = { output: { output: false, text: "nothing to do", passed: false } };
  const failed = { ...no, error_code: "E-RUN-CHECK", block_reason: "nothing to do" };

  test.each<[string, RunbookStep, StepRow, unknown]>([
    [
      "true goes on",
      check("fail"),
      row("decide", "success", { output: { output: true, text: "", passed: true } }),
      { do: "step" },
    ],
    [
      "false completes",
      check("complete"),
      row("decide", "success", no),
      { do: "complete", stopped: { key: "decide", message: "nothing to do" } },
    ],
    [
      "false fails",
      check("fail"),
      row("decide", "error", failed),
      { do: "fail", code: "E-RUN-CHECK", detail: 'Step "decide": nothing to do' },
    ],
    [
      "false fails although errors may pass, if the contract says so",
      check("fail", "continue"),
      row("decide", "error", failed),
      { do: "fail" },
    ],
    [
      "false without else fails",
      check(),
      row("decide", "error", failed),
      { do: "fail", code: "E-RUN-CHECK" },
    ],
    [
      "false without else goes on where errors may pass",
      check(undefined, "continue"),
      row("decide", "error", failed),
      { do: "step" },
    ],
    ["skipped goes on", check("complete"), row("decide", "skipped"), { do: "step" }],
    [
      "that can't be evaluated fails",
      check("complete"),
      row("decide", "error", { error_code: "E-RUN-EXPRESSION" }),
      { do: "fail", code: "E-RUN-EXPRESSION" },
    ],
  ])("a check: %s", (_, step, entry, expected) => {
    expect(nextOf([step, callStep("after")], [entry])).toMatchObject(expected as object);
  });

  test("expressions see the trigger, the run and every finished step of the runbook", () => {
    const run = {
      run_id: "r1",
      agent_id: "janitor",
      title: "Disk",
      is_shadow: false,
      input: { a: 1 },
    } as unknown as RunRow;
    const journal = [
      row("disk", "success", { output: { output: { percent: 91 }, text: "91 %" } }),
      row("log", "skipped"),
      row("clear", "pending"),
      row("operator_console.approve:1", "success"),
    ];
    expect(
      variablesOf(run, [callStep("disk"), callStep("log"), callStep("clear")], journal),
    ).toEqual({
      trigger: { a: 1 },
      run: { id: "r1", agent_id: "janitor", title: "Disk", is_shadow: false },
      steps: {
        disk: { status: "success", output: { percent: 91 }, text: "91 %" },
        log: { status: "skipped", output: null, text: "" },
      },
    });
  });
});

const result = (content: Record<string, unknown>, simulated = false): SettledOutcome => ({
  kind: "result",
  callId: "c1",
  result: content,
  simulated,
});
const error = (sent: boolean): SettledOutcome => ({
  kind: "error",
  callId: "c1",
  code: "E-UPSTREAM-TIMEOUT",
  reason: "No answer.",
  sent,
});
const blocked: SettledOutcome = {
  kind: "blocked",
  callId: "c1",
  gate: 2,
  code: "E-CONTRACT-TOOL",
  reason: "Not listed.",
};
const unknown: SettledOutcome = {
  kind: "unknown",
  callId: "c1",
  code: "E-CALL-UNKNOWN",
  reason: "Nobody knows.",
};
const isError = result({ isError: true, content: [{ type: "text", text: "it did not work" }] });

describe("how a call's end stands in the journal", () => {
  test.each<[SettledOutcome, unknown]>([
    [
      result({ structuredContent: { a: 1 }, content: [] }),
      { status: "success", output: { output: { a: 1 }, text: "" } },
    ],
    [
      result({ structuredContent: { a: 0 } }, true),
      { status: "simulated", output: { output: { a: 0 }, text: "" } },
    ],
    [
      result({ isError: true, content: [{ type: "text", text: "SIMULATED" }] }, true),
      { status: "simulated", output: { output: null, text: "SIMULATED" } },
    ],
    [
      isError,
      {
        status: "error",
        errorCode: "E-UPSTREAM-TOOL",
        blockReason: "The tool answered with an error: it did not work",
        output: { output: null, text: "it did not work" },
      },
    ],
    [
      blocked,
      {
        status: "blocked",
        wasBlocked: true,
        errorCode: "E-CONTRACT-TOOL",
        blockReason: "Not listed.",
      },
    ],
    [unknown, { status: "unknown", errorCode: "E-CALL-UNKNOWN", blockReason: "Nobody knows." }],
    [error(true), { status: "error", errorCode: "E-UPSTREAM-TIMEOUT", blockReason: "No answer." }],
  ])("%j", (outcome, expected) => {
    expect(entryOf(outcome)).toEqual(expected);
  });

  test.each<[Record<string, unknown>, unknown]>([
    [{ content: [{ type: "text", text: '{"a":1}' }] }, { output: { a: 1 }, text: '{"a":1}' }],
    [{ content: [{ type: "text", text: "words" }] }, { output: null, text: "words" }],
    [
      {
        content: [
          { type: "text", text: "1" },
          { type: "text", text: "2" },
        ],
      },
      { output: null, text: "1\n2" },
    ],
    [{ content: [{ type: "image", data: "…" }] }, { output: null, text: "" }],
    [{ content: "nonsense" }, { output: null, text: "" }],
    [{}, { output: null, text: "" }],
  ])("a result %j is read as %j", (given, expected) => {
    expect(readResult(given)).toEqual(expected);
  });
});

describe("what follows a call's end", () => {
  const outcome = fc.constantFrom(
    error(true),
    error(false),
    blocked,
    unknown,
    isError,
    result({}),
    result({}, true),
  );
  const situation = fc.record({
    onError,
    isRead: fc.boolean(),
    tries: fc.integer({ min: 1, max: 5 }),
    isStopping: fc.boolean(),
  });

  test("a write that may have been received is never made again, and nothing is tried for ever", () => {
    fc.assert(
      fc.property(outcome, situation, (end, now) => {
        const verdict = followUp(end, now);
        const mayHaveHappened = !now.isRead && !(end.kind === "error" && !end.sent);
        if (mayHaveHappened) expect(verdict).toBe("record");
        if (verdict === "again") {
          expect(now.onError).toBe("retry");
          expect(now.tries).toBeLessThan(3);
        }
        if (verdict === "leave") expect(now.isStopping).toBe(true);
        if (end.kind === "blocked" || end.kind === "unknown") expect(verdict).toBe("record");
      }),
    );
  });

  test.each<[string, SettledOutcome, Partial<Parameters<typeof followUp>[1]>, string]>([
    ["a read that failed, first try", error(true), {}, "again"],
    ["a read that failed, third try", error(true), { tries: 3 }, "record"],
    ["a read whose tool answered with an error", isError, {}, "again"],
    ["a read that failed where errors end the run", error(true), { onError: "fail" }, "record"],
    ["a read cut off by a shutdown", error(true), { onError: "fail", isStopping: true }, "leave"],
    ["a write that was not sent", error(false), { isRead: false }, "again"],
    ["a write that failed", error(true), { isRead: false }, "record"],
    ["a write whose tool answered with an error", isError, { isRead: false }, "record"],
  ])("%s", (_, end, given, expected) => {
    expect(
      followUp(end, { onError: "retry", isRead: true, tries: 1, isStopping: false, ...given }),
    ).toBe(expected);
  });
});

describe("the expressions of a contract", () => {
  test("are all compiled, each error with its path in the body", () => {
    const bad = { $cel: "1 +" };
    const errors = contractChecks({
      title: bad,
      triggers: [{ when: "true" }, { when: "labels[" }, {}],
      tools: [{ ask: { headline: { en: bad } } }, {}],
      runbook: {
        steps: [
          {
            key: "a",
            when: bad,
            call: { server: "s", tool: "t", args: { deep: [bad] }, reason: bad },
          },
          { key: "b", check: bad, else: { message: bad, action: "fail" } },
        ],
        result: { x: bad },
      },
    });
    expect(errors.map((entry) => entry.path)).toEqual([
      "title.$cel",
      "triggers.1.when",
      "tools.0.ask.headline.en.$cel",
      "runbook.steps.0.when.$cel",
      "runbook.steps.0.call.args.deep.0.$cel",
      "runbook.steps.0.call.reason.$cel",
      "runbook.steps.1.check.$cel",
      "runbook.steps.1.else.message.$cel",
      "runbook.result.x.$cel",
    ]);
    expect(errors[0]?.message).toMatch(/^is not valid CEL: line 1, column/);
    expect(contractChecks({ triggers: [], tools: [] })).toEqual([]);
  });
});
