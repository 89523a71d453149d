import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTelegram, type TelegramServer } from "../../../test/support/telegram/server.ts";
import { AppError } from "../../platform/errors.ts";
import { channelBodySchema } from "../channel-body.ts";
import type { Outgoing, Sender } from "../sender.ts";
import { senderOf } from "../sender-of.ts";

const TOKEN = "4711:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
const GROUP = -1_001_234;

let telegram: TelegramServer;

beforeAll(async () => {
  telegram = await openTelegram();
});

afterAll(() => telegram?.close());

beforeEach(() => {
  telegram.calls.length = 0;
  telegram.bot(TOKEN).addChat(GROUP);
});

interface Given {
  body?: object;
  token?: string;
  allowHosts?: string[];
}

function makeSender({ body = {}, token = TOKEN, allowHosts = ["127.0.0.1"] }: Given = {}) {
  const full = { type: "telegram", token: "secret:BOT", chat_id: GROUP, api_root: telegram.url };
  return senderOf(channelBodySchema.parse({ ...full, ...body }), {
    allowHosts,
    readSecret: async () => token,
  });
}

const message = (given: Partial<Outgoing> = {}): Outgoing => ({
  messageId: "0198f000-0000-7000-8000-000000000001",
  projectId: "acme",
  runId: null,
  channelId: "ops",
  type: "notice",
  subjectKind: null,
  content: { text: "The cache was cleared." },
  queuedAt: "2026-01-01T00:00:00Z",
  consoleUrl: "https://awooop.example/",
  providerMessageId: null,
  threadId: null,
  ...given,
});

const never = new AbortController().signal;
const send = async (given: Partial<Outgoing> = {}, how: Given = {}) =>
  (await makeSender(how)).send(message(given), never);
const edit = (sender: Sender, given: Partial<Outgoing>) => sender.edit?.(message(given), never);
const shown = () => telegram.bot(TOKEN).sentTo(GROUP);

describe("a message", () => {
  test("comes to the chat as it is, whatever is in it", async () => {
    const text = "<b>*not* bold_</b> & [no](http://link.example) `code` 中文 🐻";
    expect(await send({ content: { text } })).toEqual({
      ok: true,
      providerMessageId: `${GROUP}:${shown()[0]?.message_id}`,
    });
    expect(shown()).toMatchObject([{ text }]);
    expect(telegram.calls[0]?.parameters).not.toHaveProperty("parse_mode");
  });

  test("that is too long is cut to what Telegram takes, and not inside of a character", async () => {
    expect(await send({ content: { text: "🐻".repeat(3_000) } })).toMatchObject({ ok: true });
    const [{ text = "" } = {}] = shown();
    expect(text.length).toBeGreaterThan(4_090);
    expect(text).toBe(`${"🐻".repeat((text.length - 1) / 2)}…`);
  });

  test("has buttons; a link that Telegram takes for none stands under the text", async () => {
    const buttons = [
      { label: "Approve", data: "a".repeat(64) },
      { label: "Reject", data: "r" },
      { label: "Open", url: "https://awooop.example/runs/1" },
      { label: "Here", url: "http://localhost:4600/runs/1" },
    ];
    const content = { text: "May it?\nIt wants to.", buttons };
    expect(await send({ type: "approval_request", content })).toMatchObject({ ok: true });
    expect(shown()[0]).toMatchObject({
      text: "May it?\nIt wants to.\nHere: http://localhost:4600/runs/1",
      entities: [{ type: "bold", offset: 0, length: 7 }],
      reply_markup: {
        inline_keyboard: [
          [
            { text: "Approve", callback_data: "a".repeat(64) },
            { text: "Reject", callback_data: "r" },
          ],
          [{ text: "Open", url: "https://awooop.example/runs/1" }],
        ],
      },
    });
  });

  test("is a reply to the first one of its run, also in a topic and when that was deleted", async () => {
    await send();
    const first = shown()[0]?.message_id;
    const body = { message_thread_id: 7 };
    await send({ threadId: `${GROUP}:${first}` }, { body });
    await send({ threadId: `${GROUP}:999` }, { body });
    await send({ threadId: "1:1" });
    expect(shown().map((of) => of.reply_to_message?.message_id)).toEqual([
      undefined,
      first,
      undefined,
      undefined,
    ]);
    expect(telegram.calls.map(({ parameters }) => parameters.message_thread_id)).toEqual([
      undefined,
      7,
      7,
      undefined,
    ]);
  });

  test("that was sent is edited in place and loses its buttons; the same edit again is no failure", async () => {
    const sender = await makeSender();
    const buttons = [{ label: "Approve", data: "a" }];
    const sent = await sender.send(message({ content: { text: "May it?", buttons } }), never);
    const providerMessageId = sent.ok ? (sent.providerMessageId ?? null) : null;
    const after = { providerMessageId, content: { text: "May it? Ada approved it." } };
    expect(await edit(sender, after)).toEqual({ ok: true });
    expect(shown()).toHaveLength(1);
    expect(shown()[0]?.text).toBe("May it? Ada approved it.");
    expect(shown()[0]).not.toHaveProperty("reply_markup");
    expect(await edit(sender, after)).toEqual({ ok: true });
    expect(await edit(sender, { ...after, providerMessageId: `${GROUP}:999` })).toMatchObject({
      ok: false,
      isPermanent: true,
    });
    expect(await edit(sender, { ...after, providerMessageId: "1700.1" })).toMatchObject({
      isPermanent: true,
    });
  });
});

