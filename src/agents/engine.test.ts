import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { seedEvent } from "../../test/support/fixtures.ts";
import { call, cel, grants, message, openRunbookLab } from "../../test/support/runbook.ts";
import { jsonb } from "../platform/database/index.ts";

let lab: Awaited<ReturnType<typeof openRunbookLab>>;

beforeAll(async () => {
  lab = await openRunbookLab();
});

afterAll(() => lab?.close());

beforeEach(() => lab.reset());

const REPAIR = {
  steps: [
    call(
      "disk",
      "look",
      { summary: cel("'at ' + string(steps.disk.output.percent)") },
      { path: cel("trigger.labels.path") },
    ),
    { key: "full", check: cel("steps.disk.output.percent > 90 && !steps.disk.output.healthy") },
    call("never", "look", { when: cel("steps.disk.output.percent < 10") }),
    call(
      "clear",
      "clear",
      {},
      { host: cel("trigger.labels.instance"), deep: [{ n: cel("1 + 1") }], dry_run: false },
    ),
    message(
      "report",
      cel(
        "run.title + ': ' + string(steps.clear.output.deleted) + ' files, was ' + steps.disk.text",
      ),
    ),
  ],
  result: { deleted: cel("steps.clear.output.deleted"), skipped: cel("steps.never.status") },
};

