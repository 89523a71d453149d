import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openHooks } from "../../../test/support/hooks.ts";
import {
  BOT,
  CONVERSATION,
  commandOf,
  eventOf,
  FORM,
  interactionForm,
  PERSON,
  pressOf,
  SIGNING_SECRET,
  signed,
  submissionOf,
  TEAM,
} from "../../../test/support/slack/requests.ts";
import {
  openSlackServer,
  type SlackCall,
  type SlackServer,
} from "../../../test/support/slack/server.ts";
import { waitFor } from "../../../test/support/wait.ts";
import type { Chat, ChatReply } from "../chat-types.ts";

/** What the chat was asked, and what it answers next. */
const asked: unknown[][] = [];
let next: ChatReply | Promise<ChatReply> = {};
const chat: Chat = {
  pressed: async (...given) => record("pressed", given),
  commanded: async (...given) => record("commanded", given),
  texted: async (...given) => record("texted", given),
};
function record(what: string, given: readonly unknown[]) {
  asked.push([what, ...given]);
  return next;
}

let shop: Awaited<ReturnType<typeof openHooks>>;
let slack: SlackServer;
let server: ServerType;
let base: string;
beforeAll(async () => {
  shop = await openHooks({ chat });
  slack = await openSlackServer();
  await new Promise<void>((resolve) => {
    server = serve({ fetch: shop.app.fetch, hostname: "127.0.0.1", port: 0 }, () => resolve());
  });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
});
beforeEach(() => {
  asked.length = 0;
  next = {};
  slack.calls.length = 0;
});
afterAll(async () => {
  server?.close();
  await slack?.close();
  await shop?.close();
});

/** A project with a Slack channel. */
async function newChannel(given: object = {}): Promise<string> {
  const project_id = await shop.newProject();
  await shop.secret(project_id, "BOT", slack.token);
  await shop.secret(project_id, "SIGNING", SIGNING_SECRET);
  const body = {
    type: "slack",
    bot_token: "secret:BOT",
    signing_secret: "secret:SIGNING",
    conversation_id: CONVERSATION,
    api_url: slack.apiUrl,
    ...given,
  };
  await shop.contract({ project_id, id: "ops", family: "channel", body });
  return project_id;
}

