import { randomBytes } from "node:crypto";
import { Hono } from "hono";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedProject } from "../../test/support/fixtures.ts";
import { openWorkshop, type Workshop } from "../../test/support/tenant.ts";
import { problemResponse } from "../platform/http/index.ts";
import { createLog } from "../platform/log.ts";
import { transition } from "../runs/index.ts";
import { hookRoutes } from "./index.ts";

const TOKEN = "a-token-of-the-alertmanager";
const SIGNING_KEY = `whsec_${randomBytes(24).toString("base64")}`;

let shop: Workshop;
let app: Hono;
let serial = 0;

beforeAll(async () => {
  shop = await openWorkshop();
  const effects = { send: shop.jobs.send };
  app = new Hono();
  app.route("/hooks", hookRoutes({ ...shop, effects, log: createLog("silent") }));
  app.onError((error) => problemResponse(error));
});

afterAll(() => shop?.close());

/** A project of its own with both kinds of hook; the agents are the test's. */
async function newProject(given: object = {}): Promise<string> {
  serial += 1;
  const project_id = `p${serial}`;
  await shop.platform((tx) => seedProject(tx, { project_id, ...given }));
  const bearer = { scheme: "bearer", secret: "secret:TOKEN" };
  const signed = { scheme: "standard_webhooks", secret: "secret:KEY" };
  const family = "channel";
  await shop.contract({
    project_id,
    id: "alerts",
    family,
    body: { type: "alertmanager", auth: bearer },
  });
  await shop.contract({
    project_id,
    id: "signed",
    family,
    body: { type: "alertmanager", auth: signed },
  });
  await shop.contract({ project_id, id: "console", family, body: { type: "console" } });
  await shop.secret(project_id, "TOKEN", TOKEN);
  await shop.secret(project_id, "KEY", SIGNING_KEY);
  return project_id;
}

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

function alert(given: object = {}) {
  return {
    status: "firing",
    labels: { alertname: "DiskAlmostFull", instance: "cache-1" },
    annotations: { summary: "The disk of cache-1\nis 93 % full" },
    startsAt: "2026-11-22T03:07:00.000Z",
    endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus.example/graph",
    fingerprint: "f1",
    ...given,
  };
}

function delivery(...alerts: object[]) {
  return {
    version: "4",
    groupKey: "{}:{}",
    truncatedAlerts: 0,
    status: "firing",
    receiver: "awooop",
    groupLabels: {},
    commonLabels: { team: "shop" },
    commonAnnotations: {},
    externalURL: "http://alertmanager.example",
    alerts,
  };
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await app.request(`/hooks/${path}`, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
  return { status: response.status, body: (await response.json()) as any };
}

const bearer = { authorization: `Bearer ${TOKEN}` };

async function send(project: string, ...alerts: object[]) {
  const answer = await post(`${project}/alerts`, delivery(...alerts), bearer);
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body.events as { event_id: string; is_duplicate: boolean; run_id: string | null }[];
}

const runsOf = (project: string) =>
  shop.platform((tx) =>
    tx.selectFrom("runs").selectAll().where("project_id", "=", project).execute(),
  );

const eventsOf = (project: string) =>
  shop.platform((tx) =>
    tx
      .selectFrom("channel_events")
      .selectAll()
      .where("project_id", "=", project)
      .orderBy("received_at")
      .execute(),
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

describe("who may deliver", () => {
  test("everything that is wrong looks the same, and is asked before the body is read", async () => {
    const project = await newProject();
    const wrong = [
      await post(`${project}/alerts`, "{not json"),
      await post(`${project}/alerts`, "{not json", { authorization: "Bearer wrong" }),
      await post(`${project}/alerts`, "{not json", { authorization: "Bearer" }),
      await post(`${project}/nothing`, "{not json", bearer),
      await post(`${project}/console`, "{not json", bearer),
      await post(`${project}/signed`, "{not json", bearer),
      await post("nowhere/alerts", "{not json", bearer),
      await post(`${project},acme/alerts`, "{not json", bearer),
      await post("%00/%00", "{not json", bearer),
      await post(`${project}/${"x".repeat(200)}`, "{not json", bearer),
    ];
    for (const answer of wrong) {
      expect(answer).toEqual(wrong[0]);
      expect(answer.body).toMatchObject({ status: 401, code: "E-HOOK-AUTH" });
    }
    expect(await eventsOf(project)).toEqual([]);
  });

  test("a channel whose secret is missing lets nobody in", async () => {
    const project = await newProject();
    const auth = { scheme: "bearer", secret: "secret:UNSET" };
    await shop.contract({
      project_id: project,
      id: "alerts",
      family: "channel",
      body: { type: "alertmanager", auth },
    });
    expect((await post(`${project}/alerts`, delivery(alert()), bearer)).status).toBe(401);
    expect(
      (await post(`${project}/alerts`, delivery(alert()), { authorization: "Bearer " })).status,
    ).toBe(401);
  });

  test("the secret of one project opens no other one", async () => {
    const [mine, theirs] = [await newProject(), await newProject()];
    await shop.secret(theirs, "TOKEN", "another");
    expect((await post(`${theirs}/alerts`, delivery(alert()), bearer)).status).toBe(401);
    expect((await post(`${mine}/alerts`, delivery(alert()), bearer)).status).toBe(202);
  });
});

function sign(id: string, body: string, given: { at?: Date; key?: string } = {}) {
  const at = given.at ?? new Date();
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(given.key ?? SIGNING_KEY).sign(id, at, body),
  };
}

describe("signed deliveries (Standard Webhooks)", () => {
  test("are taken when the signature holds", async () => {
    const project = await newProject();
    const body = JSON.stringify(delivery(alert()));
    const path = `${project}/signed`;
    const old = new Date(Date.now() - 6 * 60_000);
    const other = `whsec_${randomBytes(24).toString("base64")}`;
    expect((await post(path, body, sign("m1", body, { at: old }))).body.code).toBe("E-HOOK-AUTH");
    expect((await post(path, body, sign("m1", body, { key: other }))).body.code).toBe(
      "E-HOOK-AUTH",
    );
    expect((await post(path, `${body} `, sign("m1", body))).body.code).toBe("E-HOOK-AUTH");
    expect((await post(path, body, { ...sign("m1", body), "webhook-id": "m2" })).status).toBe(401);
    expect((await post(path, body, sign("m1", body))).status).toBe(202);
  });

  test("are stored once: a repeated webhook-id gets the first answer, also when both come at once", async () => {
    const project = await newProject();
    const body = JSON.stringify(delivery(alert(), alert({ fingerprint: "f2" })));
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => post(`${project}/signed`, body, sign("m1", body))),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(202);
    expect(await eventsOf(project)).toHaveLength(2);
    const other = JSON.stringify(delivery(alert({ fingerprint: "f3" })));
    const reused = await post(`${project}/signed`, other, sign("m1", other));
    expect(reused).toMatchObject({ status: 422, body: { code: "E-HOOK-PAYLOAD" } });
    expect(await eventsOf(project)).toHaveLength(2);
  });
});

