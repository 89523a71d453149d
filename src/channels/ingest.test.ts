import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alert, alertDelivery, bearer, openHooks } from "../../test/support/hooks.ts";
import { transition } from "../runs/index.ts";

let shop: Awaited<ReturnType<typeof openHooks>>;

beforeAll(async () => {
  shop = await openHooks();
});

afterAll(() => shop?.close());

function newAgent(project_id: string, id: string, more: object = {}): Promise<string> {
  const step = { key: "done", check: { $cel: "true" } };
  const body = {
    display_name: id,
    driver: "worker",
    triggers: [{ channel: "alerts", when: 'trigger.status == "firing"' }],
    runbook: { steps: [step] },
    ...more,
  };
  return shop.contract({ project_id, id, family: "agent", body });
}

async function send(project: string, ...alerts: object[]) {
  const answer = await shop.post(`${project}/alerts`, alertDelivery(...alerts), bearer);
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body.events as { event_id: string; is_duplicate: boolean; run_id: string | null }[];
}

const runsOf = (project: string) =>
  shop.platform((tx) =>
    tx.selectFrom("runs").selectAll().where("project_id", "=", project).execute(),
  );

async function cancel(project: string, runId: string) {
  await shop.platform((tx) =>
    transition(
      tx,
      { send: shop.jobs.send },
      {
        projectId: project,
        runId,
        event: "cancel",
        actor: { kind: "system", id: "test" },
      },
    ),
  );
}
describe("events and runs", () => {
  test("one event and one run per alert; the same again and firing anew join it; resolved ends nothing", async () => {
    const project = await shop.newProject();
    await newAgent(project, "janitor");
    const [first, other] = await send(project, alert(), alert({ fingerprint: "f2" }));
    expect(first).toEqual({
      event_id: expect.any(String),
      is_duplicate: false,
      run_id: expect.any(String),
    });
    expect(other?.run_id).not.toBe(first?.run_id);
    const run_id = first?.run_id ?? "";

    expect(await send(project, alert())).toMatchObject([{ is_duplicate: true, run_id }]);
    const flapped = alert({ startsAt: "2026-11-22T04:00:00Z" });
    expect(await send(project, flapped)).toMatchObject([{ is_duplicate: true, run_id }]);
    expect(await send(project, alert({ status: "resolved" }))).toMatchObject([
      { is_duplicate: false, run_id },
    ]);
    expect(await runsOf(project)).toHaveLength(2);

    await cancel(project, run_id);
    expect(await send(project, alert())).toMatchObject([{ is_duplicate: true, run_id }]);
    const [anew] = await send(project, alert({ startsAt: "2026-11-22T05:00:00Z" }));
    expect(anew).toMatchObject({ is_duplicate: false, run_id: expect.any(String) });
    expect(anew?.run_id).not.toBe(run_id);
    expect(await runsOf(project)).toHaveLength(3);
    const events = await shop.eventsOf(project);
    expect(events[0]).toMatchObject({
      event_id: first?.event_id,
      channel_type: "alertmanager",
      channel_id: "alerts",
      provider_event_id: "f1:2026-11-22T03:07:00.000Z:firing",
      fingerprint: "f1",
      sender: "awooop",
      content_preview: "DiskAlmostFull: The disk of cache-1 is 93 % full",
    });
  });

  test("the same alert twice in one delivery, and in many at once, starts one run", async () => {
    const project = await shop.newProject();
    await newAgent(project, "janitor");
    const both = await send(project, alert(), alert());
    expect(both.map((event) => event.is_duplicate)).toEqual([false, true]);
    expect(both[1]?.run_id).toBe(both[0]?.run_id);
    const alerts = ["a", "b", "c"].map((fingerprint) => alert({ fingerprint }));
    const deliveries = await Promise.all([
      send(project, ...alerts),
      send(project, ...alerts.toReversed()),
      send(project, ...alerts),
      send(project, ...alerts.toReversed()),
    ]);
    const events = deliveries.flat();
    expect(events.filter((event) => !event.is_duplicate)).toHaveLength(3);
    expect(new Set(events.map((event) => event.run_id)).size).toBe(3);
    expect(await runsOf(project)).toHaveLength(4);
  });

  test("the run carries the alert, its title and what started it", async () => {
    const project = await shop.newProject();
    await newAgent(project, "a-janitor", { title: { $cel: "'Full: ' + trigger.labels.instance" } });
    await newAgent(project, "b-plain");
    await newAgent(project, "c-broken-title", { title: { $cel: "trigger.nope" } });
    await newAgent(project, "d-other-channel", { triggers: [{ channel: "signed" }] });
    await newAgent(project, "e-client", { driver: "client" });
    const [event] = await send(project, alert());
    const runs = (await runsOf(project)).toSorted((a, b) => (a.agent_id < b.agent_id ? -1 : 1));
    expect(runs.map((run) => [run.agent_id, run.title])).toEqual([
      ["a-janitor", "Full: cache-1"],
      ["b-plain", "DiskAlmostFull: The disk of cache-1 is 93 % full"],
      ["c-broken-title", "DiskAlmostFull: The disk of cache-1 is 93 % full"],
    ]);
    expect(runs[0]).toMatchObject({
      run_id: event?.run_id,
      state: "pending",
      trigger_type: "alertmanager",
      trigger_ref: event?.event_id,
      is_shadow: false,
      input: { status: "firing", labels: { instance: "cache-1" }, commonLabels: { team: "shop" } },
    });
    // One of the three still works: the alert is not over.
    await cancel(project, runs[0]?.run_id ?? "");
    expect(await send(project, alert({ startsAt: "2026-11-22T06:00:00Z" }))).toMatchObject([
      { is_duplicate: true },
    ]);
  });

  test.each([
    [{ migration_mode: "active" }, "active", [false]],
    [{ migration_mode: "shadow" }, "active", [true]],
    [{ migration_mode: "active" }, "shadow", [true]],
    [{ migration_mode: "legacy" }, "active", []],
    [{ migration_mode: "active", is_active: false }, "active", []],
    [{ migration_mode: "canary", canary_percent: 0 }, "active", [true]],
    [{ migration_mode: "canary", canary_percent: 100 }, "active", [false]],
  ])("a project %j with an agent in mode %s starts %j", async (project_mode, mode, expected) => {
    const project = await shop.newProject(project_mode);
    await newAgent(project, "janitor", { mode });
    const [event] = await send(project, alert());
    const runs = await runsOf(project);
    expect(runs.map((run) => run.is_shadow)).toEqual(expected);
    expect(event?.run_id).toBe(runs[0]?.run_id ?? null);
    expect(await shop.eventsOf(project)).toHaveLength(1);
  });

  test("a condition that fails is audited and costs only its own agent's run", async () => {
    const project = await shop.newProject();
    await newAgent(project, "broken", {
      triggers: [{ channel: "alerts", when: "trigger.labels.nope == 'x'" }],
    });
    await newAgent(project, "no-answer", {
      triggers: [{ channel: "alerts", when: "trigger.labels" }],
    });
    await newAgent(project, "not-meant", { triggers: [{ channel: "alerts", when: "false" }] });
    await newAgent(project, "second-chance", {
      triggers: [
        { channel: "alerts", when: "trigger.nope" },
        { channel: "alerts" },
        { channel: "alerts" },
      ],
    });
    await send(project, alert());
    expect((await runsOf(project)).map((run) => run.agent_id)).toEqual(["second-chance"]);
    const errors = await shop.platform((tx) =>
      tx
        .selectFrom("audit_log")
        .select("subject_id")
        .where("project_id", "=", project)
        .where("action", "=", "trigger.error")
        .orderBy("subject_id")
        .execute(),
    );
    expect(errors.map((entry) => entry.subject_id)).toEqual([
      "broken",
      "no-answer",
      "second-chance",
    ]);
  });

  test("a delivery whose last alert can't be stored leaves nothing behind", async () => {
    const project = await shop.newProject();
    await newAgent(project, "janitor");
    let sends = 0;
    const effects = {
      send: async () => {
        sends += 1;
        if (sends === 2) throw new Error("the job engine is gone");
      },
    };
    const failing = shop.appWith(effects);
    const body = JSON.stringify(alertDelivery(alert(), alert({ fingerprint: "f2" })));
    const answer = await failing.request(`/hooks/${project}/alerts`, {
      method: "POST",
      body,
      headers: { ...bearer, "content-type": "application/json" },
    });
    expect(answer.status).toBe(500);
    expect(await shop.eventsOf(project)).toEqual([]);
    expect(await runsOf(project)).toEqual([]);
  });

  test("1,000 alerts are one delivery", async () => {
    const project = await shop.newProject();
    await newAgent(project, "janitor");
    const alerts = Array.from({ length: 1_000 }, (_, at) => alert({ fingerprint: `f${at}` }));
    const events = await send(project, ...alerts);
    expect(new Set(events.map((event) => event.run_id)).size).toBe(1_000);
  });
});
