import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  type E2eTenant,
  good,
  grants,
  type Ledger,
  newKey,
  openLedger,
  waitForRun,
  waitUntilSent,
} from "./support/e2e-tenant.ts";
import { freePort } from "./support/port.ts";
import type { BotState, Shown } from "./support/telegram/bot-state.ts";
import { openTelegram, type TelegramServer } from "./support/telegram/server.ts";
import { waitFor } from "./support/wait.ts";

/** Telegram in and out of a real server: messages start runs, and people decide where they chat. */

const CLI = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const PROJECT = "acme";
const GROUP = -1_001_234;
const SOON_MS = 20_000;
const ada = { id: 77, first_name: "Ada", username: "ada" };
const bob = { id: 78, first_name: "Bob" };

let database: TestDatabase;
let ledger: Ledger;
let telegram: TelegramServer;
let server: Awooop;
let tenant: E2eTenant;
/** Of a channel whose updates are fetched, and of one where they are posted. */
let fetched: BotState;
let posted: BotState;

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  telegram = await openTelegram();
  // Telegram is told where to post.
  server = await startAwooop({ databaseUrl: database.url, port: await freePort() });
  tenant = await addTenant(server, PROJECT, ledger);
  fetched = telegram.bot("1:fetched");
  posted = telegram.bot("2:posted");
  for (const bot of [fetched, posted]) bot.addChat(GROUP);
  for (const person of [ada, bob]) fetched.addChat(person.id);
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
      tools: grants({ approvers: {} }),
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
  await link(ada, "ada", "operator");
  await link(bob, "bob", "operator");
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

/** Links somebody with a key of their own: they send the code to the bot in private. */
async function link(person: typeof bob, name: string, role: string): Promise<void> {
  // With two of them, who edits the arguments does not approve them by that.
  await good(server.api("/members", { body: { project_id: PROJECT, member_id: name } }));
  const key = await newKey(server, { role, name, project_ids: [PROJECT] });
  const { code } = await good(
    server.api("/chat-links/codes", { key, body: { project_id: PROJECT } }),
  );
  const before = fetched.sentTo(person.id).length;
  fetched.say(person.id, person, `/link ${code}`);
  await waitFor(() => fetched.sentTo(person.id).length > before, {
    timeoutMs: SOON_MS,
    what: `${name} to be linked`,
  });
}

/** What the last test wiped. */
let serial = 0;
let name: string;

beforeEach(() => {
  serial += 1;
  name = `n${serial}`;
});

/** Somebody writes what starts a run; answers its question as it is shown in the group. */
async function asked(bot = fetched): Promise<{ runId: string; question: Shown }> {
  const { update_id } = bot.say(GROUP, ada, `wipe ${name}`);
  if (bot === posted) throw new Error(`update ${update_id} is posted by the test`);
  const question = await waitFor(
    () =>
      fetched.sentTo(GROUP).find(({ text, reply_markup }) => reply_markup && text.includes(name)),
    { timeoutMs: SOON_MS, what: "the question" },
  );
  await waitUntilSent(server, PROJECT);
  return { runId: await runOf(String(update_id)), question };
}

async function runOf(providerEventId: string): Promise<string> {
  const { events } = await good(server.api(`/channel-events?project_id=${PROJECT}&limit=100`));
  const found = events.find(
    (of: { provider_event_id: string }) => of.provider_event_id === providerEventId,
  );
  if (!found?.run_id) throw new Error(`the event ${providerEventId} has no run`);
  return found.run_id;
}

/** Presses a button by its label; answers what it says. */
async function press(question: Shown, person: typeof bob, label: RegExp) {
  const button = question.reply_markup?.inline_keyboard
    ?.flat()
    .find((of) => label.test(of.text) && of.callback_data);
  if (!button?.callback_data) throw new Error(`there is no button ${label}`);
  const { id } = fetched.press(question, person, button.callback_data);
  return waitFor(() => fetched.pressed.get(id), { timeoutMs: SOON_MS, what: "the press" });
}

