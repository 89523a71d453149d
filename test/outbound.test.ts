import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enqueueMessage } from "../src/channels/index.ts";
import { type Database, openDatabase } from "../src/platform/database/index.ts";
import { type Jobs, openJobs } from "../src/platform/jobs/index.ts";
import { createLog } from "../src/platform/log.ts";
import { ADMIN_KEY, type Awooop, startAwooop } from "./support/awooop.ts";
import { compileCache } from "./support/compile-cache.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { applyContracts, contract, good } from "./support/e2e-tenant.ts";
import { alert, alertDelivery } from "./support/hooks.ts";
import { type PgProxy, startPgProxy } from "./support/pg-proxy.ts";
import { openReceiver, type Receiver } from "./support/tenant.ts";
import { waitFor } from "./support/wait.ts";

const CLI = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const LONG_MS = 120_000;
/** How long the database and the receiver are away; a minute in `npm run soak`. */
const OUTAGE_MS = process.env.AWOOOP_SOAK === "yes" ? 60_000 : 3_000;
const scope = { role: "app", projects: ["acme"] } as const;

let database: TestDatabase;
let db: Database;
let jobs: Jobs;
/** How the server reaches the database. */
let proxy: PgProxy;
let server: Awooop;
let receiver: Receiver;

beforeAll(async () => {
  database = await createTestDatabase();
  const log = createLog("silent");
  db = openDatabase({ url: database.url, log });
  jobs = await openJobs({ url: database.url, log });
  receiver = await openReceiver();
  proxy = await startPgProxy(database.url);
  server = await startAwooop({ databaseUrl: proxy.url });
  await good(server.api("/tenants", { body: { project_id: "acme", display_name: "Acme" } }));
  const value = `whsec_${randomBytes(24).toString("base64")}`;
  const secret = { project_id: "acme", value };
  await good(server.api("/secrets/PAGER", { method: "PUT", body: secret }));
  const pager = { type: "webhook", url: receiver.url, secret: "secret:PAGER" };
  await applyContracts(server, "acme", [contract("channel", "pager", pager)]);
}, LONG_MS);

afterAll(async () => {
  await server?.stop();
  await receiver?.close();
  await proxy?.close();
  await jobs?.stop();
  await db?.close();
  await database?.drop();
});

function enqueue(text: string) {
  const message = {
    projectId: "acme",
    channelId: "pager",
    type: "notice",
    isShadow: false,
  } as const;
  return db.transaction(scope, (tx) => enqueueMessage(tx, jobs, { ...message, text }));
}

const messages = () =>
  db.transaction(scope, (tx) => tx.selectFrom("outbound_messages").selectAll().execute());

async function awooop(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [CLI, ...args, "--project", "acme"], {
    env: { ...compileCache, AWOOOP_URL: server.url, AWOOOP_KEY: ADMIN_KEY },
    stdio: "pipe",
  });
  child.stdin.end();
  const [out, err] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return out + err;
}

test(
  "messages go out once after the worker was killed over them and the receiver was away",
  async () => {
    receiver.answer = () => {};
    for (const text of ["one", "two", "three", "four", "five"]) await enqueue(text);
    await waitFor(() => receiver.received.length === 5, {
      timeoutMs: 60_000,
      what: "all of them to be under way",
    });
    await server.kill9();
    const { port } = new URL(receiver.url);
    await receiver.close();
    // As after the minute from which on the tries count as lost.
    await db.transaction(scope, (tx) =>
      tx
        .updateTable("outbound_messages")
        .set({ next_attempt_at: "2020-01-01T00:00:00Z" })
        .execute(),
    );
    server = await startAwooop({ databaseUrl: proxy.url });
    const failed = async () => (await messages()).some(({ send_error }) => send_error !== null);
    await waitFor(failed, { timeoutMs: 60_000, what: "a try while nobody listens" });
    receiver = await openReceiver(Number(port));
    const ids = (await messages()).map(({ message_id }) => message_id);
    await waitFor(
      async () => (await messages()).every(({ send_status }) => send_status === "sent"),
      { timeoutMs: 60_000, what: "all of them to be sent" },
    );
    const taken = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(taken.sort()).toEqual(ids.sort());
    // The receiver knows them apart by their ids.
    expect((await messages()).some(({ may_be_double }) => may_be_double)).toBe(false);
  },
  LONG_MS,
);

