import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openShopBench, PROJECT, type ShopBench } from "../../test/support/calls.ts";
import { CHAT, chatOn, chatUser, MESSAGE, said } from "../../test/support/chat.ts";
import { newId } from "../platform/ids.ts";
import { runCommand } from "./chat-commands.ts";
import { press } from "./chat-press.ts";
import { createChatRate } from "./chat-rate.ts";

let bench: ShopBench;
let world: ReturnType<typeof chatOn>;
let adaKey: string;

beforeAll(async () => {
  bench = await openShopBench();
  world = chatOn(bench);
  adaKey = await world.link("ada");
  await world.link("bob");
  await world.link("vic", "viewer");
});

afterAll(() => bench?.close());
beforeEach(async () => {
  await world.refusals();
});

const place = { chatId: CHAT, messageId: MESSAGE };
const decisionsOn = (approvalId: string) =>
  bench.asTenant((tx) =>
    tx
      .selectFrom("approval_decisions as d")
      .innerJoin("approval_seen as s", "s.decision_id", "d.decision_id")
      .select([
        "d.actor_id",
        "d.decision",
        "d.reason",
        "d.surface",
        "d.args_hash_confirmed",
        "s.content",
      ])
      .where("d.approval_id", "=", approvalId)
      .execute(),
  );

describe("a button", () => {
  it("decides with the right of who presses it, and keeps what the message showed", async () => {
    const run = await bench.openEchoRun();
    const { approvalId, button, of } = await world.ask(run);
    const reply = await world.chat().pressed(chatUser("ada"), place, button("approve"));
    expect(reply).toEqual({ note: "Approved." });
    expect(await decisionsOn(approvalId)).toMatchObject([
      {
        actor_id: "ada",
        decision: "approve",
        surface: "telegram",
        args_hash_confirmed: true,
        content: { message: { channel_id: "ops", message_id: of.messageId, text: "May it?" } },
      },
    ]);
    expect((await bench.runRow(run.run_id)).state).toBe("running");
    expect(await world.refusals()).toEqual([]);
  });

  it("pressed a second time, by whomever, says who decided, when and how", async () => {
    const { button } = await world.ask(await bench.openEchoRun());
    await world.chat().pressed(chatUser("ada"), place, button("approve"));
    for (const user of ["ada", "bob", "vic", "a stranger"]) {
      const reply = await world.chat().pressed(chatUser(user), place, button("reject"));
      expect(said(reply)).toMatch(/^ada approved this at \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/);
    }
    expect((await world.refusals()).map(({ code }) => code)).toEqual(
      Array(4).fill("E-APPR-DECIDED"),
    );
  });

  it("pressed by two at the same time decides once", async () => {
    const { approvalId, button } = await world.ask(await bench.openEchoRun());
    const chat = world.chat();
    const replies = await Promise.all(
      ["ada", "bob"].map((user) => chat.pressed(chatUser(user), place, button("approve"))),
    );
    expect(replies.filter(({ note }) => note === "Approved.")).toHaveLength(1);
    expect(replies.filter((reply) => /approved this at/.test(said(reply)))).toHaveLength(1);
    expect(await decisionsOn(approvalId)).toHaveLength(1);
  });

  it("asks for the reason, and takes it from nobody else and nowhere else", async () => {
    const run = await bench.openEchoRun({ on_reject: "return" });
    const { approvalId, button } = await world.ask(run);
    const chat = world.chat();
    const { ask } = await chat.pressed(chatUser("ada"), place, button("request_changes"));
    expect(ask?.text).toContain("What should be different?");
    const token = ask?.token ?? "";
    const elsewhere = await chat.texted(chatUser("ada"), { chatId: "1" }, "less", token);
    const other = await chat.texted(chatUser("bob"), place, "less", token);
    for (const reply of [elsewhere, other]) expect(said(reply)).toContain("none of ours");
    const empty = await chat.texted(chatUser("ada"), place, "  ", token);
    expect(empty.ask?.token).toBe(token);
    const done = await chat.texted(chatUser("ada"), place, " one at a time \0", token);
    expect(done.note).toBe("The agent is told what you wrote.");
    expect(await decisionsOn(approvalId)).toMatchObject([
      { actor_id: "ada", decision: "request_changes", reason: "one at a time \ufffd" },
    ]);
    const again = await chat.texted(chatUser("ada"), place, "more", token);
    expect(said(again)).toContain("ada asked for changes at");
  });

  it("may reject without a reason", async () => {
    const { approvalId, button } = await world.ask(await bench.openEchoRun());
    const chat = world.chat();
    const { ask } = await chat.pressed(chatUser("bob"), place, button("reject"));
    expect(await chat.texted(chatUser("bob"), place, "-", ask?.token ?? "")).toEqual({
      note: "Rejected.",
    });
    expect(await decisionsOn(approvalId)).toMatchObject([{ decision: "reject", reason: null }]);
  });

  it("counts one of several who have to agree, and tells the author no", async () => {
    const { approvalId, button } = await world.ask(await bench.openEchoRun({ quorum: 2 }));
    const chat = world.chat();
    const press = (user: string) => chat.pressed(chatUser(user), place, button("approve"));
    expect(said(await press("ada"))).toContain("others have to agree");
    expect(said(await press("ada"))).toContain("ada approved this at");
    expect(said(await press("bob"))).toBe("Approved.");
    expect(await decisionsOn(approvalId)).toHaveLength(2);
    // Contracts of this bench are written by `test`.
    await world.link("test");
    const mine = await world.ask(await bench.openEchoRun());
    const reply = await world.chat().pressed(chatUser("test"), place, mine.button("approve"));
    expect(said(reply)).toContain("test wrote the contract");
    expect((await world.refusals()).at(-1)).toEqual({
      actor: "test",
      code: "E-APPR-SELF",
      user: "test",
    });
  });
});