describe("what fails", () => {
  test("waits as long as Telegram asks", async () => {
    telegram.refuseNext("sendMessage", {
      error_code: 429,
      description: "Too Many Requests: retry after 7",
      parameters: { retry_after: 7 },
    });
    expect(await send()).toEqual({
      ok: false,
      isPermanent: false,
      reason: "Telegram answered 429 (Too Many Requests: retry after 7).",
      retryAfterSeconds: 7,
    });
    expect(shown()).toEqual([]);
  });

  test.each([
    [400, "Bad Request: chat not found", true],
    [403, "Forbidden: bot was kicked from the group chat", true],
    [401, "Unauthorized", false],
    [404, "Not Found", false],
    [500, "Internal Server Error", false],
  ])("%s is tried again or not", async (error_code, description, isPermanent) => {
    telegram.refuseNext("sendMessage", { error_code, description });
    expect(await send()).toMatchObject({
      ok: false,
      isPermanent,
      reason: `Telegram answered ${error_code} (${description}).`,
    });
  });

  test("names the new id of a group that became another one", async () => {
    telegram.refuseNext("sendMessage", {
      error_code: 400,
      description: "Bad Request: group chat was upgraded to a supergroup chat",
      parameters: { migrate_to_chat_id: -100_77 },
    });
    expect(await send()).toMatchObject({
      isPermanent: true,
      reason: expect.stringContaining("put it in chat_id"),
    });
  });

  test("may have arrived once it was on its way, and has not before", async () => {
    telegram.dropNext("sendMessage");
    expect(await send()).toMatchObject({ ok: false, isPermanent: false, mayHaveArrived: true });
    const gone = await openTelegram();
    await gone.close();
    const body = { api_root: gone.url };
    const failed = await send({}, { body });
    expect(failed).toMatchObject({ ok: false, isPermanent: false });
    expect(failed).not.toHaveProperty("mayHaveArrived");
    const aborted = await (await makeSender()).send(message(), AbortSignal.abort());
    expect(aborted).toMatchObject({ ok: false, isPermanent: false });
  });

  test("never says the bot's token", async () => {
    const body = { api_root: "http://127.0.0.1:9" };
    for (const failed of [await send({}, { body }), await send({}, { token: "1:unknown" })])
      expect(JSON.stringify(failed)).not.toMatch(/AAHdq|unknown/);
  });

  test("a private address is refused unless it is allowed", async () => {
    expect(await send({}, { allowHosts: [] })).toMatchObject({
      ok: false,
      isPermanent: true,
      reason: expect.stringContaining("AWOOOP_ALLOW_HOSTS"),
    });
    expect(telegram.calls).toEqual([]);
  });

  test("a secret that is no token is said to be none", async () => {
    await expect(makeSender({ token: "not a token" })).rejects.toThrow(AppError);
  });
});
