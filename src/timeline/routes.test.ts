import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  askFor,
  caller,
  openReading,
  type Reading,
  seedCall,
  seedEvent,
  seedMessage,
  seedProject,
  seedRevision,
  seedRun,
  seedStep,
  seedTransition,
} from "../../test/support/fixtures.ts";
import { at } from "../../test/support/story.ts";
import type { Tx } from "../platform/database/index.ts";
import { newId } from "../platform/ids.ts";
import { type RunAnswer, runAnswer, type TimelineItem } from "./contract.ts";
import { timelineRoutes } from "./index.ts";

let reading: Reading;
let routes: ReturnType<typeof timelineRoutes>;
const revisions: Record<string, string> = {};

beforeAll(async () => {
  reading = await openReading();
  routes = timelineRoutes(reading);
  await reading.seed(async (tx) => {
    for (const project_id of ["acme", "globex"]) {
      await seedProject(tx, { project_id });
      revisions[project_id] = (await seedRevision(tx, { project_id })).revision_id;
    }
  });
});

function newRun(
  tx: Tx,
  given: Partial<Parameters<typeof seedRun>[1]> & { project_id?: string } = {},
) {
  const { project_id = "acme", ...more } = given;
  const revision_id = revisions[project_id] ?? "";
  return seedRun(tx, { created_at: at("01"), ...more, project_id, revision_id });
}

const read = (runId: string, as?: Parameters<typeof ask>[2]): Promise<RunAnswer> =>
  askFor(routes, `/runs/${runId}`, runAnswer, as);

afterAll(() => reading?.close());

describe("which runs may be read", () => {
  test.each(["", "/timeline"])(
    "GET /runs/{run_id}%s: unknown, another project's and invisible ones look alike",
    async (path) => {
      const run = await reading.seed((tx) => newRun(tx, { project_id: "globex" }));
      const acme = caller({ projects: ["acme"] });
      const answers = [
        await ask(routes, `/runs/${newId()}${path}`),
        await ask(routes, `/runs/${run.run_id}${path}?project_id=acme`),
        await ask(routes, `/runs/${run.run_id}${path}?project_id=nowhere`),
        await ask(routes, `/runs/${run.run_id}${path}`, { caller: acme }),
        await ask(routes, `/runs/${run.run_id}${path}?project_id=globex`, { caller: acme }),
      ];
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      expect(answers[0]?.body).toMatchObject({ status: 404, code: "E-NOT-FOUND" });
      expect((await ask(routes, `/runs/${run.run_id}${path}?project_id=globex`)).status).toBe(200);
    },
  );

  test("an agent's key reads the run it opened, and no other", async () => {
    const agent = caller({
      role: "agent",
      keyId: "ka",
      projects: ["acme"],
      agentId: "disk-janitor",
    });
    const [own, others] = await reading.seed(
      async (tx) =>
        [
          await newRun(tx, { driver: "client", opened_by: "ka" }),
          await newRun(tx, { driver: "client", opened_by: "kb" }),
        ] as const,
    );
    const found = await read(own.run_id, { caller: agent });
    // Born running, and no worker ever claimed it.
    expect(found.timeline[0]).toMatchObject({ status: "running", title_key: "run.created" });
    expect((await ask(routes, `/runs/${others.run_id}`, { caller: agent })).body.code).toBe(
      "E-NOT-FOUND",
    );
  });
});