describe("what may be delivered", () => {
  test.each<[string, unknown, string]>([
    ["no JSON", "{not json", "body"],
    ["a list", [], "body"],
    ["another version", { ...delivery(alert()), version: "3" }, "body.version"],
    ["no alerts", delivery(), "body.alerts"],
    [
      "an alert without fingerprint",
      delivery(alert(), { ...alert(), fingerprint: undefined }),
      "body.alerts.1.fingerprint",
    ],
    ["an alert without time", delivery(alert({ startsAt: "yesterday" })), "body.alerts.0.startsAt"],
    ["labels that are no texts", delivery(alert({ labels: { a: 1 } })), "body.alerts.0.labels.a"],
    ["an unknown status", delivery(alert({ status: "maybe" })), "body.alerts.0.status"],
    [
      "a NUL in the fingerprint",
      delivery(alert({ fingerprint: "a\0b" })),
      "body.alerts.0.fingerprint",
    ],
    ["1,001 alerts", delivery(...Array.from({ length: 1_001 }, () => alert())), "body.alerts"],
  ])("%s is refused with its place, and nothing is stored", async (_, body, path) => {
    const project = await newProject();
    const answer = await post(`${project}/alerts`, body, bearer);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-HOOK-PAYLOAD" } });
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await eventsOf(project)).toEqual([]);
  });

  test("a body over 1 MiB is refused unread", async () => {
    const project = await newProject();
    const answer = await post(`${project}/alerts`, "x".repeat(1024 * 1024 + 1));
    expect(answer).toMatchObject({ status: 413, body: { code: "E-BODY-SIZE" } });
  });

  test("odd texts and huge alerts are stored cut and masked", async () => {
    const project = await newProject();
    await send(
      project,
      alert({
        annotations: {
          summary: "password=hunter2 \ud800 \0 failed",
          api_token: "abc",
          long: "x".repeat(200_000),
        },
        future: { field: [1] },
      }),
    );
    const [event] = await eventsOf(project);
    expect(event?.content_preview).toBe("DiskAlmostFull: password=[redacted] � failed");
    const text = JSON.stringify(event?.payload);
    expect(text).not.toContain("hunter2");
    expect(text.length).toBeLessThan(20_000);
    expect(event?.payload).toMatchObject({
      commonLabels: { team: "shop" },
      annotations: { api_token: "[redacted]" },
      future: { field: [1] },
    });
  });
});

describe("events and runs", () => {
  test("one event and one run per alert; the same again and firing anew join it; resolved ends nothing", async () => {
    const project = await newProject();
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
    const events = await eventsOf(project);
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
    const project = await newProject();
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
    const project = await newProject();
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
    const project = await newProject(project_mode);
    await newAgent(project, "janitor", { mode });
    const [event] = await send(project, alert());
    const runs = await runsOf(project);
    expect(runs.map((run) => run.is_shadow)).toEqual(expected);
    expect(event?.run_id).toBe(runs[0]?.run_id ?? null);
    expect(await eventsOf(project)).toHaveLength(1);
  });

  test("a condition that fails is audited and costs only its own agent's run", async () => {
    const project = await newProject();
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
    const project = await newProject();
    await newAgent(project, "janitor");
    const failing = new Hono();
    let sends = 0;
    const effects = {
      send: async () => {
        sends += 1;
        if (sends === 2) throw new Error("the job engine is gone");
      },
    };
    failing.route("/hooks", hookRoutes({ ...shop, effects, log: createLog("silent") }));
    failing.onError((error) => problemResponse(error));
    const body = JSON.stringify(delivery(alert(), alert({ fingerprint: "f2" })));
    const answer = await failing.request(`/hooks/${project}/alerts`, {
      method: "POST",
      body,
      headers: bearer,
    });
    expect(answer.status).toBe(500);
    expect(await eventsOf(project)).toEqual([]);
    expect(await runsOf(project)).toEqual([]);
  });

  test("1,000 alerts are one delivery", async () => {
    const project = await newProject();
    await newAgent(project, "janitor");
    const alerts = Array.from({ length: 1_000 }, (_, at) => alert({ fingerprint: `f${at}` }));
    const events = await send(project, ...alerts);
    expect(new Set(events.map((event) => event.run_id)).size).toBe(1_000);
  });
});