async function questionOf(runId: string): Promise<string> {
  const { approvals } = await good(server.api(`/approvals?project_id=${PROJECT}&limit=100`));
  return approvals.find((of: { run_id: string }) => of.run_id === runId).approval_id;
}

/** Looks on as the console does: the questions of which it is told that they changed. */
async function lookOn(): Promise<{ told: string[]; end(): void }> {
  const told: string[] = [];
  const ending = new AbortController();
  const stream = await fetch(`${server.url}/api/v1/events`, {
    headers: { authorization: `Bearer ${tenant.keys.viewer}` },
    signal: ending.signal,
  });
  const reading = async () => {
    for await (const part of (stream.body ?? []) as AsyncIterable<Uint8Array>) {
      const ids = Buffer.from(part)
        .toString()
        .matchAll(/"kind":"approval","id":"([0-9a-f-]+)"/g);
      told.push(...[...ids].map(([, id = ""]) => id));
    }
  };
  reading().catch(() => {});
  return { told, end: () => ending.abort() };
}

async function cli(...args: string[]): Promise<string> {
  const env = { ...process.env, AWOOOP_URL: server.url, AWOOOP_KEY: tenant.keys.viewer };
  return (await promisify(execFile)(process.execPath, [CLI, ...args], { env })).stdout;
}

const asNow = ({ message_id }: Shown) =>
  fetched.sentTo(GROUP).find((of) => of.message_id === message_id);

