import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { seedProject } from "../../test/support/fixtures.ts";
import {
  openReceiver,
  openWorkshop,
  type Receiver,
  type Workshop,
} from "../../test/support/tenant.ts";
import { waitFor } from "../../test/support/wait.ts";
import { deliverMessage, enqueueMessage, failStuckMessages } from "./index.ts";

type NewMessage = Parameters<typeof enqueueMessage>[2];

const SECRET = `whsec_${randomBytes(24).toString("base64")}`;
const PUBLIC_URL = "https://awooop.example/";
const PROJECT = "acme";

let shop: Workshop;
let receiver: Receiver;

beforeAll(async () => {
  shop = await openWorkshop();
  await shop.platform((tx) => seedProject(tx, { project_id: PROJECT }));
  await shop.secret(PROJECT, "PAGER", SECRET);
  await channel("console", { type: "console" });
  const auth = { scheme: "bearer", secret: "secret:PAGER" };
  await channel("alerts", { type: "alertmanager", auth });
});

afterAll(() => shop?.close());

beforeEach(async () => {
  receiver = await openReceiver();
  await channel("pager", { type: "webhook", url: receiver.url, secret: "secret:PAGER" });
});

afterEach(() => receiver.close());

function channel(id: string, body: unknown) {
  return shop.contract({ project_id: PROJECT, id, family: "channel", body });
}

/** Jobs that are not worked on: the test delivers by hand. */
function outbox() {
  const sent: { queue: string; data: { message_id?: string } }[] = [];
  const send = async (_: unknown, queue: string, data: object) => {
    sent.push({ queue, data });
  };
  return { sent, jobs: { send: send as Workshop["jobs"]["send"] } };
}

async function enqueue(given: Partial<NewMessage> = {}) {
  const { jobs, sent } = outbox();
  const message: NewMessage = {
    projectId: PROJECT,
    channelId: "pager",
    type: "final",
    subjectKind: "auto_repair_done",
    text: "cache-1 is healthy again\nwith token=abcdefghi",
    isShadow: false,
    ...given,
  };
  await shop.platform((tx) => enqueueMessage(tx, jobs, message));
  return sent;
}

async function newest() {
  return shop.platform((tx) =>
    tx
      .selectFrom("outbound_messages")
      .selectAll()
      .orderBy("queued_at", "desc")
      .limit(1)
      .executeTakeFirstOrThrow(),
  );
}

function deliver(messageId: string, given: { retryCount?: number; allowHosts?: string[] } = {}) {
  const deps = { ...shop, allowHosts: given.allowHosts ?? ["127.0.0.1"], publicUrl: PUBLIC_URL };
  const job = {
    retryCount: given.retryCount ?? 0,
    retryLimit: 8,
    signal: new AbortController().signal,
  };
  return deliverMessage(deps, { project_id: PROJECT, message_id: messageId }, job);
}

async function enqueueAndRead(given: Partial<NewMessage> = {}) {
  await enqueue(given);
  return newest();
}

describe("what becomes of a message", () => {
  test.each([
    ["pager", false, "webhook", "queued", null, 1],
    ["pager", true, "webhook", "suppressed", null, 0],
    ["console", false, "console", "sent", null, 0],
    ["alerts", false, "alertmanager", "failed", /takes events in/, 0],
    ["nowhere", false, "unknown", "failed", /no active channel "nowhere"/, 0],
  ])("on %s (shadow: %s): %s, %s", async (channelId, isShadow, type, status, error, jobs) => {
    const sent = await enqueue({ channelId, isShadow });
    const message = await newest();
    expect(message).toMatchObject({
      channel_id: channelId,
      channel_type: type,
      send_status: status,
    });
    if (error) expect(message.send_error).toMatch(error);
    else expect(message.send_error).toBeNull();
    expect(message.sent_at === null).toBe(status !== "sent");
    expect(message.content_preview).toBe("cache-1 is healthy again with token=[redacted]");
    expect(sent).toHaveLength(jobs);
  });
});

