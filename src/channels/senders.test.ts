import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alert, alertDelivery, bearer, openHooks } from "../../test/support/hooks.ts";

let shop: Awaited<ReturnType<typeof openHooks>>;

beforeAll(async () => {
  shop = await openHooks();
});

afterAll(() => shop?.close());

const KEY = "the key of grafana's contact point";

async function newChannel(body: object): Promise<string> {
  const project_id = await shop.newProject();
  await shop.contract({ project_id, id: "in", family: "channel", body });
  await shop.secret(project_id, "GRAFANA", KEY);
  return project_id;
}

describe("Grafana", () => {
  const signed = { scheme: "grafana_hmac", secret: "secret:GRAFANA" };
  /** As its documentation shows it, of unified alerting. */
  const delivery = (...alerts: object[]) => ({
    ...alertDelivery(),
    version: "1",
    orgId: 1,
    title: "[FIRING:1]  (DiskAlmostFull cache-1)",
    state: "alerting",
    message: "**Firing**",
    commonAnnotations: null,
    alerts,
  });
  const grafanaAlert = (given: object = {}) => ({
    ...alert(given),
    values: { B: 93.4, C: 1 },
    valueString: "[ var='B' value=93.4 ]",
    dashboardURL: "https://grafana.example/d/1",
    panelURL: "https://grafana.example/d/1?viewPanel=2",
    silenceURL: "https://grafana.example/alerting/silence/new",
  });

  function sign(body: string, given: { at?: number; key?: string } = {}) {
    const at = String(given.at ?? Math.floor(Date.now() / 1_000));
    const hmac = createHmac("sha256", given.key ?? KEY).update(`${at}:${body}`);
    return {
      "x-grafana-alerting-signature": hmac.digest("hex"),
      "x-grafana-alerting-timestamp": at,
    };
  }

  test("its alerts are events, with what it says of their values", async () => {
    const project = await newChannel({ type: "grafana", auth: signed });
    const body = JSON.stringify(delivery(grafanaAlert(), grafanaAlert({ fingerprint: "f2" })));
    const answer = await shop.post(`${project}/in`, body, sign(body));
    expect(answer).toMatchObject({ status: 202, body: { events: [{}, {}] } });
    const [event] = await shop.eventsOf(project);
    expect(event).toMatchObject({
      channel_type: "grafana",
      content_preview: "DiskAlmostFull: The disk of cache-1 is 93 % full",
      payload: { values: { B: 93.4 }, orgId: 1, title: expect.stringContaining("FIRING") },
    });
  });

  test("its signatures hold for five minutes, and one that comes again is the same message", async () => {
    const project = await newChannel({ type: "grafana", auth: signed });
    const path = `${project}/in`;
    const body = JSON.stringify(delivery(grafanaAlert()));
    const now = Math.floor(Date.now() / 1_000);
    const refused: Record<string, string>[] = [
      {},
      bearer,
      sign(body, { key: "another" }),
      sign(body, { at: now - 360 }),
      sign(body, { at: now + 360 }),
      { ...sign(body), "x-grafana-alerting-timestamp": String(now - 1) },
      // Of the body alone, as Grafana signs without a timestamp header.
      { "x-grafana-alerting-signature": createHmac("sha256", KEY).update(body).digest("hex") },
    ];
    for (const headers of refused) {
      const answer = await shop.post(path, body, headers);
      expect(answer).toMatchObject({ status: 401, body: { code: "E-HOOK-AUTH" } });
    }
    const headers = sign(body);
    const answers = [await shop.post(path, body, headers), await shop.post(path, body, headers)];
    expect(answers[0]?.status).toBe(202);
    expect(answers[1]).toEqual(answers[0]);
    expect(await shop.eventsOf(project)).toHaveLength(1);
  });

  test("a delivery of Alertmanager is none of Grafana's", async () => {
    const auth = { scheme: "bearer", secret: "secret:TOKEN" };
    const project = await newChannel({ type: "grafana", auth });
    const answer = await shop.post(`${project}/in`, alertDelivery(alert()), bearer);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-HOOK-PAYLOAD" } });
    expect(answer.body.detail).toContain("Grafana");
  });
});