describe("deciding on Telegram", () => {
  test("approve: console, CLI and chat show who decided, the run goes on, and a second press says who did", async () => {
    const { runId, question } = await asked();
    const approvalId = await questionOf(runId);
    const looking = await lookOn();
    expect((await press(question, ada, /approve/i)).text).toBe("Approved.");
    await waitFor(() => looking.told.includes(approvalId), {
      timeoutMs: SOON_MS,
      what: "the console to be told",
    });
    looking.end();
    // What it is told of, it reads; so does the CLI.
    const decided = await good(server.api(`/approvals/${approvalId}`, { key: tenant.keys.viewer }));
    expect(decided).toMatchObject({
      status: "approved",
      decisions: [{ actor: "ada", decision: "approve" }],
    });
    for (const command of [
      ["approvals", "show", approvalId],
      ["runs", "show", runId],
    ]) {
      expect(await cli(...command)).toMatch(/ada[: ]+approved?\b/i);
    }
    await waitFor(() => asNow(question)?.reply_markup === undefined, {
      timeoutMs: SOON_MS,
      what: "the buttons to go",
    });
    expect(asNow(question)?.text).toMatch(/^Approved by ada, .* UTC\n/);
    const page = await waitForRun(server, runId, ({ run }) => run.state === "completed", SOON_MS);
    expect(JSON.stringify(page.timeline)).toContain("operator_console.approve");
    const done = () => ledger.lines().filter((line) => line === `wipe wipe ${name}`);
    expect(done()).toHaveLength(1);
    for (const [person, label] of [
      [bob, /approve/i],
      [bob, /reject/i],
      [ada, /approve/i],
    ] as const) {
      const again = await press(question, person, label);
      expect(again.text).toMatch(/^ada approved this at .* UTC\.$/);
    }
    expect(done()).toHaveLength(1);
  });

  test("request changes: the bot asks for the text, and the answer is the decision", async () => {
    const { runId, question } = await asked();
    await press(question, ada, /change/i);
    const ask = await waitFor(
      () => fetched.sentTo(GROUP).find(({ text }) => text.startsWith("Ada: ")),
      { timeoutMs: SOON_MS, what: "the bot to ask" },
    );
    fetched.say(GROUP, ada, "wipe only the old ones", { reply_to_message: ask });
    await waitFor(() => asNow(question)?.reply_markup === undefined, {
      timeoutMs: SOON_MS,
      what: "the buttons to go",
    });
    const page = await good(server.api(`/runs/${runId}`));
    expect(JSON.stringify(page.timeline)).toContain("wipe only the old ones");
    expect(ledger.lines()).not.toContain(`wipe wipe ${name}`);
  });

  test("edited in the console: its message says so, and another one asks about the new arguments", async () => {
    const { runId, question } = await asked();
    const body = {
      project_id: PROJECT,
      decision: "edit",
      arguments: { name: `${name} less` },
      approval_id: await questionOf(runId),
    };
    const decide = { key: tenant.keys.admin, body };
    await good(server.api(`/approvals/${runId}/decide`, decide));
    const anew = await waitFor(
      () =>
        fetched
          .sentTo(GROUP)
          .find(({ text, reply_markup }) => reply_markup && text.includes(`"${name} less"`)),
      { timeoutMs: SOON_MS, what: "the question about the new arguments" },
    );
    expect(anew.text).toContain("Edited by acme-admin");
    // Both answer what was said when the run began.
    expect(anew.reply_to_message?.message_id).toBe(question.message_id);
    await waitFor(() => asNow(question)?.reply_markup === undefined, {
      timeoutMs: SOON_MS,
      what: "the old buttons to go",
    });
    expect(asNow(question)?.text).toMatch(/^Edited by acme-admin, .* UTC; another message asks/);
    expect((await press(question, ada, /approve/i)).text).toMatch(/arguments are others/);
    await waitUntilSent(server, PROJECT);
    expect((await press(anew, bob, /approve/i)).text).toBe("Approved.");
    await waitForRun(server, runId, ({ run }) => run.state === "completed", SOON_MS);
    expect(ledger.lines()).toContain(`wipe ${name} less`);
    await waitFor(() => /^Approved by bob/.test(asNow(anew)?.text ?? ""), {
      timeoutMs: SOON_MS,
      what: "the new message to say who decided",
    });
    expect(asNow(question)?.text).toMatch(/^Edited by/);
  });

  test("who is not linked, and a button on another message, are refused", async () => {
    const { runId, question } = await asked();
    const eve = { id: 666, first_name: "Eve" };
    expect((await press(question, eve, /approve/i)).text).toBeTruthy();
    const forwarded = { ...question, message_id: question.message_id + 500 };
    expect((await press(forwarded, ada, /approve/i)).text).toBeTruthy();
    expect((await good(server.api(`/runs/${runId}`))).run.state).toBe("waiting_approval");
    await press(question, ada, /reject/i);
  });
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

  test("of other chats are taken and left out; commands are answered", async () => {
    posted.addChat(-9);
    expect(await posted.post(posted.say(-9, ada, "not here"))).toBe(202);
    const before = posted.sentTo(GROUP).length;
    const command = posted.say(GROUP, ada, "/help@awooop_test_bot");
    expect(await posted.post(command)).toBe(202);
    expect(await posted.post(command)).toBe(202);
    expect(await posted.post(posted.say(GROUP, ada, "/help@another_bot"))).toBe(202);
    const answers = posted.sentTo(GROUP).slice(before);
    expect(answers).toMatchObject([{ text: expect.stringContaining("/approvals") }]);
    const { events } = await good(server.api(`/channel-events?project_id=${PROJECT}&limit=100`));
    const texts = events.map((of: { content_preview: string }) => of.content_preview);
    expect(texts).not.toContain("not here");
  });

  test("out wait as long as Telegram asks", async () => {
    telegram.refuseNext("sendMessage", {
      error_code: 429,
      description: "Too Many Requests: retry after 1",
      parameters: { retry_after: 1 },
    });
    const { question } = await asked();
    await press(question, ada, /reject/i);
    expect(fetched.sentTo(GROUP).filter(({ text }) => text === question.text).length).toBeLessThan(
      2,
    );
  });
});
