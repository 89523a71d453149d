import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openSlackServer, type SlackServer } from "../../../test/support/slack/server.ts";
import { newId } from "../../platform/ids.ts";
import type { ChatButton } from "../chat-types.ts";
import type { Outgoing, Sender } from "../sender.ts";
import { slackBody } from "./body.ts";
import { slackSender } from "./sender.ts";

const { signal } = new AbortController();

let slack: SlackServer;
let sender: Sender;
beforeAll(async () => {
  slack = await openSlackServer();
  sender = await senderAt(slack.apiUrl);
});
beforeEach(() => {
  slack.messages.length = 0;
  slack.calls.length = 0;
});
afterAll(() => slack?.close());

function senderAt(api_url: string, options: { token?: string; allowHosts?: string[] } = {}) {
  const body = slackBody.parse({
    type: "slack",
    bot_token: "secret:BOT",
    signing_secret: "secret:SIGNING",
    conversation_id: "C024BE91L",
    api_url,
  });
  return slackSender(body, {
    readSecret: async () => options.token ?? slack.token,
    allowHosts: options.allowHosts ?? ["127.0.0.1"],
  });
}

function outgoing(
  text: string,
  given: Partial<Outgoing> & { buttons?: ChatButton[] } = {},
): Outgoing {
  const { buttons, ...rest } = given;
  return {
    messageId: newId(),
    projectId: "acme",
    runId: newId(),
    channelId: "ops",
    type: "notice",
    subjectKind: null,
    content: { text, ...(buttons ? { buttons } : {}) },
    queuedAt: "2026-11-29T04:00:00Z",
    consoleUrl: "https://console.example",
    providerMessageId: null,
    threadId: null,
    ...rest,
  };
}

const sections = (at = 0) =>
  slack.messages[at]?.blocks.filter(({ type }) => type === "section").map(({ text }) => text.text);

test("a question is posted with its headline and buttons, and edited in its place", async () => {
  const buttons = [
    { label: "Approve", data: "a:1" },
    { label: "Open in the console", url: "https://console.example/runs/1" },
  ];
  const asked = outgoing("May it wipe?\ndisk: sda", { type: "approval_request", buttons });
  const sent = await sender.send(asked, signal);
  const [message] = slack.messages;
  expect(sent).toEqual({ ok: true, providerMessageId: `C024BE91L:${message?.ts}` });
  expect(message).toMatchObject({
    channel: "C024BE91L",
    client_msg_id: asked.messageId,
    text: "May it wipe? disk: sda",
    unfurl_links: "false",
    blocks: [
      { type: "header", text: { type: "plain_text", text: "May it wipe?" } },
      { type: "section", text: { type: "mrkdwn", text: "disk: sda", verbatim: true } },
      {
        type: "actions",
        elements: [
          { type: "button", value: "a:1", text: { text: "Approve" } },
          { type: "button", url: "https://console.example/runs/1" },
        ],
      },
    ],
  });
  const ids = message?.blocks[2].elements.map((of: { action_id: string }) => of.action_id);
  expect(new Set(ids).size).toBe(2);

  const providerMessageId = `C024BE91L:${message?.ts}`;
  const edited = outgoing("Ada approved it.", { providerMessageId });
  expect(await sender.edit?.(edited, signal)).toEqual({ ok: true });
  expect(slack.messages).toHaveLength(1);
  expect(slack.messages[0]).toMatchObject({ text: "Ada approved it.", edits: 1 });
  expect(slack.messages[0]?.blocks).toEqual([expect.objectContaining({ type: "section" })]);
});

test("what is for one person is shown to them alone, and in their own chat where the app is not", async () => {
  slack.conversations.add("U1");
  const told = (chatId: string) => {
    const { content, ...message } = outgoing("x");
    return { ...message, content: { ...content, to: { userId: "U1", chatId, threadId: "1.2" } } };
  };
  for (const chatId of ["C024BE91L", "D0123456", "C0ELSEWHERE"])
    expect(await sender.send(told(chatId), signal)).toEqual({ ok: true });
  expect(slack.messages).toMatchObject([
    { channel: "C024BE91L", user: "U1", thread_ts: "1.2" },
    { channel: "D0123456", thread_ts: "1.2" },
    { channel: "U1" },
  ]);
});