describe("a press is refused, told and recorded", () => {
  type Made = Awaited<ReturnType<typeof world.ask>>;
  type Refused = [
    what: string,
    user: string,
    at: object,
    data: (made: Made) => string,
    code: string,
    words: RegExp,
  ];
  const approve = ({ button }: Made) => button("approve");
  const cases: Refused[] = [
    ["made up", "ada", {}, () => "approve", "E-CHAT-FORGED", /none of ours/],
    ["empty", "ada", {}, () => "", "E-CHAT-FORGED", /none of ours/],
    [
      "with one sign changed",
      "ada",
      {},
      (made) => `r${approve(made).slice(1)}`,
      "E-CHAT-FORGED",
      /none of ours/,
    ],
    [
      "of another message",
      "ada",
      {},
      ({ of }) => world.tags.button({ ...of, messageId: newId() }, "approve"),
      "E-CHAT-FORGED",
      /none of ours/,
    ],
    [
      "of other arguments",
      "ada",
      {},
      ({ of }) => world.tags.button({ ...of, argsHash: "0".repeat(64) }, "approve"),
      "E-CHAT-FORGED",
      /none of ours/,
    ],
    [
      "of another project",
      "ada",
      {},
      ({ of }) => world.tags.button({ ...of, projectId: "bravo" }, "approve"),
      "E-CHAT-FORGED",
      /none of ours/,
    ],
    [
      "that is an ask",
      "ada",
      {},
      ({ of }) => world.tags.ask(of, "approve", { userId: "ada", chatId: CHAT }),
      "E-CHAT-FORGED",
      /none of ours/,
    ],
    [
      "on a copy in the same chat",
      "ada",
      { messageId: `${CHAT}:8` },
      approve,
      "E-CHAT-FORWARDED",
      /not on a copy/,
    ],
    [
      "in another chat",
      "ada",
      { chatId: "5", messageId: "5:7" },
      approve,
      "E-CHAT-FORWARDED",
      /not on a copy/,
    ],
    [
      "without a message",
      "ada",
      { messageId: undefined },
      approve,
      "E-CHAT-FORWARDED",
      /not on a copy/,
    ],
    ["of somebody unknown", "eve", {}, approve, "E-CHAT-UNLINKED", /\/link CODE/],
    ["without the right", "vic", {}, approve, "E-FORBIDDEN", /viewer/],
    [
      "to reject, without the right",
      "vic",
      {},
      ({ button }) => button("reject"),
      "E-FORBIDDEN",
      /viewer/,
    ],
  ];

  it.each(cases)("%s", async (_, user, at, data, code, words) => {
    const made = await world.ask(await bench.openEchoRun());
    const reply = await world.chat().pressed(chatUser(user), { ...place, ...at }, data(made));
    expect(said(reply)).toMatch(words);
    const actor = ["ada", "vic"].includes(user) && !code.startsWith("E-CHAT") ? user : "chat";
    expect(await world.refusals()).toEqual([{ actor, code, user }]);
    expect(await decisionsOn(made.approvalId)).toEqual([]);
    expect((await bench.approvalRow(made.approvalId)).status).toBe("open");
  });

  it.each([
    ["expired", "expires_at = created_at + interval '1 ms'", "E-APPR-EXPIRED", /in time/],
    [
      "voided",
      "status = 'voided', decided_at = now(), void_reason = 'test'",
      "E-APPR-VOIDED",
      /no longer stands/,
    ],
    [
      "edited",
      "approved_hash = repeat('1', 64)",
      "E-APPR-CHANGED",
      /others than this message shows/,
    ],
  ])("when the question was %s", async (_, set, code, words) => {
    const made = await world.ask(await bench.openEchoRun());
    await bench.asAdmin(
      `update awooop.approvals set ${set} where approval_id = '${made.approvalId}'`,
    );
    const reply = await world.chat().pressed(chatUser("ada"), place, approve(made));
    expect(said(reply)).toMatch(words);
    expect(reply.url).toContain("/runs/acme/");
    expect((await world.refusals()).map((each) => each.code)).toEqual([code]);
    expect(await decisionsOn(made.approvalId)).toEqual([]);
  });

  it("in the channel's language, and not while the message is on its way", async () => {
    const made = await world.ask(await bench.openEchoRun());
    const by = { user: chatUser("eve"), place, language: "zh-TW" } as const;
    expect(said(await press(world.deps, by, approve(made)))).toContain("我不認得你");
    await bench.asAdmin(
      `update awooop.outbound_messages set provider_message_id = null where message_id = '${made.of.messageId}'`,
    );
    const early = await world.chat().pressed(chatUser("ada"), place, approve(made));
    expect(said(early)).toContain("still on its way");
  });

  it("of who was deactivated or whose key was revoked a moment ago", async () => {
    const made = await world.ask(await bench.openEchoRun());
    const gone = await world.link("gone");
    await world.link("idle");
    await bench.asAdmin(`update awooop.members set is_active = false where member_id = 'idle'`);
    await world.keys.revoke(world.root, gone);
    for (const user of ["gone", "idle"]) {
      const reply = await world.chat().pressed(chatUser(user), place, approve(made));
      expect(said(reply), user).toContain("I don't know who you are");
    }
    expect(await decisionsOn(made.approvalId)).toEqual([]);
  });

  it("of who presses all the time, without a row for each", async () => {
    const chat = world.chat();
    const replies = [];
    for (let at = 0; at < 35; at += 1)
      replies.push(said(await chat.pressed(chatUser("mallory"), place, "nonsense")));
    expect(replies.filter((words) => /That was a lot/.test(words))).toHaveLength(5);
    expect(await world.refusals()).toHaveLength(30);
  });
});

