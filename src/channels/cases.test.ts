import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alert, alertDelivery, bearer, openHooks } from "../../test/support/hooks.ts";
import { transition } from "../runs/index.ts";

let shop: Awaited<ReturnType<typeof openHooks>>;

beforeAll(async () => {
  shop = await openHooks();
});

afterAll(() => shop?.close());

interface Entry {
  event_id: string;
  is_duplicate: boolean;
  run_id: string | null;
}

async function newProject(rule: object, agent: object = {}, project: object = {}) {
  const project_id = await shop.newProject(project);
  const auth = { scheme: "bearer", secret: "secret:TOKEN" };
  const body = { type: "alertmanager", auth, correlate: { labels: ["cluster"], ...rule } };
  await shop.contract({ project_id, id: "alerts", family: "channel", body });
  await shop.contract({
    project_id,
    id: "medic",
    family: "agent",
    body: {
      display_name: "Medic",
      driver: "worker",
      triggers: [{ channel: "alerts", when: 'trigger.labels.severity == "page"' }],
      runbook: { steps: [{ key: "done", check: { $cel: "true" } }] },
      ...agent,
    },
  });
  return project_id;
}

let serial = 0;

/** An alert about something of its own in a cluster. */
function one(cluster: string, given: object = {}, severity = "page") {
  serial += 1;
  const labels = { alertname: "Slow", cluster, severity, pod: `p${serial}` };
  return alert({ fingerprint: `f${serial}`, labels, ...given });
}

async function send(project: string, ...alerts: object[]): Promise<Entry[]> {
  const answer = await shop.post(`${project}/alerts`, alertDelivery(...alerts), bearer);
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body.events;
}

const casesOf = (project: string) =>
  shop.platform((tx) =>
    tx
      .selectFrom("channel_cases")
      .selectAll()
      .where("project_id", "=", project)
      .orderBy("opened_at")
      .execute(),
  );

const runsOf = (project: string) =>
  shop.platform((tx) =>
    tx.selectFrom("runs").selectAll().where("project_id", "=", project).execute(),
  );

const end = (projectId: string, runId: string | null | undefined) =>
  shop.platform((tx) =>
    transition(
      tx,
      { send: shop.jobs.send },
      {
        projectId,
        runId: runId ?? "",
        event: "cancel",
        actor: { kind: "system", id: "test" },
      },
    ),
  );

/** As if the time in which the project's cases take events were over. */
const passWindows = (project: string) =>
  shop.platform((tx) =>
    tx
      .updateTable("channel_cases")
      .set({ closes_at: "2026-01-01T00:00:00Z" })
      .where("project_id", "=", project)
      .execute(),
  );

describe("events that a rule puts together", () => {
  test("are one case and one run, within a delivery and over several", async () => {
    const project = await newProject({});
    const [first, second, elsewhere] = await send(project, one("a"), one("a"), one("b"));
    expect(first).toMatchObject({ is_duplicate: false, run_id: expect.any(String) });
    expect(second).toMatchObject({ is_duplicate: true, run_id: first?.run_id });
    expect(elsewhere).toMatchObject({ is_duplicate: false, run_id: expect.any(String) });
    const [third, over] = await send(project, one("a"), one("b", { status: "resolved" }));
    expect(third).toMatchObject({ is_duplicate: true, run_id: first?.run_id });
    expect(over).toMatchObject({ is_duplicate: false, run_id: elsewhere?.run_id });
    expect(await runsOf(project)).toHaveLength(2);
    const cases = await casesOf(project);
    expect(cases.map(({ event_count, resolved_count }) => [event_count, resolved_count])).toEqual(
      expect.arrayContaining([
        [3, 0],
        [2, 1],
      ]),
    );
    const runs = await runsOf(project);
    expect(new Set(runs.map(({ case_id }) => case_id))).toEqual(
      new Set(cases.map(({ case_id }) => case_id)),
    );
  });

  test("go on joining after the run is over until the window is; then there is a new case", async () => {
    const project = await newProject({ window_seconds: 3_600 });
    const [first] = await send(project, one("a"));
    await end(project, first?.run_id);
    expect(await send(project, one("a"))).toMatchObject([
      { is_duplicate: true, run_id: first?.run_id },
    ]);
    await passWindows(project);
    const [anew] = await send(project, one("a"));
    expect(anew).toMatchObject({ is_duplicate: false, run_id: expect.any(String) });
    expect(anew?.run_id).not.toBe(first?.run_id);
    // While a run is open its case is, however old.
    await passWindows(project);
    expect(await send(project, one("a"))).toMatchObject([
      { is_duplicate: true, run_id: anew?.run_id },
    ]);
    expect(await casesOf(project)).toHaveLength(2);
  });

  test("that no agent wants leave the case to the first one that an agent does", async () => {
    const project = await newProject({});
    const [minor] = await send(project, one("a", {}, "info"));
    expect(minor).toMatchObject({ is_duplicate: false, run_id: null });
    const [major] = await send(project, one("a"));
    expect(major).toMatchObject({ is_duplicate: false, run_id: expect.any(String) });
    expect(await casesOf(project)).toMatchObject([{ event_count: 2, run_id: major?.run_id }]);
    // The same state again goes where its case has gone since.
    const events = await shop.eventsOf(project);
    expect(new Set(events.map(({ case_id }) => case_id)).size).toBe(1);
  });

  test("in a project of the legacy mode are recorded, and start nothing", async () => {
    const project = await newProject({}, {}, { migration_mode: "legacy" });
    await send(project, one("a"), one("a"));
    expect(await runsOf(project)).toEqual([]);
    expect(await casesOf(project)).toMatchObject([{ event_count: 2, run_id: null }]);
  });

  test("of none of the rule's labels are about themselves", async () => {
    const project = await newProject({ labels: ["nothing"] });
    const [a, b] = await send(project, one("a"), one("a"));
    expect(a?.run_id).not.toBe(b?.run_id);
    expect(await casesOf(project)).toEqual([]);
  });

  test("that come at once over many connections are one run", async () => {
    const project = await newProject({});
    const sent = await Promise.all(Array.from({ length: 20 }, () => send(project, one("a"))));
    expect(new Set(sent.flat().map(({ run_id }) => run_id)).size).toBe(1);
    expect(sent.flat().filter(({ is_duplicate }) => !is_duplicate)).toHaveLength(1);
    expect(await casesOf(project)).toMatchObject([{ event_count: 20 }]);
  });
});

describe("a storm", () => {
  test("is said once, on the channels that the agent notifies", async () => {
    const project = await newProject({ storm_events: 10 }, { notify: ["console"] });
    const notices = () =>
      shop.platform((tx) =>
        tx
          .selectFrom("outbound_messages")
          .select(["message_type", "subject_kind", "content_preview"])
          .where("project_id", "=", project)
          .execute(),
      );
    await send(project, ...Array.from({ length: 9 }, () => one("a")));
    expect(await notices()).toEqual([]);
    for (let more = 0; more < 3; more++) await send(project, one("a"), one("a"));
    expect(await notices()).toEqual([
      {
        message_type: "notice",
        subject_kind: "alert_storm",
        content_preview: expect.stringContaining("11 events so far"),
      },
    ]);
    expect(await casesOf(project)).toMatchObject([
      { event_count: 15, storm_at: expect.anything() },
    ]);
  });
});