describe("a runbook", () => {
  test("reads, decides, acts, reports and leaves its result", async () => {
    const run = await lab.newRun(REPAIR);
    expect(await lab.work(run)).toMatchObject({
      state: "completed",
      result: { deleted: 7, skipped: "skipped" },
      cost_usd: 0.01,
      step_count: 5,
      worker_id: null,
    });
    expect(await lab.entries(run)).toEqual([
      "1 disk success",
      "2 full success",
      "3 never skipped",
      "4 clear success",
      "5 report success",
    ]);
    const [disk] = await lab.journal(run);
    expect(disk).toMatchObject({
      kind: "tool_call",
      tool_name: "look",
      summary: "at 93",
      input: { args: { path: "/var/cache" } },
      output: { output: { percent: 93 }, text: "93 %" },
      cost_usd: 0.01,
      call_id: expect.any(String),
    });
    expect(lab.upstream.calls.look).toEqual([{ path: "/var/cache" }]);
    expect(lab.upstream.calls.clear).toEqual([
      { host: "cache-1", deep: [{ n: 2 }], dry_run: false },
    ]);
    expect(await lab.messages(run)).toMatchObject([
      {
        message_type: "final",
        subject_kind: "auto_repair_done",
        send_status: "sent",
        triggered_by_state: "running",
        content_preview: "Disk almost full: 7 files, was 93 %",
      },
    ]);
  });

  test("that has nothing to do ends completed, and says why", async () => {
    const run = await lab.newRun({
      steps: [
        call("disk", "look"),
        {
          key: "full",
          check: cel("steps.disk.output.percent > 99"),
          else: { action: "complete", message: cel("'Only ' + steps.disk.text") },
        },
        call("clear", "clear"),
      ],
      result: { deleted: cel("steps.clear.output.deleted") },
    });
    expect(await lab.work(run)).toMatchObject({
      state: "completed",
      result: { stopped_at: "full", message: "Only 93 %" },
    });
    expect(lab.upstream.calls.clear).toEqual([]);
  });

  test.each<[string, object[], string, RegExp]>([
    [
      "a check that is false",
      [
        {
          key: "full",
          check: cel("false"),
          else: { action: "fail", message: cel("'Not ' + 'good'") },
        },
      ],
      "E-RUN-CHECK",
      /^Step "full": Not good$/,
    ],
    [
      "a check that is false without else",
      [{ key: "full", check: cel("false") }],
      "E-RUN-CHECK",
      /^Step "full": the check was false/,
    ],
    [
      "an argument that can't be computed",
      [call("a", "look", {}, { x: cel("trigger.nope") })],
      "E-RUN-EXPRESSION",
      /^Step "a": The expression `trigger\.nope` could not be evaluated: there is no field "nope"/,
    ],
    [
      "a condition that is no yes or no",
      [call("a", "look", { when: cel("'yes'") })],
      "E-RUN-EXPRESSION",
      /^Step "a": .*`'yes'`.*neither true nor false/,
    ],
    [
      "a check that can't be evaluated",
      [{ key: "c", check: cel("steps.nope.output") }],
      "E-RUN-EXPRESSION",
      /^Step "c": .*steps\.nope\.output/,
    ],
    [
      "a message that can't be written",
      [message("m", cel("trigger.nope"))],
      "E-RUN-EXPRESSION",
      /^Step "m": /,
    ],
    [
      "a tool that is not in the contract",
      [call("a", "restart")],
      "E-CONTRACT-TOOL",
      /^Step "a": /,
    ],
    [
      "a tool that answers with an error",
      [call("a", "flaky")],
      "E-UPSTREAM-TOOL",
      /^Step "a": The tool answered with an error: out of order/,
    ],
  ])("ends failed by %s", async (_, steps, code, detail) => {
    lab.upstream.answers.flaky = () => ({
      isError: true,
      content: [{ type: "text", text: "out of order" }],
    });
    const run = await lab.newRun({ steps: [...steps, call("after", "clear")] });
    const ended = await lab.work(run);
    expect(ended).toMatchObject({
      state: "failed",
      error_code: code,
      error_detail: expect.stringMatching(detail),
    });
    expect(await lab.journal(run)).toHaveLength(1);
    expect(lab.upstream.calls.clear).toEqual([]);
  });

  test("whose result can't be computed ends failed", async () => {
    const run = await lab.newRun({
      steps: [call("a", "look")],
      result: { x: cel("steps.a.output.nope") },
    });
    expect(await lab.work(run)).toMatchObject({
      state: "failed",
      error_code: "E-RUN-EXPRESSION",
      error_detail: expect.stringMatching(/^The runbook's result: .*steps\.a\.output\.nope/),
    });
  });

  test("goes on after errors where the contract says so, and can see them", async () => {
    lab.upstream.answers.flaky = () => ({
      isError: true,
      content: [{ type: "text", text: "out of order" }],
    });
    const run = await lab.newRun({
      steps: [
        call("a", "flaky", { on_error: "continue" }),
        call("b", "restart", { on_error: "continue" }),
        call("c", "look", { on_error: "continue" }, { x: cel("trigger.nope") }),
        message(
          "report",
          cel("steps.a.status + ' ' + steps.b.status + ' ' + steps.c.status + ': ' + steps.a.text"),
        ),
      ],
    });
    expect((await lab.work(run)).state).toBe("completed");
    expect((await lab.messages(run))[0]?.content_preview).toBe("error blocked error: out of order");
    const [, blocked] = await lab.journal(run);
    expect(blocked).toMatchObject({
      was_blocked: true,
      error_code: "E-CONTRACT-TOOL",
      block_reason: expect.any(String),
    });
  });

  test("tries a read three times where the contract says so, and a write never twice", async () => {
    const broken = { isError: true, content: [{ type: "text", text: "not now" }] };
    lab.upstream.answers.flaky = (_, nth) =>
      nth < 3 ? broken : { structuredContent: { nth }, content: [] };
    const patient = await lab.newRun({
      steps: [call("a", "flaky", { on_error: "retry" })],
      result: cel("steps.a.output.nth"),
    });
    expect(await lab.work(patient)).toMatchObject({ state: "completed", result: 3 });
    expect(await lab.entries(patient)).toEqual(["1 a success"]);

    lab.upstream.calls.flaky = [];
    lab.upstream.answers.flaky = () => broken;
    const unlucky = await lab.newRun({ steps: [call("a", "flaky", { on_error: "retry" })] });
    expect(await lab.work(unlucky)).toMatchObject({
      state: "failed",
      error_code: "E-UPSTREAM-TOOL",
    });
    expect(lab.upstream.calls.flaky).toHaveLength(3);

    lab.upstream.answers.clear = () => broken;
    const careful = await lab.newRun({ steps: [call("a", "clear", { on_error: "retry" })] });
    expect(await lab.work(careful)).toMatchObject({
      state: "failed",
      error_code: "E-UPSTREAM-TOOL",
    });
    expect(lab.upstream.calls.clear).toHaveLength(1);
  });
});

describe("a shadow run", () => {
  const steps = [
    call("disk", "look"),
    call("clear", "clear"),
    message(
      "report",
      cel(
        "'Deleted ' + (steps.clear.output == null ? 'nothing' : string(steps.clear.output.deleted))",
      ),
    ),
  ];

  test("reads for real, goes on with the simulated value, and sends nothing", async () => {
    const tools = grants({ approval: "always", simulate: { deleted: 0 } });
    const run = await lab.newRun({ steps, tools, isShadow: true });
    expect((await lab.work(run)).state).toBe("completed");
    expect(await lab.entries(run)).toEqual([
      "1 disk success",
      "2 clear simulated",
      "3 report success",
    ]);
    expect(lab.upstream.calls.look).toHaveLength(1);
    expect(lab.upstream.calls.clear).toEqual([]);
    expect(await lab.messages(run)).toMatchObject([
      { send_status: "suppressed", content_preview: "Deleted 0" },
    ]);
  });

  test("goes on without a value where the contract has none", async () => {
    const run = await lab.newRun({ steps, isShadow: true });
    expect((await lab.work(run)).state).toBe("completed");
    expect((await lab.messages(run))[0]?.content_preview).toBe("Deleted nothing");
  });
});

describe("an approval", () => {
  const steps = [
    call("disk", "look"),
    call(
      "clear",
      "clear",
      {},
      { path: cel("trigger.labels.path"), at: cel("steps.disk.output.percent") },
    ),
    message("report", "done"),
  ];

  test("is waited for without a worker; the approved call runs once, with the journaled arguments", async () => {
    const run = await lab.newRun({ steps, tools: grants({ approval: "always" }) });
    expect(await lab.work(run)).toMatchObject({ state: "waiting_approval", worker_id: null });
    expect(await lab.entries(run)).toEqual(["1 disk success", "2 clear pending"]);
    expect(lab.upstream.calls.clear).toEqual([]);
    expect(await lab.work(run)).toMatchObject({ state: "waiting_approval" });

    await lab.bench.decide(run, "approve");
    expect(await lab.work(run)).toMatchObject({ state: "completed", attempt_count: 1 });
    expect(lab.upstream.calls.look).toHaveLength(1);
    expect(lab.upstream.calls.clear).toEqual([{ path: "/var/cache", at: 93 }]);
    const keys = (await lab.journal(run)).map((row) => row.step_key);
    expect(keys.filter((key) => key === "clear")).toHaveLength(1);
  });

  test("that is refused ends the run, or goes back to the runbook where the contract says so", async () => {
    const cancelled = await lab.newRun({ steps, tools: grants({ approval: "always" }) });
    await lab.work(cancelled);
    await lab.bench.decide(cancelled, "reject", "not today");
    expect(await lab.work(cancelled)).toMatchObject({ state: "cancelled" });

    const tools = grants({ approval: "always", on_reject: "return" });
    const told = await lab.newRun({
      tools,
      steps: [
        call("clear", "clear", { on_error: "continue" }),
        message("report", cel("'Answer: ' + steps.clear.status")),
      ],
    });
    await lab.work(told);
    await lab.bench.decide(told, "reject", "not today");
    expect((await lab.work(told)).state).toBe("completed");
    expect((await lab.messages(told))[0]?.content_preview).toBe("Answer: blocked");
    expect(lab.upstream.calls.clear).toEqual([]);
  });
});

describe("what comes in while a runbook is followed", () => {
  test("is there for its expressions: what joined the run, up to now", async () => {
    const run = await lab.newRun({
      steps: [
        { key: "started", check: cel("size(events) == 1 && incident == null") },
        call("disk", "look"),
        {
          key: "over",
          check: cel("!events.exists(e, e.payload.status == 'resolved')"),
          else: { action: "complete", message: cel("'Resolved: ' + events[1].title") },
        },
        call("clear", "clear"),
      ],
    });
    const joins = (provider_event_id: string, status: string) =>
      lab.bench.asTenant((tx) => {
        const { project_id, run_id } = run;
        return seedEvent(tx, { project_id, run_id, provider_event_id, payload: jsonb({ status }) });
      });
    await joins("e1", "firing");
    lab.upstream.answers.look = async () => {
      await joins("e2", "resolved");
      return { content: [] };
    };
    expect(await lab.work(run)).toMatchObject({
      state: "completed",
      result: { stopped_at: "over", message: "Resolved: DiskAlmostFull" },
    });
    expect(lab.upstream.calls.clear).toEqual([]);
  });
});
