import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  good,
  grants,
  type Ledger,
  openLedger,
} from "./support/e2e-tenant.ts";
import { freePort } from "./support/port.ts";
import type { BotState } from "./support/telegram/bot-state.ts";
import { openTelegram, type TelegramServer } from "./support/telegram/server.ts";
import { waitFor } from "./support/wait.ts";

/** Telegram in and out of a real server: messages start runs. */

const PROJECT = "acme";
const GROUP = -1_001_234;
const SOON_MS = 40_000;
const ada = { id: 77, first_name: "Ada", username: "ada" };

let database: TestDatabase;
let ledger: Ledger;
let telegram: TelegramServer;
let server: Awooop;
/** Of a channel whose updates are fetched, and of one where they are posted. */
let fetched: BotState;
let posted: BotState;

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  telegram = await openTelegram();
  // Telegram is told where to post.
  server = await startAwooop({ databaseUrl: database.url, port: await freePort() });
  await addTenant(server, PROJECT, ledger);
  fetched = telegram.bot("1:fetched");
  posted = telegram.bot("2:posted");
  for (const bot of [fetched, posted]) bot.addChat(GROUP);
  await Promise.all(
    Object.entries({ FETCHED: "1:fetched", POSTED: "2:posted", HOOK: "shown-with-each" }).map(
      ([name, value]) =>
        good(
          server.api(`/secrets/${name}`, {
            method: "PUT",
            body: { project_id: PROJECT, value },
          }),
        ),
    ),
  );
  await applyContracts(server, PROJECT, [
    channel("ops", { token: "secret:FETCHED", receive: { by: "polling" } }),
    channel("posted", {
      token: "secret:POSTED",
      receive: { by: "webhook", secret: "secret:HOOK" },
    }),
    contract("agent", "wiper", {
      driver: "worker",
      tools: grants(),
      notify: ["ops"],
      triggers: ["ops", "posted"].map((name) => ({
        channel: name,
        when: 'trigger.text.startsWith("wipe ")',
      })),
      runbook: {
        steps: [
          {
            key: "wipe",
            call: {
              server: "tools",
              tool: "wipe",
              args: { name: { $cel: "trigger.text" } },
            },
          },
        ],
      },
    }),
  ]);
  await waitFor(() => posted.webhook !== undefined, { timeoutMs: SOON_MS, what: "the webhook" });
});

afterAll(async () => {
  await server?.stop();
  await telegram?.close();
  await database?.drop();
  await ledger?.remove();
});

function channel(id: string, more: object) {
  return contract("channel", id, {
    type: "telegram",
    chat_id: GROUP,
    api_root: telegram.url,
    ...more,
  });
}

/** What the last test wiped. */
let serial = 0;
let name: string;

beforeEach(() => {
  serial += 1;
  name = `n${serial}`;
});

describe("messages", () => {
  test("that Telegram posts start a run, once however often they come", async () => {
    const update = posted.say(GROUP, ada, `wipe ${name}`);
    expect(await posted.post(update)).toBe(202);
    expect(await posted.post(update)).toBe(202);
    const { events } = await good(
      server.api(`/channel-events?project_id=${PROJECT}&channel_type=telegram&limit=100`),
    );
    const mine = events.filter(
      (of: { content_preview: string }) => of.content_preview === `wipe ${name}`,
    );
    expect(mine).toMatchObject([
      { is_duplicate: true, run_id: expect.any(String), channel_chat_id: String(GROUP) },
      { is_duplicate: false, run_id: mine[0].run_id, channel_id: "posted" },
    ]);
  });

  test("with another secret, or none, are refused unread; others than Telegram's kind are refused", async () => {
    const update = posted.say(GROUP, ada, "nothing");
    expect(await posted.post(update, "forged")).toBe(401);
    expect(await posted.post(update, "")).toBe(401);
    expect(await posted.post({ update_id: "x" })).toBe(422);
    expect(await posted.post({ update_id: 1, message: { text: "x" } })).toBe(422);
  });

  test("of other chats are taken and left out", async () => {
    posted.addChat(-9);
    expect(await posted.post(posted.say(-9, ada, "not here"))).toBe(202);
    const { events } = await good(server.api(`/channel-events?project_id=${PROJECT}&limit=100`));
    const texts = events.map((of: { content_preview: string }) => of.content_preview);
    expect(texts).not.toContain("not here");
  });

  test("that are fetched start a run, which asks in the chat", async () => {
    fetched.say(GROUP, ada, `wipe ${name}`);
    const question = await waitFor(
      () => fetched.sentTo(GROUP).find(({ text }) => text.includes(name)),
      { timeoutMs: SOON_MS, what: "the question" },
    );
    expect(question.text).toContain("tools/wipe");
  });

  test("out wait as long as Telegram asks", async () => {
    const refusal = {
      error_code: 429,
      description: "Too Many Requests: retry after 1",
      parameters: { retry_after: 1 },
    };
    telegram.refuseNext("sendMessage", refusal, "1:fetched");
    fetched.say(GROUP, ada, `wipe ${name}`);
    await waitFor(() => fetched.sentTo(GROUP).find(({ text }) => text.includes(name)), {
      timeoutMs: SOON_MS,
      what: "the question",
    });
  });
});
