import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ask,
  askFor,
  openReading,
  type Reading,
  seedProject,
  seedRevision,
} from "../../test/support/fixtures.ts";
import { type Story, seedStory } from "../../test/support/story.ts";
import { timelineOfStory } from "../../test/support/story-timeline.ts";
import { type RunAnswer, runAnswer } from "./contract.ts";
import { timelineRoutes } from "./index.ts";

let reading: Reading;
let routes: ReturnType<typeof timelineRoutes>;

const read = (runId: string, as?: Parameters<typeof ask>[2]): Promise<RunAnswer> =>
  askFor(routes, `/runs/${runId}`, runAnswer, as);

afterAll(() => reading?.close());

let story: Story;
let answer: RunAnswer;

beforeAll(async () => {
  reading = await openReading();
  routes = timelineRoutes(reading);
  await reading.seed(async (tx) => {
    await seedProject(tx, { project_id: "acme" });
    story = await seedStory(tx, await seedRevision(tx, { project_id: "acme" }));
    const { project_id, run_id } = story.run;
    await tx
      .insertInto("run_budgets")
      .values({
        project_id,
        run_id,
        calls_limit: 20,
        calls_used: 6,
        cost_limit_usd: 0.5,
        reserved_usd: 0.1,
      })
      .execute();
  });
  answer = await read(story.run.run_id);
});

test("the run, its fields in the order of the operator API", () => {
  expect(Object.keys(answer).slice(0, 7)).toEqual(
    "run steps inbound_events outbound_messages mcp_calls timeline counts".split(" "),
  );
  expect(Object.keys(answer.run).slice(0, 19)).toEqual(
    `run_id project_id agent_id state is_shadow trace_id trigger_type trigger_ref cost_usd step_count attempt_count
      max_attempts error_code error_detail created_at started_at completed_at timeout_at heartbeat_at`.split(
      /\s+/,
    ),
  );
  expect(answer.run).toMatchObject({
    state: "failed",
    contract_version: "1.3",
    error_detail: "It is still full; password=[redacted]",
    created_at: "2026-11-22T03:07:01Z",
    timeout_at: null,
    worker_id: null,
    result: null,
    budget: { calls_limit: 20, calls_used: 6, cost_limit_usd: 0.5, reserved_usd: 0.1 },
  });
});

test("why it runs live, in a code, and in words in the reader's language", async () => {
  const params = { place: 7, percent: 10 };
  const why = { key: "project_canary_live", params };
  expect(answer.run.start).toMatchObject({
    ...why,
    text: expect.stringMatching(/so it runs live$/),
  });
  const { run } = await read(story.run.run_id, { language: "zh-TW" });
  expect(run.start).toMatchObject({
    ...why,
    text: "專案模式為金絲雀：此警報位於 0 至 99 中的 7，小於 10，因此真正執行",
  });
});

test("steps by their number, redacted and of bearable length", () => {
  expect(Object.keys(answer.steps[0] ?? {}).slice(0, 10)).toEqual(
    "step_id step_seq tool_name result_status was_blocked block_reason error_code latency_ms created_at completed_at".split(
      " ",
    ),
  );
  expect(answer.steps.map((step) => step.step_seq)).toEqual([1, 2, 3]);
  expect(answer.steps[0]).toMatchObject({
    input: { args: { password: "[redacted]" } },
    output: { truncated: true, characters: 20_002, beginning: `"${"x".repeat(1_999)}` },
    call_id: story.call.call_id,
    summary: "Asked",
  });
  expect(answer.steps[1]).toMatchObject({
    completed_at: null,
    latency_ms: null,
    input: null,
    output: null,
  });
});

test("events, messages and calls", () => {
  expect(Object.keys(answer.inbound_events[0] ?? {}).slice(0, 6)).toEqual(
    "event_id channel_type provider_event_id content_preview is_duplicate received_at".split(" "),
  );
  expect(Object.keys(answer.outbound_messages[0] ?? {}).slice(0, 10)).toEqual(
    `message_id channel_type message_type content_preview send_status send_error provider_message_id queued_at sent_at
      triggered_by_state`.split(/\s+/),
  );
  expect(Object.keys(answer.mcp_calls[0] ?? {}).slice(0, 7)).toEqual(
    "call_id tool_name result_status block_gate block_reason latency_ms created_at".split(" "),
  );
  expect(answer.inbound_events.map((event) => event.event_id)).toEqual([
    story.event.event_id,
    story.repeated.event_id,
  ]);
  expect(answer.outbound_messages.map((message) => message.message_id)).toEqual([
    story.queued.message_id,
    story.sent.message_id,
  ]);
  expect(answer.mcp_calls[0]).toMatchObject({
    args: { path: "/var/cache", token: "[redacted]" },
    result: { content: [{ type: "text", text: "Bearer [redacted]" }] },
    cost_usd: 0.1,
    attempt: 1,
  });
});

test("counts and what was cut", () => {
  expect(answer.counts).toEqual({
    steps: 3,
    inbound_events: 2,
    outbound_messages: 2,
    mcp_calls: 1,
    timeline: 14,
  });
  expect(Object.values(answer.truncated)).toEqual([false, false, false, false, false]);
});

test("the timeline, every kind of the table", () => {
  expect(answer.timeline.map(({ title_key: _key, ...item }) => item)).toEqual(
    timelineOfStory(story),
  );
  for (const item of answer.timeline) {
    expect(Object.keys(item)).toEqual(
      "id ts kind title title_key status summary metadata".split(" "),
    );
  }
});

test("titles in 繁體中文 under the same keys", async () => {
  const chinese = await read(story.run.run_id, { language: "zh-TW" });
  expect(chinese.timeline.map((item) => item.title_key)).toEqual(
    answer.timeline.map((item) => item.title_key),
  );
  expect(chinese.timeline.map((item) => item.title)).toEqual([
    "收到警報",
    "建立執行",
    "開始",
    "再次收到警報",
    "clear_cache",
    "clear_cache",
    "檢查：disk_full",
    "等待人決定",
    "TELEGRAM：核准請求",
    "由人核准",
    "繼續執行",
    "由 worker 接手",
    "TELEGRAM：自動修復失敗，轉交給人",
    "失敗",
  ]);
});

test("the id in any letter case; nothing looser", async () => {
  const { run_id } = story.run;
  expect((await ask(routes, `/runs/${run_id.toUpperCase()}?project_id=acme`)).status).toBe(200);
  for (const wrong of [run_id.replaceAll("-", ""), `{${run_id}}`, "1", "%00"]) {
    expect((await ask(routes, `/runs/${wrong}`)).body).toMatchObject({
      status: 422,
      code: "E-INPUT",
    });
  }
});
