import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alert, alertDelivery, bearer, openHooks, SIGNING_KEY } from "../../test/support/hooks.ts";

let shop: Awaited<ReturnType<typeof openHooks>>;

beforeAll(async () => {
  shop = await openHooks();
});

afterAll(() => shop?.close());

describe("who may deliver", () => {
  test("everything that is wrong looks the same, and is asked before the body is read", async () => {
    const project = await shop.newProject();
    const wrong = [
      await shop.post(`${project}/alerts`, "{not json"),
      await shop.post(`${project}/alerts`, "{not json", { authorization: "Bearer wrong" }),
      await shop.post(`${project}/alerts`, "{not json", { authorization: "Bearer" }),
      await shop.post(`${project}/nothing`, "{not json", bearer),
      await shop.post(`${project}/console`, "{not json", bearer),
      await shop.post(`${project}/signed`, "{not json", bearer),
      await shop.post("nowhere/alerts", "{not json", bearer),
      await shop.post(`${project},acme/alerts`, "{not json", bearer),
      await shop.post("%00/%00", "{not json", bearer),
      await shop.post(`${project}/${"x".repeat(200)}`, "{not json", bearer),
    ];
    for (const answer of wrong) {
      expect(answer).toEqual(wrong[0]);
      expect(answer.body).toMatchObject({ status: 401, code: "E-HOOK-AUTH" });
    }
    expect(await shop.eventsOf(project)).toEqual([]);
  });

  test("a channel whose secret is missing lets nobody in", async () => {
    const project = await shop.newProject();
    const auth = { scheme: "bearer", secret: "secret:UNSET" };
    await shop.contract({
      project_id: project,
      id: "alerts",
      family: "channel",
      body: { type: "alertmanager", auth },
    });
    expect((await shop.post(`${project}/alerts`, alertDelivery(alert()), bearer)).status).toBe(401);
    expect(
      (await shop.post(`${project}/alerts`, alertDelivery(alert()), { authorization: "Bearer " }))
        .status,
    ).toBe(401);
  });

  test("the secret of one project opens no other one", async () => {
    const [mine, theirs] = [await shop.newProject(), await shop.newProject()];
    await shop.secret(theirs, "TOKEN", "another");
    expect((await shop.post(`${theirs}/alerts`, alertDelivery(alert()), bearer)).status).toBe(401);
    expect((await shop.post(`${mine}/alerts`, alertDelivery(alert()), bearer)).status).toBe(202);
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

test("what comes in and what is refused is counted, of channels that there are", async () => {
  const project = await shop.newProject();
  await shop.post(
    `${project}/alerts`,
    alertDelivery(alert(), alert({ fingerprint: "f2" })),
    bearer,
  );
  await shop.writeFigures();
  await shop.post(`${project}/alerts`, "{not json", bearer);
  await shop.post(`${project}/alerts`, "{not json", { authorization: "Bearer wrong" });
  await shop.post(`${project}/nothing`, "{not json", bearer);
  await shop.writeFigures();
  const rows = await shop.platform((tx) =>
    tx.selectFrom("channel_hours").selectAll().where("project_id", "=", project).execute(),
  );
  const sum = (of: "event_count" | "refused_count") =>
    rows.reduce((all, row) => all + Number(row[of]), 0);
  expect(new Set(rows.map(({ channel_id }) => channel_id))).toEqual(new Set(["alerts"]));
  expect([sum("event_count"), sum("refused_count")]).toEqual([2, 2]);
  expect(rows.at(-1)).toMatchObject({ last_refused_code: "E-HOOK-AUTH" });
});

describe("signed deliveries (Standard Webhooks)", () => {
  test("are taken when the signature holds", async () => {
    const project = await shop.newProject();
    const body = JSON.stringify(alertDelivery(alert()));
    const path = `${project}/signed`;
    const old = new Date(Date.now() - 6 * 60_000);
    const other = `whsec_${randomBytes(24).toString("base64")}`;
    expect((await shop.post(path, body, sign("m1", body, { at: old }))).body.code).toBe(
      "E-HOOK-AUTH",
    );
    expect((await shop.post(path, body, sign("m1", body, { key: other }))).body.code).toBe(
      "E-HOOK-AUTH",
    );
    expect((await shop.post(path, `${body} `, sign("m1", body))).body.code).toBe("E-HOOK-AUTH");
    expect((await shop.post(path, body, { ...sign("m1", body), "webhook-id": "m2" })).status).toBe(
      401,
    );
    expect((await shop.post(path, body, sign("m1", body))).status).toBe(202);
  });

  test("are stored once: a repeated webhook-id gets the first answer, also when both come at once", async () => {
    const project = await shop.newProject();
    const body = JSON.stringify(alertDelivery(alert(), alert({ fingerprint: "f2" })));
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => shop.post(`${project}/signed`, body, sign("m1", body))),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(202);
    expect(await shop.eventsOf(project)).toHaveLength(2);
    const other = JSON.stringify(alertDelivery(alert({ fingerprint: "f3" })));
    const reused = await shop.post(`${project}/signed`, other, sign("m1", other));
    expect(reused).toMatchObject({ status: 422, body: { code: "E-HOOK-PAYLOAD" } });
    expect(await shop.eventsOf(project)).toHaveLength(2);
  });
});

describe("what may be delivered", () => {
  test.each<[string, unknown, string]>([
    ["no JSON", "{not json", "body"],
    ["a list", [], "body"],
    ["another version", { ...alertDelivery(alert()), version: "3" }, "body.version"],
    ["no alerts", alertDelivery(), "body.alerts"],
    [
      "an alert without fingerprint",
      alertDelivery(alert(), { ...alert(), fingerprint: undefined }),
      "body.alerts.1.fingerprint",
    ],
    [
      "an alert without time",
      alertDelivery(alert({ startsAt: "yesterday" })),
      "body.alerts.0.startsAt",
    ],
    [
      "labels that are no texts",
      alertDelivery(alert({ labels: { a: 1 } })),
      "body.alerts.0.labels.a",
    ],
    ["an unknown status", alertDelivery(alert({ status: "maybe" })), "body.alerts.0.status"],
    [
      "a NUL in the fingerprint",
      alertDelivery(alert({ fingerprint: "a\0b" })),
      "body.alerts.0.fingerprint",
    ],
    ["1,001 alerts", alertDelivery(...Array.from({ length: 1_001 }, () => alert())), "body.alerts"],
  ])("%s is refused with its place, and nothing is stored", async (_, body, path) => {
    const project = await shop.newProject();
    const answer = await shop.post(`${project}/alerts`, body, bearer);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-HOOK-PAYLOAD" } });
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await shop.eventsOf(project)).toEqual([]);
  });

  test("what is not said to be JSON is refused unread; what is no UTF-8 has no events", async () => {
    const project = await shop.newProject();
    const path = `${project}/alerts`;
    const delivery = alertDelivery(alert());
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"]) {
      const answer = await shop.post(path, delivery, { ...bearer, "content-type": type });
      expect(answer).toMatchObject({ status: 415, body: { code: "E-MEDIA-TYPE" } });
    }
    const text = JSON.stringify(delivery);
    const broken = Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xc3, 0x28, 0x7d])]);
    const answer = await shop.post(path, broken, bearer);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-HOOK-PAYLOAD" } });
    expect(answer.body.detail).toContain("is not valid UTF-8");
    const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
    expect((await shop.post(path, deep, bearer)).status).toBe(422);
    expect(await shop.eventsOf(project)).toEqual([]);
  });

  test("odd texts and huge alerts are stored cut and masked", async () => {
    const project = await shop.newProject();
    const odd = alertDelivery(
      alert({
        annotations: {
          summary: "password=hunter2 \ud800 \0 failed",
          api_token: "abc",
          long: "x".repeat(200_000),
        },
        future: { field: [1] },
      }),
    );
    expect((await shop.post(`${project}/alerts`, odd, bearer)).status).toBe(202);
    const [event] = await shop.eventsOf(project);
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