describe("a command", () => {
  const say = async (user: string, text: string) =>
    said(await world.chat().commanded(chatUser(user), { chatId: CHAT }, text));

  it("tells what there is to say to everybody, and nothing else to who is unknown", async () => {
    for (const text of ["/help", "/help@awooop_bot", "/start", " /HELP "])
      expect(await say("eve", text)).toContain("/approvals: what waits for a person");
    expect(await say("eve", "/dance")).toContain("I don't know that command");
    expect(await say("eve", `/${"x".repeat(10_000)}`)).toContain("I don't know that command");
    for (const text of ["/status", "/runs", "/approvals", "/cancel 018f0000"])
      expect(await say("eve", text)).toContain("I don't know who you are");
    expect((await world.refusals()).map(({ code }) => code)).toEqual(
      Array(4).fill("E-CHAT-UNLINKED"),
    );
  });

  it("shows how the project is, its runs and its questions, ten at most", async () => {
    const run = await bench.openEchoRun();
    await world.ask(run);
    expect(await say("vic", "/status")).toMatch(
      /^acme: mode \w+, active\nRunning: \d+, waiting for a person: \d+/,
    );
    const runs = await say("vic", "/runs");
    expect(runs).toContain(`https://awooop.example/runs/acme/${run.run_id}`);
    expect(runs.match(/\/runs\/acme\//g)).toHaveLength(10);
    expect(runs).toContain("There are more");
    expect(await say("vic", "/approvals")).toContain("Run echo on shop?");
  });

  it("answers in Chinese where the channel does", async () => {
    const guesses = createChatRate(5, 1_000, () => 0);
    const by = {
      user: chatUser("vic"),
      place: { chatId: CHAT },
      language: "zh-TW",
      guesses,
    } as const;
    const ask = async (name: string) => said(await runCommand(world.deps, by, { name, rest: "" }));
    expect(await ask("status")).toMatch(/^acme：模式為啟用，啟用\n執行中：\d+，等待決定：/);
    expect(await ask("runs")).toMatch(/^[0-9a-f-]+ (未開始|執行中|等待決定|已完成|失敗|已取消), /);
    for (const name of ["help", "link", "cancel", "approvals", "dance"])
      expect(await ask(name)).toMatch(/\p{Script=Han}/u);
  });

  it("cancels a run that is named well enough, for who may", async () => {
    const run = await bench.openEchoRun();
    const { approvalId } = await world.ask(run);
    const short = run.run_id.slice(0, 35);
    expect(await say("vic", `/cancel ${short}`)).toContain("needs the role operator");
    expect(await say("ada", "/cancel")).toContain("Say /cancel RUN");
    expect(await say("ada", "/cancel nonsense!")).toContain("Say /cancel RUN");
    expect(await say("ada", "/cancel ffffffff-ffff")).toBe("There is no run ffffffff-ffff.");
    expect(await say("ada", `/cancel ${run.run_id.slice(0, 8)}`)).toContain("Several runs begin");
    expect(await say("ada", `/cancel ${short} too   late`)).toMatch(/^Cancelled: /);
    expect(await bench.runRow(run.run_id)).toMatchObject({
      state: "cancelled",
      error_detail: "cancelled by ada: too late",
    });
    expect((await bench.approvalRow(approvalId)).status).toBe("voided");
    expect(await say("ada", `/cancel ${run.run_id}`)).toBe("The run is over already.");
  });

  it("links and unlinks, and lets nobody guess", async () => {
    const code = await world.code(adaKey, "ada");
    expect(await say("eve", "/link")).toContain("Send /link with the code");
    expect(await say("eve", `/start ${code}`)).toContain(`you act as ada in ${PROJECT}`);
    expect(await say("eve", "/status")).toContain("acme");
    expect(await say("eve", "/unlink")).toBe("The link is taken back.");
    expect(await say("eve", "/unlink")).toBe("There was no link.");
    const chat = world.chat();
    const guess = async (text: string) =>
      said(await chat.commanded(chatUser("eve"), { chatId: CHAT }, `/link ${text}`));
    for (let at = 0; at < 5; at += 1) expect(await guess("ABCDEFGHJK")).toContain("wrong");
    expect(await guess(await world.code(adaKey, "ada"))).toContain("That was a lot");
    expect((await world.refusals()).map(({ code: why }) => why)).toEqual(
      Array(5).fill("E-CHAT-LINK"),
    );
  });
});