describe("a delivery", () => {
  test("is signed as a Standard Webhook under the message's id, and is sent once", async () => {
    const message = await enqueueAndRead();
    await deliver(message.message_id);
    await deliver(message.message_id);
    expect(receiver.received).toHaveLength(1);
    const [got] = receiver.received;
    const body = new Webhook(SECRET).verify(got?.body ?? "", got?.headers ?? {});
    expect(got?.headers["webhook-id"]).toBe(message.message_id);
    expect(body).toEqual({
      type: "awooop.message",
      message_id: message.message_id,
      project_id: PROJECT,
      run_id: null,
      message_type: "final",
      subject_kind: "auto_repair_done",
      text: "cache-1 is healthy again\nwith token=[redacted]",
      console_url: "https://awooop.example/",
      timestamp: message.queued_at,
    });
    expect(await newest()).toMatchObject({
      send_status: "sent",
      attempt_count: 1,
      send_error: null,
    });
  });

  test("of an approval request carries the exact call and the way to the run", async () => {
    const approval = {
      approval_id: "01a1ff82-17a0-7c3e-9d2f-0123456789ab",
      server: "shop-tools",
      tool: "clear_cache",
      arguments: { path: "/var/cache", password: "hunter2" },
      expires_at: "2026-11-22T03:22:00Z",
    };
    const message = await enqueueAndRead({ type: "approval_request", approval });
    await deliver(message.message_id);
    expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({
      message_type: "approval_request",
      approval: { ...approval, arguments: { path: "/var/cache", password: "[redacted]" } },
    });
  });

  test("doubled at the same moment sends once", async () => {
    const message = await enqueueAndRead();
    receiver.answer = (_, response) => setTimeout(() => response.end(), 200);
    await Promise.all([
      deliver(message.message_id),
      deliver(message.message_id),
      deliver(message.message_id),
    ]);
    expect(receiver.received).toHaveLength(1);
    expect(await newest()).toMatchObject({ send_status: "sent", attempt_count: 1 });
  });

  test("that fails for now is tried again with the same id and body, then given up", async () => {
    const message = await enqueueAndRead();
    receiver.answer = (_, response) => response.writeHead(503).end();
    await expect(deliver(message.message_id)).rejects.toMatchObject({ code: "E-SEND" });
    expect(await newest()).toMatchObject({
      send_status: "queued",
      attempt_count: 1,
      send_error: "The receiver answered 503.",
    });
    await deliver(message.message_id, { retryCount: 8 });
    expect(await newest()).toMatchObject({ send_status: "failed", attempt_count: 2 });
    const [first, second] = receiver.received;
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
    await deliver(message.message_id);
    expect(receiver.received).toHaveLength(2);
  });

  test.each([
    [404, /answered 404/],
    [301, /redirects \(301\)/],
  ])("answered %i is given up at once", async (status, reason) => {
    const message = await enqueueAndRead();
    receiver.answer = (_, response) => response.writeHead(status, { location: "/elsewhere" }).end();
    await deliver(message.message_id);
    expect(receiver.received).toHaveLength(1);
    expect(await newest()).toMatchObject({
      send_status: "failed",
      send_error: expect.stringMatching(reason),
    });
  });

  test("to a private address is refused unless the host is allowed", async () => {
    for (const url of [receiver.url, receiver.url.replace("127.0.0.1", "localhost")]) {
      await channel("pager", { type: "webhook", url, secret: "secret:PAGER" });
      const message = await enqueueAndRead();
      await deliver(message.message_id, { allowHosts: [] });
      expect(await newest()).toMatchObject({
        send_status: "failed",
        send_error: expect.stringMatching(/private or link-local address/),
      });
    }
    expect(receiver.received).toEqual([]);
  });

  test("that can't be made yet says why and waits for the channel to be mended", async () => {
    const message = await enqueueAndRead();
    await channel("pager", { type: "webhook", url: receiver.url, secret: "secret:UNSET" });
    await expect(deliver(message.message_id)).rejects.toThrow(/has no secret "UNSET"/);
    await shop.secret(PROJECT, "BAD", "!!! no base64");
    await channel("pager", { type: "webhook", url: receiver.url, secret: "secret:BAD" });
    await expect(deliver(message.message_id)).rejects.toThrow(/can't be signed/);
    await channel("pager", { type: "console" });
    await expect(deliver(message.message_id)).rejects.toThrow(/sends nothing any more/);
    await channel("pager", { type: "webhook", url: receiver.url, secret: "secret:PAGER" });
    await deliver(message.message_id);
    expect(await newest()).toMatchObject({
      send_status: "sent",
      attempt_count: 4,
      send_error: null,
    });
  });

  test("to nobody is tried again, and says why", async () => {
    await receiver.close();
    for (const host of ["127.0.0.1", "localhost"]) {
      const url = receiver.url.replace("127.0.0.1", host);
      await channel("pager", { type: "webhook", url, secret: "secret:PAGER" });
      const message = await enqueueAndRead();
      const delivery = deliver(message.message_id, { allowHosts: [host] });
      await expect(delivery).rejects.toThrow(/The connection failed \(.*ECONNREFUSED.*\)/);
    }
    receiver = await openReceiver();
  });

  test("goes through the job engine, which repeats what failed", async () => {
    const deps = { ...shop, allowHosts: ["127.0.0.1"], publicUrl: PUBLIC_URL };
    await shop.jobs.work("message.deliver", 2, (data, job) => deliverMessage(deps, data, job));
    receiver.answer = (_, response) => {
      response.statusCode = receiver.received.length < 2 ? 500 : 200;
      response.end();
    };
    await shop.platform((tx) =>
      enqueueMessage(tx, shop.jobs, {
        projectId: PROJECT,
        channelId: "pager",
        type: "notice",
        text: "hello",
        isShadow: false,
      }),
    );
    const message = await newest();
    await waitFor(async () => (await newest()).send_status === "sent", {
      timeoutMs: 45_000,
      what: "the message to be sent",
    });
    expect(await newest()).toMatchObject({ message_id: message.message_id, attempt_count: 2 });
  }, 60_000);
});

describe("messages whose job is gone", () => {
  test("are given up after an hour, and only those", async () => {
    const fresh = await enqueueAndRead();
    const old = await enqueueAndRead();
    await shop.platform((tx) =>
      tx
        .updateTable("outbound_messages")
        .set({ queued_at: "2020-01-01T00:00:00Z" })
        .where("message_id", "=", old.message_id)
        .execute(),
    );
    expect(await failStuckMessages(shop.db)).toBe(1);
    expect(await failStuckMessages(shop.db)).toBe(0);
    const status = async (id: string) =>
      (
        await shop.platform((tx) =>
          tx.selectFrom("outbound_messages").selectAll().where("message_id", "=", id).execute(),
        )
      )[0];
    expect(await status(old.message_id)).toMatchObject({
      send_status: "failed",
      send_error: "It was not sent within an hour.",
    });
    expect(await status(fresh.message_id)).toMatchObject({ send_status: "queued" });
  });
});