test("an event belongs by run_id or by what trigger_ref names, within the project, each once", async () => {
  const eventId = newId();
  const provider = "0ABC0000-0000-7000-8000-00000000000A";
  const found = await reading.seed(async (tx) => {
    const run = await newRun(tx, { trigger_ref: eventId.toUpperCase() });
    const other = await newRun(tx, { trigger_ref: provider });
    const event = (given: object) =>
      seedEvent(tx, { project_id: "acme", provider_event_id: newId(), ...given });
    return {
      run,
      other,
      // Tied by run_id and named by trigger_ref as well, and so named by both ways.
      both: await event({
        event_id: eventId,
        run_id: run.run_id,
        provider_event_id: eventId.toUpperCase(),
        received_at: at("02"),
      }),
      byProvider: await event({
        provider_event_id: eventId.toUpperCase(),
        is_duplicate: true,
        run_id: other.run_id,
        received_at: at("03"),
      }),
      byRunId: await event({ run_id: run.run_id, received_at: at("01") }),
      upperCase: await event({ provider_event_id: provider, received_at: at("04") }),
      // The same names in another project, and another letter case of a provider's id.
      foreign: await event({
        project_id: "globex",
        event_id: newId(),
        provider_event_id: provider,
      }),
      lowerCase: await event({ provider_event_id: provider.toLowerCase(), received_at: at("05") }),
    };
  });
  const eventsOf = async (runId: string) => {
    const answer = await read(runId);
    const inTimeline = answer.timeline.flatMap((item) =>
      item.kind === "inbound" ? [item.id.replace("inbound:", "")] : [],
    );
    expect(answer.inbound_events.map((event) => event.event_id)).toEqual(inTimeline);
    expect(answer.counts.inbound_events).toBe(inTimeline.length);
    return inTimeline;
  };
  expect(await eventsOf(found.run.run_id)).toEqual([
    found.byRunId.event_id,
    found.both.event_id,
    found.byProvider.event_id,
  ]);
  expect(await eventsOf(found.other.run_id)).toEqual([
    found.byProvider.event_id,
    found.upperCase.event_id,
  ]);
});

/** A run where all happens at the same time, written in another order than it is to be read in. */
async function seedAllAtOnce(tx: Tx, moment: string) {
  const run = await newRun(tx, {
    created_at: moment,
    started_at: moment,
    completed_at: moment,
    state: "completed",
  });
  await seedMessage(tx, run, { queued_at: at("04"), sent_at: moment, content_preview: "second" });
  await seedMessage(tx, run, { queued_at: at("03"), sent_at: moment, content_preview: "first" });
  await seedMessage(tx, run, { queued_at: moment, content_preview: "third" });
  const calls = [newId(), newId()].sort().reverse();
  for (const call_id of calls) await seedCall(tx, run, { call_id, created_at: moment });
  // Numbers beyond 9 sort as numbers, and a decision comes after steps of its time whatever its number.
  for (const step_seq of [11, 2, 10])
    await seedStep(tx, run, { step_seq, created_at: moment, tool_name: null, kind: "note" });
  await seedStep(tx, run, {
    step_seq: 1,
    created_at: moment,
    tool_name: "operator_console.reject",
  });
  await seedEvent(tx, {
    project_id: "acme",
    provider_event_id: newId(),
    run_id: run.run_id,
    received_at: moment,
  });
  await seedTransition(tx, run, {
    at: moment,
    from_state: "running",
    to_state: "pending",
    event: "release",
  });
  return run;
}

test("equal times keep the order of the table, and within a kind the order of its list", async () => {
  const run = await reading.seed((tx) => seedAllAtOnce(tx, at("05")));
  const { timeline } = await read(run.run_id);
  const names = timeline.map((item: TimelineItem) =>
    item.kind === "step"
      ? item.metadata.step_key
      : item.kind === "outbound"
        ? item.summary
        : item.kind === "run"
          ? item.title
          : item.kind,
  );
  expect(names).toEqual([
    "Run created",
    "Started",
    "Back in the queue",
    "inbound",
    "step_2",
    "step_10",
    "step_11",
    "approval",
    "mcp",
    "mcp",
    "first",
    "second",
    "third",
    "Completed",
  ]);
  const calls = timeline.flatMap((item) => (item.kind === "mcp" ? [item.metadata.call_id] : []));
  expect(calls).toEqual(calls.toSorted());
});

test("what only the schema's edges bring: no transitions, no trigger, no server", async () => {
  const run = await reading.seed(async (tx) => {
    const run = await newRun(tx, {
      trigger_type: null,
      started_at: at("02"),
      worker_id: "worker-7",
    });
    await seedCall(tx, run, { server: null, created_at: at("03") });
    return run;
  });
  const { timeline, run: shown } = await read(run.run_id);
  expect(timeline.map((item) => [item.status, item.summary])).toEqual([
    ["pending", "unknown, disk-janitor"],
    ["running", "worker-7"],
    ["success", null],
  ]);
  expect(shown.budget).toEqual({
    calls_limit: null,
    calls_used: 0,
    cost_limit_usd: null,
    reserved_usd: 0,
  });
});