test("what a run says later stands in the thread of its first message", async () => {
  await sender.send(outgoing("first"), signal);
  const threadId = `C024BE91L:${slack.messages[0]?.ts}`;
  await sender.send(outgoing("second", { threadId }), signal);
  await sender.send(outgoing("another channel's", { threadId: "C999:1.2" }), signal);
  expect(slack.messages.map(({ thread_ts }) => thread_ts)).toEqual([
    undefined,
    slack.messages[0]?.ts,
    undefined,
  ]);
});

test("nothing in a text is a mention or a link that it does not show", async () => {
  const text = "<!channel> <@U1> <https://evil.example|bank> & see https://a.example/x?a=1&b=2";
  await sender.send(outgoing(text), signal);
  expect(sections()).toEqual([
    "&lt;!channel&gt; &lt;@U1&gt; &lt;<https://evil.example>|bank&gt; &amp; see <https://a.example/x?a=1&amp;b=2>",
  ]);
  expect(slack.messages[0]?.text).not.toMatch(/<(?!https)/);
});

test.each([
  ["one long line", "<&>".repeat(20_000)],
  ["many lines", "& line\n".repeat(5_000)],
  ["signs beyond the first plane", "\u{1f43a}".repeat(9_000)],
  ["halves and NUL", "\ud83d\0".repeat(500)],
  ["nothing to see", " \n\n "],
])("%s is cut to what Slack takes", async (_, text) => {
  const sent = await sender.send(outgoing(text, { type: "approval_request" }), signal);
  expect(sent).toMatchObject({ ok: true });
  for (const section of sections() ?? []) expect(section.isWellFormed()).toBe(true);
});

test("a rate limit says when to come again", async () => {
  slack.mishaps.push({ kind: "rate_limited", retryAfter: 30 });
  const limited = await sender.send(outgoing("x"), signal);
  expect(limited).toMatchObject({ ok: false, isPermanent: false, retryAfterSeconds: 30 });
  slack.mishaps.push({ kind: "rate_limited", retryAfter: undefined });
  expect(await sender.send(outgoing("x"), signal)).toMatchObject({ ok: false, isPermanent: false });
  expect(slack.calls).toHaveLength(2);
});

test.each([
  [{ kind: "error", error: "channel_not_found" }, { isPermanent: true }],
  [{ kind: "error", error: "invalid_auth" }, { isPermanent: false }],
  [
    { kind: "error", error: "internal_error" },
    { isPermanent: false, mayHaveArrived: true },
  ],
  [
    { kind: "status", status: 503 },
    { isPermanent: false, mayHaveArrived: true },
  ],
  [{ kind: "status", status: 302 }, { isPermanent: true }],
] as const)("%o is %o, and tried once", async (mishap, expected) => {
  slack.mishaps.push(mishap);
  const sent = await sender.send(outgoing("x"), signal);
  expect(sent).toMatchObject({ ok: false, ...expected });
  expect(JSON.stringify(sent)).not.toContain(slack.token);
  expect(slack.calls).toHaveLength(1);
});

test("a message whose answer got lost may have arrived, and goes out under the same id again", async () => {
  slack.mishaps.push({ kind: "lost_answer" });
  const message = outgoing("once");
  const lost = await sender.send(message, signal);
  expect(lost).toMatchObject({ ok: false, isPermanent: false, mayHaveArrived: true });
  const again = await sender.send(message, signal);
  expect(again).toEqual({ ok: true, providerMessageId: `C024BE91L:${slack.messages[0]?.ts}` });
  expect(slack.messages).toHaveLength(1);
});

test("a private host has to be allowed; one that is not there got nothing", async () => {
  const careful = await senderAt(slack.apiUrl, { allowHosts: [] });
  const refused = await careful.send(outgoing("x"), signal);
  expect(refused).toMatchObject({ ok: false, isPermanent: true });
  expect(refused).toHaveProperty("reason", expect.stringContaining("AWOOOP_ALLOW_HOSTS"));
  expect(slack.calls).toHaveLength(0);
  const nowhere = await senderAt("http://127.0.0.1:1/api/");
  const missed = await nowhere.send(outgoing("x"), signal);
  expect(missed).toMatchObject({ ok: false, isPermanent: false });
  expect(missed).not.toHaveProperty("mayHaveArrived");
});

test("an edit of what is gone, or was never known, is given up", async () => {
  for (const providerMessageId of ["C024BE91L:1.2", "nonsense", null]) {
    const sent = await sender.edit?.(outgoing("x", { providerMessageId }), signal);
    expect(sent).toMatchObject({ ok: false, isPermanent: true });
  }
});