test(
  "a message that was given up is shown, and goes out when somebody has it sent again",
  async () => {
    receiver.answer = (_, response) => response.writeHead(410).end();
    await enqueue("given up with token=abcdefghi");
    const list = async (more = "") =>
      (await good(server.api(`/outbound-messages?project_id=acme&send_status=failed${more}`)))
        .messages;
    const [message] = await waitFor(
      async () => ((await list()).length > 0 ? list("&channel_id=pager") : undefined),
      { timeoutMs: 60_000, what: "the message to be given up" },
    );
    expect(message).toMatchObject({
      channel_id: "pager",
      content_preview: "given up with token=[redacted]",
      send_error: "The receiver answered 410.",
      next_attempt_at: null,
    });
    const health = async (language = "en") => {
      const headers = { "accept-language": language };
      const answer = await good(server.api("/channels/pager?project_id=acme", { headers }));
      return answer.health;
    };
    expect(await health()).toMatchObject({
      code: "failing",
      words: expect.stringMatching(/delivered/),
    });
    expect(await health("zh-TW")).toMatchObject({ words: "訊息無法送達，原因見最後一則錯誤。" });
    expect(await awooop("messages", "list", "--status", "failed")).toMatch(/pager +notice +failed/);

    receiver.answer = (_, response) => response.end();
    const path = `/outbound-messages/${message.message_id}/resend`;
    const asked = { body: { project_id: "acme" }, headers: { "idempotency-key": "again" } };
    const first = await good(server.api(path, asked));
    expect(first).toMatchObject({ message_id: message.message_id, send_status: "queued" });
    expect(await good(server.api(path, asked))).toEqual(first);
    await waitFor(async () => (await list()).length === 0 && (await health()).code === "ok", {
      timeoutMs: 60_000,
      what: "the message to be sent",
    });
    const refused = await server.api(path, { body: { project_id: "acme" } });
    expect(refused).toMatchObject({ status: 409, body: { code: "E-MESSAGE-STATE" } });
    expect(await awooop("messages", "resend", message.message_id)).toMatch(/E-MESSAGE-STATE/);
    const audited = await db.transaction({ role: "platform" }, (tx) =>
      tx
        .selectFrom("audit_log")
        .select("subject_id")
        .where("action", "=", "message.resend")
        .execute(),
    );
    expect(audited).toEqual([{ subject_id: message.message_id }]);
    expect(await awooop("channels", "list")).toMatch(/pager +webhook +out +ok/);
  },
  LONG_MS,
);

/** A project whose agent says on the pager what each alert is about. */
async function addAlertedProject(project_id: string): Promise<void> {
  const project = { project_id, display_name: project_id, migration_mode: "active" };
  await good(server.api("/tenants", { body: project }));
  const secrets = { TOKEN: "a-token", PAGER: `whsec_${randomBytes(24).toString("base64")}` };
  for (const [name, value] of Object.entries(secrets))
    await good(server.api(`/secrets/${name}`, { method: "PUT", body: { project_id, value } }));
  const auth = { scheme: "bearer", secret: "secret:TOKEN" };
  const say = { channel: "pager", type: "final", text: { $cel: "run.title" } };
  await applyContracts(server, project_id, [
    contract("channel", "pager", { type: "webhook", url: receiver.url, secret: "secret:PAGER" }),
    contract("channel", "alerts", { type: "alertmanager", auth }),
    contract("agent", "medic", {
      driver: "worker",
      triggers: [{ channel: "alerts" }],
      runbook: { steps: [{ key: "say", message: say }] },
    }),
  ]);
}

/** Sends an alert as its sender does, again and again until it is taken, only sooner than it is asked to; answers the refusals. */
async function deliver(project: string, fingerprint: string) {
  const refusals: { status: number; code: string; retryAfter: string | null }[] = [];
  for (;;) {
    const response = await fetch(`${server.url}/hooks/${project}/alerts`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer a-token" },
      body: JSON.stringify(alertDelivery(alert({ fingerprint }))),
    });
    const { code } = (await response.json()) as { code: string };
    if (response.status === 202) return refusals;
    const retryAfter = response.headers.get("retry-after");
    refusals.push({ status: response.status, code, retryAfter });
    await sleep(200);
  }
}

test(
  "while the database is away senders are asked to come again; what was accepted is there, and each message goes out once",
  async () => {
    await addAlertedProject("away");
    const open: (() => void)[] = [];
    receiver.received.length = 0;
    receiver.answer = (_, response) => open.push(() => response.end());
    expect(await deliver("away", "before")).toEqual([]);
    await waitFor(() => open.length === 1, { timeoutMs: 60_000, what: "a message on its way" });
    await proxy.close();
    // It has arrived, which nobody can write down now.
    for (const answer of open) answer();
    const taken = receiver.received;
    await receiver.close();
    const names = ["one", "two", "three", "four"];
    const sending = Promise.all(names.map((name) => deliver("away", name)));
    await sleep(OUTAGE_MS);
    await proxy.reopen();
    // Some may have waited in the server until the database was back.
    const refusals = (await sending).flat();
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals)
      expect(refusal).toEqual({ status: 503, code: "E-DB-DOWN", retryAfter: "5" });
    await sleep(OUTAGE_MS);
    receiver = await openReceiver(Number(new URL(receiver.url).port));
    const sent = async () => {
      const { messages } = await good(server.api("/outbound-messages?project_id=away"));
      const isOver = (of: { send_status: string }) => of.send_status === "sent";
      return messages.length === 5 && messages.every(isOver) ? messages : undefined;
    };
    const messages = await waitFor(sent, { timeoutMs: LONG_MS, what: "all of them to be sent" });
    const arrived = [...taken, ...receiver.received].map(({ headers }) => headers["webhook-id"]);
    const ids = messages.map(({ message_id }: { message_id: string }) => message_id);
    expect(arrived.sort()).toEqual(ids.sort());
    const events = await db.transaction({ role: "app", projects: ["away"] }, (tx) =>
      tx.selectFrom("channel_events").select(["fingerprint", "is_duplicate"]).execute(),
    );
    expect(events.map(({ fingerprint }) => fingerprint).sort()).toEqual(
      ["before", ...names].sort(),
    );
    expect(events.some(({ is_duplicate }) => is_duplicate)).toBe(false);
  },
  2 * LONG_MS + 2 * OUTAGE_MS,
);