async function post(project: string, body: string, headers: Record<string, string> = signed(body)) {
  const response = await fetch(`${base}/${project}/ops`, {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

const postForm = (project: string, body: string) =>
  post(project, body, { ...signed(body), ...FORM });
const postEvent = (project: string, event: object) => post(project, JSON.stringify(event));

describe("who may post", () => {
  test("the example of Slack's documentation is signed as Slack signs it", () => {
    const body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    expect(signed(body, { at: 1_531_420_618 })["x-slack-signature"]).toBe(
      "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    );
  });

  test("forged, old and early requests are refused before they are read, the challenge too", async () => {
    const project = await newChannel();
    const now = Math.floor(Date.now() / 1_000);
    const body = JSON.stringify({
      type: "url_verification",
      challenge: "3eZbrw1aBm2rZ",
      token: "x",
    });
    const refused: Record<string, string>[] = [
      {},
      signed(body, { key: "another" }),
      signed(body, { at: now - 360 }),
      signed(body, { at: now + 360 }),
      { ...signed(body), "x-slack-request-timestamp": String(now - 1) },
      signed(`${body} `),
      { ...signed(body), "x-slack-signature": signed(body)["x-slack-signature"].slice(3) },
      { authorization: `Bearer ${SIGNING_SECRET}` },
    ];
    for (const headers of refused) {
      const answer = await post(project, body, headers);
      expect(answer.status).toBe(401);
      expect(answer.json()).toMatchObject({ code: "E-HOOK-AUTH" });
      expect(answer.text).not.toContain("3eZbrw1aBm2rZ");
    }
    const answer = await post(project, body);
    expect([answer.status, answer.json()]).toEqual([200, { challenge: "3eZbrw1aBm2rZ" }]);
  });

  test("another workspace than the contract's is refused, and asked not to try again", async () => {
    const project = await newChannel({ team_id: TEAM });
    const other = eventOf({}, { team_id: "TOTHER" });
    const answer = await postEvent(project, other);
    expect(answer.status).toBe(422);
    expect(answer.headers.get("x-slack-no-retry")).toBe("1");
    const team = { team: { id: "TOTHER", domain: "x" } };
    for (const form of [
      commandOf("runs", { team_id: "TOTHER" }),
      interactionForm(pressOf("a:1", team)),
      interactionForm({ ...submissionOf({ private_metadata: "{}" }, "x"), ...team }),
    ])
      expect((await postForm(project, form)).status).toBe(422);
    expect(asked).toEqual([]);
    expect(await shop.eventsOf(project)).toEqual([]);
    expect((await postEvent(project, eventOf())).status).toBe(202);
  });
});

describe("messages", () => {
  test("start runs as alerts do, once however often Slack tries", async () => {
    const project = await newChannel();
    await shop.contract({
      project_id: project,
      id: "medic",
      family: "agent",
      body: {
        display_name: "Medic",
        driver: "worker",
        triggers: [{ channel: "ops", when: 'trigger.text.contains("disk of cache-1")' }],
        runbook: { steps: [{ key: "done", check: { $cel: "true" } }] },
      },
    });
    const said = eventOf({ text: "The disk of cache-1 is full &amp; password=hunter2" });
    const first = await postEvent(project, said);
    const [event] = first.json().events;
    expect(first.status).toBe(202);
    expect(event).toMatchObject({ is_duplicate: false, run_id: expect.any(String) });
    const body = JSON.stringify(said);
    const retried = await post(project, body, {
      ...signed(body),
      "x-slack-retry-num": "1",
      "x-slack-retry-reason": "http_timeout",
    });
    expect(retried.json().events).toMatchObject([{ is_duplicate: true, run_id: event.run_id }]);
    const { ts } = said.event;
    const reply = await postEvent(
      project,
      eventOf({ thread_ts: ts, text: "disk of cache-1 again" }),
    );
    expect(reply.json().events).toMatchObject([{ run_id: event.run_id }]);
    const elsewhere = eventOf({ thread_ts: "1355517000.000001", text: "the disk of cache-1!" });
    expect((await postEvent(project, elsewhere)).json().events).toMatchObject([{ run_id: null }]);
    const [stored] = await shop.eventsOf(project);
    expect(stored).toMatchObject({
      channel_type: "slack",
      provider_event_id: said.event_id,
      channel_chat_id: CONVERSATION,
      sender: PERSON,
      content_preview: "The disk of cache-1 is full & password=[redacted]",
      payload: { status: "firing", labels: { chat: CONVERSATION, thread: ts, sender: PERSON } },
    });
    expect(JSON.stringify(stored)).not.toMatch(/hunter2|legacy-verification/);
  });

  test("of bots, about messages, and in other conversations are none of ours", async () => {
    const project = await newChannel();
    for (const event of [
      { bot_id: "B19LU7CSY" },
      { subtype: "bot_message", user: undefined },
      { subtype: "message_changed", message: { text: "x" } },
      { subtype: "channel_join" },
      { channel: "C0OTHER" },
      { text: " " },
      { type: "reaction_added", user: 5 },
    ])
      expect((await postEvent(project, eventOf(event))).status).toBe(200);
    expect(await shop.eventsOf(project)).toEqual([]);
    expect(asked).toEqual([]);
  });
});

/** Sends what is queued, as a worker would; answers what Slack was asked. */
async function deliver(): Promise<SlackCall[]> {
  await shop.deliver();
  return slack.calls;
}

const USER = { channelType: "slack", channelId: "ops", userId: `${TEAM}:${PERSON}` };

describe("commands", () => {
  test("a slash command is answered in place, to whoever typed it", async () => {
    const project = await newChannel();
    next = { text: "1 run <b>", url: "https://console.example/runs?a=1&b=2" };
    const answer = await postForm(project, commandOf("runs  now"));
    expect(answer.json()).toMatchObject({
      response_type: "ephemeral",
      text: "1 run &lt;b&gt;",
      blocks: [
        { text: { text: "1 run &lt;b&gt;" } },
        { elements: [{ url: "https://console.example/runs?a=1&b=2" }] },
      ],
    });
    const user = { ...USER, projectId: project, name: "ada" };
    expect(asked).toEqual([["commanded", user, { chatId: CONVERSATION }, "/runs  now"]]);
  });

  test("a mention is a command, once though it also comes as a message; the answer is for them alone", async () => {
    const project = await newChannel();
    next = { text: "All is well." };
    const mention = eventOf({
      type: "app_mention",
      text: `<@${BOT}> status`,
      channel_type: undefined,
    });
    const { ts } = mention.event;
    const asMessage = eventOf({ text: `<@${BOT}> status`, ts });
    for (const event of [mention, asMessage, mention])
      expect((await postEvent(project, event)).status).toBe(200);
    const place = { chatId: CONVERSATION, threadId: ts, messageId: `${CONVERSATION}:${ts}` };
    const user = { ...USER, projectId: project, name: PERSON };
    expect(asked).toEqual([["commanded", user, place, "/status"]]);
    expect(await deliver()).toHaveLength(1);
    expect(slack.calls[0]).toMatchObject({
      method: "chat.postEphemeral",
      args: { channel: CONVERSATION, user: PERSON, thread_ts: ts, text: "All is well." },
    });
    expect(await shop.eventsOf(project)).toEqual([]);
  });

  test("what is said to the app alone is a command from anywhere", async () => {
    const project = await newChannel();
    next = { text: "Linked." };
    const own = { channel: "D0123456", channel_type: "im", text: "link &lt;CODE&gt;" };
    await postEvent(project, eventOf(own));
    expect(asked[0]?.slice(-1)).toEqual(["/link <CODE>"]);
    expect(await deliver()).toMatchObject([
      { method: "chat.postMessage", args: { channel: "D0123456" } },
    ]);
  });
});

describe("buttons and forms", () => {
  test("a press is done, then its note is shown to whoever pressed", async () => {
    const project = await newChannel();
    next = { note: "Ada approved it a minute ago." };
    const answer = await postForm(project, interactionForm(pressOf("a:abc")));
    expect([answer.status, answer.text]).toEqual([200, ""]);
    const user = { ...USER, projectId: project, name: "ada" };
    const ts = "1700000000.000001";
    const place = { chatId: CONVERSATION, threadId: ts, messageId: `${CONVERSATION}:${ts}` };
    expect(asked).toEqual([["pressed", user, place, "a:abc"]]);
    // It is in the outbox before Slack has its answer: whatever dies now, it goes out.
    expect(await shop.queued()).toMatchObject([
      { project_id: project, subject_kind: "chat_answer", content: { to: { userId: PERSON } } },
    ]);
    await deliver();
    expect(await deliver()).toMatchObject([
      {
        method: "chat.postEphemeral",
        args: { channel: CONVERSATION, user: PERSON, thread_ts: ts },
      },
    ]);
    expect(slack.calls[0]?.args.text).toBe("Ada approved it a minute ago.");
  });

  test("one that comes again is refused and recorded", async () => {
    const project = await newChannel();
    const forms = [interactionForm(pressOf("a:abc")), commandOf("cancel 1")];
    for (const form of forms) {
      const headers = { ...signed(form), ...FORM };
      expect((await post(project, form, headers)).status).toBe(200);
      const again = await post(project, form, headers);
      expect(again.status).toBe(401);
    }
    expect(asked).toHaveLength(2);
    const records = await shop.platform((tx) =>
      tx
        .selectFrom("audit_log")
        .select("details")
        .where("project_id", "=", project)
        .where("action", "=", "hook.replayed")
        .orderBy("audit_id")
        .execute(),
    );
    expect(records.map(({ details }) => details)).toMatchObject([
      { kind: "press", user: `${TEAM}:${PERSON}` },
      { kind: "command" },
    ]);
  });

  test("a question opens a form in their language, and what they write comes back with its token", async () => {
    const project = await newChannel({ language: "zh-TW" });
    next = { ask: { text: "要改什麼？ <b>", token: "tok_1" } };
    await postForm(project, interactionForm(pressOf("c:abc")));
    const { trigger_id, view } = await slack.waitFor(() => slack.views.pop(), "the form");
    expect(trigger_id).toBe(pressOf("x").trigger_id);
    expect(view).toMatchObject({
      type: "modal",
      submit: { text: "送出" },
      blocks: [{ text: { text: "要改什麼？ &lt;b&gt;" } }, { type: "input", block_id: "answer" }],
    });
    next = { note: "已送出" };
    const sent = await postForm(project, interactionForm(submissionOf(view, "use <sdb>")));
    expect([sent.status, sent.text]).toEqual([200, ""]);
    const ts = "1700000000.000001";
    const place = { chatId: CONVERSATION, threadId: ts, messageId: `${CONVERSATION}:${ts}` };
    expect(asked[1]).toEqual(["texted", expect.anything(), place, "use <sdb>", "tok_1"]);
    const [, note] = await deliver();
    expect(note).toMatchObject({ method: "chat.postEphemeral", args: { user: PERSON } });
  });

  test("buttons that open an address, and forms of others, ask nothing", async () => {
    const project = await newChannel();
    for (const payload of [
      pressOf(undefined),
      submissionOf({ private_metadata: '{"token":"x"}' }, "x"),
      submissionOf({ private_metadata: "no JSON" }, "x"),
      { type: "view_closed" },
    ])
      expect((await postForm(project, interactionForm(payload))).status).toBe(200);
    expect(asked).toEqual([]);
  });

  test("what takes longer than Slack waits is answered at once, and told of when it is done", async () => {
    const project = await newChannel();
    const work = Promise.withResolvers<ChatReply>();
    next = work.promise;
    const answer = await postForm(project, commandOf("runs"));
    expect([answer.status, answer.text]).toEqual([200, ""]);
    // Were the process to die now, they would be told that.
    const [warning] = await shop.queued();
    expect(warning).toMatchObject({ content: { text: expect.stringMatching(/^It is not known/) } });
    work.resolve({ text: "done" });
    const [done] = await waitFor(
      async () => {
        const waiting = await shop.queued();
        return waiting[0]?.message_id !== warning?.message_id && waiting;
      },
      { timeoutMs: 20_000, what: "the answer" },
    );
    expect(done).toMatchObject({ content: { text: "done" } });
    expect(await deliver()).toMatchObject([{ method: "chat.postEphemeral" }]);
    const all = await shop.platform((tx) =>
      tx
        .selectFrom("outbound_messages")
        .select(["send_status", "send_error"])
        .where("project_id", "=", project)
        .orderBy("queued_at")
        .execute(),
    );
    expect(all).toMatchObject([
      { send_status: "suppressed", send_error: "It became known what came of it." },
      { send_status: "sent" },
    ]);
  });
});
