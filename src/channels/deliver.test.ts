import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { seedProject } from "../../test/support/fixtures.ts";
import { startPgProxy, type Watched } from "../../test/support/pg-proxy.ts";
import {
  openReceiver,
  openWorkshop,
  type Receiver,
  type Workshop,
} from "../../test/support/tenant.ts";
import { waitFor } from "../../test/support/wait.ts";
import { openDatabase } from "../platform/database/index.ts";
import { createLog } from "../platform/log.ts";
import { createDelivery, enqueueMessage, wakeQueuedMessages } from "./index.ts";

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

const signal = new AbortController().signal;

/** Has a message tried as if its job had come, and answers how long its next one is put off. */
async function deliver(messageId: string, given: { allowHosts?: string[]; isDue?: true } = {}) {
  const delays: (number | undefined)[] = [];
  const send = async (_: unknown, __: unknown, ___: unknown, more?: { delaySeconds?: number }) => {
    delays.push(more?.delaySeconds);
  };
  if (given.isDue) await set(messageId, { next_attempt_at: "2020-01-01T00:00:00Z" });
  const work = delivery({ send: send as Workshop["jobs"]["send"] }, given.allowHosts);
  await work({ project_id: PROJECT, message_id: messageId }, { signal });
  return delays;
}

function delivery(jobs: Pick<Workshop["jobs"], "send">, allowHosts = ["127.0.0.1"]) {
  const log = createLog("silent");
  return createDelivery({ ...shop, jobs, allowHosts, publicUrl: PUBLIC_URL, log });
}

function set(messageId: string, columns: object) {
  return shop.platform((tx) =>
    tx.updateTable("outbound_messages").set(columns).where("message_id", "=", messageId).execute(),
  );
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
      args_hash: "0".repeat(64),
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
    expect(await deliver(message.message_id)).toEqual([1]);
    expect(await newest()).toMatchObject({
      send_status: "queued",
      attempt_count: 1,
      send_error: "The receiver answered 503.",
    });
    // Not before its time, whatever job comes.
    expect(await deliver(message.message_id)).toEqual([]);
    expect(receiver.received).toHaveLength(1);
    await set(message.message_id, { trying_since: "2020-01-01T00:00:00Z" });
    expect(await deliver(message.message_id, { isDue: true })).toEqual([]);
    expect(await newest()).toMatchObject({ send_status: "failed", attempt_count: 2 });
    const [first, second] = receiver.received;
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
    await deliver(message.message_id, { isDue: true });
    expect(receiver.received).toHaveLength(2);
  });

  test("is not tried before the receiver wants to be asked again, nor is any other on the channel", async () => {
    receiver.answer = (_, response) => response.writeHead(429, { "retry-after": "77" }).end();
    const delays: (number | undefined)[] = [];
    const send = async (
      _: unknown,
      __: unknown,
      ___: unknown,
      more?: { delaySeconds?: number },
    ) => {
      delays.push(more?.delaySeconds);
    };
    const work = delivery({ send: send as Workshop["jobs"]["send"] });
    for (const message of [await enqueueAndRead(), await enqueueAndRead()])
      await work({ project_id: PROJECT, message_id: message.message_id }, { signal });
    expect(delays).toEqual([77, expect.toSatisfy((of: number) => of > 60 && of <= 77)]);
    expect(receiver.received).toHaveLength(1);
    expect(await newest()).toMatchObject({ send_status: "queued", attempt_count: 0 });
  });

  test("whose try was lost is made again, under the same id", async () => {
    const message = await enqueueAndRead();
    await deliver(message.message_id);
    // As it is when the process died after the receiver had answered.
    await set(message.message_id, { send_status: "queued", is_unsure: true });
    // Not within the first seconds of the database: who made the try may be about to note how it ended.
    await waitFor(
      async () => {
        await deliver(message.message_id, { isDue: true });
        return receiver.received.length === 2;
      },
      { timeoutMs: 30_000, what: "the second try" },
    );
    // The receiver drops it by its id.
    expect(await newest()).toMatchObject({ send_status: "sent", may_be_double: false });
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
    const why = async () => {
      expect(await deliver(message.message_id, { isDue: true })).toEqual([expect.any(Number)]);
      return (await newest()).send_error;
    };
    expect(await why()).toMatch(/has no secret "UNSET"/);
    await shop.secret(PROJECT, "BAD", "!!! no base64");
    await channel("pager", { type: "webhook", url: receiver.url, secret: "secret:BAD" });
    expect(await why()).toMatch(/can't be signed/);
    await channel("pager", { type: "console" });
    expect(await why()).toMatch(/sends nothing any more/);
    await channel("pager", { type: "webhook", url: receiver.url, secret: "secret:PAGER" });
    await deliver(message.message_id, { isDue: true });
    expect(await newest()).toMatchObject({
      send_status: "sent",
      attempt_count: 4,
      send_error: null,
    });
  });

  test("that was taken while the database was away is noted afterwards, and sent once", async () => {
    const message = await enqueueAndRead();
    const proxy = await startPgProxy(shop.url);
    const log = createLog("silent");
    const db = openDatabase({ url: proxy.url, log });
    let watched: Watched | undefined;
    receiver.answer = (_, response) => {
      watched = proxy.watchNext(/^begin/i, { statement: 1, when: "before" });
      response.end();
    };
    const deps = { ...shop, db, allowHosts: ["127.0.0.1"], publicUrl: PUBLIC_URL, log };
    await createDelivery(deps)({ project_id: PROJECT, message_id: message.message_id }, { signal });
    await db.close();
    await proxy.close();
    expect(watched?.wasCut).toBe(true);
    expect(receiver.received).toHaveLength(1);
    expect(await newest()).toMatchObject({ send_status: "sent", attempt_count: 1 });
  });

  test("to nobody is tried again, and says why", async () => {
    await receiver.close();
    for (const host of ["127.0.0.1", "localhost"]) {
      const url = receiver.url.replace("127.0.0.1", host);
      await channel("pager", { type: "webhook", url, secret: "secret:PAGER" });
      const message = await enqueueAndRead();
      await deliver(message.message_id, { allowHosts: [host] });
      expect((await newest()).send_error).toMatch(/The connection failed \(.*ECONNREFUSED.*\)/);
    }
    receiver = await openReceiver();
  });

  test("goes through the job engine, which repeats what failed", async () => {
    await shop.jobs.work("message.deliver", 2, delivery(shop.jobs));
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
  test("get another, once while it is not worked on", async () => {
    const fresh = await enqueueAndRead();
    const old = await enqueueAndRead();
    await set(old.message_id, { next_attempt_at: "2020-01-01T00:00:00Z" });
    const { sent, jobs } = outbox();
    await wakeQueuedMessages(shop.db, jobs);
    await wakeQueuedMessages(shop.db, jobs);
    const woken = sent.filter(({ data }) => data.message_id === old.message_id);
    expect(woken).toMatchObject([{ queue: "message.deliver" }]);
    expect(sent.map(({ data }) => data.message_id)).not.toContain(fresh.message_id);
  });
});