describe("a webhook of any shape", () => {
  const auth = { scheme: "bearer", secret: "secret:TOKEN" };
  const receive = {
    auth,
    items: { $cel: "body.incidents" },
    id: { $cel: 'item.id + ":" + item.state' },
    fingerprint: { $cel: "item.id" },
    status: { $cel: 'item.state == "closed" ? "resolved" : "firing"' },
    title: { $cel: "item.summary" },
    sender: { $cel: "item.source" },
    labels: { $cel: '{"service": item.service}' },
  };
  const incident = (given: object = {}) => ({
    id: "i1",
    state: "open",
    summary: "checkout is slow; token=sk-verysecret",
    source: "uptime",
    service: "checkout",
    ...given,
  });

  test("is read by the contract's expressions; an agent's trigger sees what they made", async () => {
    const project = await newChannel({ type: "webhook", receive });
    const when = 'trigger.status == "firing" && trigger.labels.service == "checkout"';
    await shop.contract({
      project_id: project,
      id: "medic",
      family: "agent",
      body: {
        display_name: "Medic",
        driver: "worker",
        triggers: [{ channel: "in", when }],
        runbook: { steps: [{ key: "done", check: { $cel: "true" } }] },
      },
    });
    const post = async (...incidents: object[]) =>
      (await shop.post(`${project}/in`, { incidents }, bearer)).body.events;
    const [opened, other] = await post(incident(), incident({ id: "i2", service: "search" }));
    expect(opened).toMatchObject({ is_duplicate: false, run_id: expect.any(String) });
    expect(other).toMatchObject({ is_duplicate: false, run_id: null });
    const { run_id } = opened;
    expect(await post(incident())).toMatchObject([{ is_duplicate: true, run_id }]);
    expect(await post(incident({ state: "closed" }))).toMatchObject([
      { is_duplicate: false, run_id },
    ]);
    const [event] = await shop.eventsOf(project);
    expect(event).toMatchObject({
      channel_type: "webhook",
      provider_event_id: "i1:open",
      fingerprint: "i1",
      sender: "uptime",
      payload: { status: "firing", labels: { service: "checkout" }, item: { state: "open" } },
    });
    expect(JSON.stringify(event)).not.toContain("sk-verysecret");
  });

  test("without items the whole body is one event, which needs nothing but an id", async () => {
    const rule = { auth, id: { $cel: "item.n" } };
    const project = await newChannel({ type: "webhook", receive: rule });
    const answer = await shop.post(`${project}/in`, { n: 7 }, bearer);
    expect(answer.status).toBe(202);
    const [event] = await shop.eventsOf(project);
    expect(event).toMatchObject({ provider_event_id: "7", fingerprint: "7", content_preview: "7" });
  });

  test.each<[string, unknown, string]>([
    ["no list", { incidents: "many" }, "receive.items"],
    ["an empty list", { incidents: [] }, "receive.items"],
    ["a missing list", {}, "receive.items"],
    ["101 events", { incidents: Array.from({ length: 101 }, () => incident()) }, "receive.items"],
    ["a missing field", { incidents: [{ ...incident(), state: undefined }] }, "receive.id"],
    ["an id that is no text", { incidents: [incident({ id: { a: 1 } })] }, "receive.id"],
    ["labels that are no texts", { incidents: [incident({ service: 5 })] }, "receive.labels"],
    ["what is nested deeply", { incidents: [JSON.parse("[".repeat(99) + "]".repeat(99))] }, "body"],
  ])("%s is refused with the expression's place, and nothing is stored", async (_, body, path) => {
    const project = await newChannel({ type: "webhook", receive });
    const answer = await shop.post(`${project}/in`, body, bearer);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-HOOK-PAYLOAD" } });
    expect(answer.body.errors[0].path).toBe(path);
    expect(await shop.eventsOf(project)).toEqual([]);
  });
});
