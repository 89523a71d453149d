import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  seedApproval,
  seedDecision,
  seedMessage,
  seedProject,
  seedRevision,
  seedRun,
} from "../../test/support/fixtures.ts";
import { openWorkshop, type Workshop } from "../../test/support/tenant.ts";
import { jsonb } from "../platform/database/index.ts";
import { closedWords } from "./closed-words.ts";
import { editClosedQuestions, noteClosedQuestion } from "./index.ts";

const project_id = "acme";
let shop: Workshop;

beforeAll(async () => {
  shop = await openWorkshop();
  await shop.platform((tx) => seedProject(tx, { project_id }));
  const slack = {
    type: "slack",
    bot_token: "secret:BOT",
    signing_secret: "secret:SIGNING",
    conversation_id: "C024BE91L",
    language: "zh-TW",
  };
  await shop.contract({ project_id, id: "ops", family: "channel", body: slack });
  const pager = { type: "webhook", url: "https://pager.example/", secret: "secret:PAGER" };
  await shop.contract({ project_id, id: "pager", family: "channel", body: pager });
});
afterAll(() => shop?.close());

let serial = 0;

/** A question that Ann has refused, and messages that asked it. */
function refused(messages: Parameters<typeof seedMessage>[2][]) {
  return shop.platform(async (tx) => {
    serial += 1;
    const { revision_id } = await seedRevision(tx, {
      project_id,
      lifecycle_status: "retired",
      version_minor: serial,
    });
    const run = await seedRun(tx, { project_id, revision_id });
    const decided_at = "2026-11-22T03:09:00Z";
    const approval = await seedApproval(tx, run);
    await seedDecision(tx, approval, {
      actor_id: "ann",
      decision: "reject",
      reason: "the disk is full",
    });
    const { approval_id } = approval;
    await tx
      .updateTable("approvals")
      .set({ status: "rejected", decided_at })
      .where("approval_id", "=", approval_id)
      .execute();
    const content = jsonb({ text: "May janitor call clear_cache?" });
    for (const more of messages)
      await seedMessage(tx, run, {
        message_type: "approval_request",
        approval_id,
        content,
        ...more,
      });
    return { project_id, approval_id };
  });
}

const messagesOf = () =>
  shop.platform((tx) =>
    tx.selectFrom("outbound_messages").selectAll().orderBy("queued_at").execute(),
  );

const sent: { queue: string; data: unknown }[] = [];
const jobs = {
  send: (async (_: unknown, queue: string, data: unknown) => {
    sent.push({ queue, data });
  }) as Workshop["jobs"]["send"],
};

describe("when a question is closed", () => {
  test("its messages are changed in place once, or not sent at all", async () => {
    const ids = await refused([
      { channel_id: "ops", provider_message_id: "C024BE91L/1.2" },
      { channel_id: "ops", send_status: "queued", content_preview: "waits" },
      { channel_id: "ops", send_status: "queued", is_unsure: true, content_preview: "under way" },
      { channel_id: "pager", provider_message_id: null, content_preview: "can't be changed" },
    ]);
    await shop.platform((tx) => editClosedQuestions(tx, jobs, [ids]));
    expect(sent.splice(0)).toEqual([{ queue: "approval.closed", data: [ids] }]);
    await noteClosedQuestion({ db: shop.db, jobs }, ids);
    await noteClosedQuestion({ db: shop.db, jobs }, ids);
    const all = await messagesOf();
    const [first] = all;
    const edits = all.filter((message) => message.edits !== null);
    expect(edits).toMatchObject([
      {
        edits: first?.message_id,
        run_id: first?.run_id,
        channel_id: "ops",
        send_status: "queued",
        subject_kind: "question_closed",
        content: {
          text: "已由 ann 駁回，2026-11-22 03:09 UTC：the disk is full\n\nMay janitor call clear_cache?",
        },
      },
    ]);
    expect(sent).toMatchObject([
      { queue: "message.deliver", data: { message_id: edits[0]?.message_id } },
    ]);
    const statusOf = (preview: string) =>
      all.find(({ content_preview }) => content_preview === preview)?.send_status;
    expect(["waits", "under way", "can't be changed"].map(statusOf)).toEqual([
      "suppressed",
      "queued",
      "sent",
    ]);
  });

  test("or edited, those that show other arguments than it is about are changed in place or not sent", async () => {
    const ids = await refused([]);
    const asked = (args_hash: string) => jsonb({ text: "May it?", approval: { args_hash } });
    const [old, queued, current] = await shop.platform(async (tx) => {
      const { approval_id } = ids;
      const approval = await tx
        .updateTable("approvals")
        .set({ status: "open", round: 2, approved_hash: "b".repeat(64), decided_at: null })
        .where("approval_id", "=", approval_id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await seedDecision(tx, approval, { actor_id: "eve", decision: "edit", round: 2 });
      const put = (hash: string, more: object) =>
        seedMessage(
          tx,
          { project_id, run_id: approval.run_id },
          {
            ...{ message_type: "approval_request", approval_id, channel_id: "ops" },
            content: asked(hash),
            ...more,
          },
        );
      return [
        await put("a".repeat(64), { provider_message_id: "C024BE91L:1.2" }),
        await put("a".repeat(64), { send_status: "queued" }),
        await put("b".repeat(64), { provider_message_id: "C024BE91L:1.3" }),
      ];
    });
    const becameOf = async (message: typeof old) =>
      (await messagesOf()).filter(({ edits }) => edits === message?.message_id);
    await noteClosedQuestion({ db: shop.db, jobs }, ids);
    expect(await becameOf(old)).toMatchObject([
      {
        content: { text: expect.stringMatching(/^已由 eve 修改，.* UTC；新參數另有訊息詢問\n\n/) },
      },
    ]);
    expect(await becameOf(current)).toEqual([]);
    expect((await messagesOf()).find((of) => of.message_id === queued?.message_id)).toMatchObject({
      send_status: "suppressed",
      send_error: expect.stringMatching(/edited before it was sent/),
    });
    // Once it is decided, what was said of the old one stays.
    await shop.platform((tx) =>
      tx
        .updateTable("approvals")
        .set({ status: "voided", decided_at: "2026-11-22T03:09:00Z" })
        .where("approval_id", "=", ids.approval_id)
        .execute(),
    );
    await noteClosedQuestion({ db: shop.db, jobs }, ids);
    expect(await becameOf(old)).toHaveLength(1);
    expect(await becameOf(current)).toHaveLength(1);
  });

  test("that nobody was asked about on a channel, no job is sent", async () => {
    const ids = await refused([]);
    sent.length = 0;
    await shop.platform((tx) => editClosedQuestions(tx, jobs, [ids]));
    expect(sent).toEqual([]);
  });
});

const closed = { by: ["Ann", "Bob"], at: "2026-11-22T03:09:00Z", reason: null };
test.each([
  ["en", "approved", "Approved by Ann, Bob, 2026-11-22 03:09 UTC"],
  ["en", "changes_requested", "Changes requested by Ann, Bob, 2026-11-22 03:09 UTC"],
  [
    "en",
    "approved_edited",
    "Approved by Ann, Bob, 2026-11-22 03:09 UTC, with other arguments than these",
  ],
  ["en", "expired", "Expired: nobody had decided by 2026-11-22 03:09 UTC"],
  ["zh-TW", "rejected", "已由 Ann、Bob 駁回，2026-11-22 03:09 UTC"],
  ["zh-TW", "voided", "自 2026-11-22 03:09 UTC 起不再詢問"],
] as const)("in %s, %s reads: %s", (language, status, words) => {
  expect(closedWords(language, { ...closed, status })).toBe(words);
});
