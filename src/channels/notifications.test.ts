import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedApproval, seedProject, seedRevision, seedRun } from "../../test/support/fixtures.ts";
import { openWorkshop, type Workshop } from "../../test/support/tenant.ts";
import { jsonb } from "../platform/database/index.ts";
import {
  createChatTags,
  enqueueMessage,
  notifyApprovalOpened,
  notifyReminder,
  notifyRunEnded,
} from "./index.ts";

const PUBLIC_URL = "https://awooop.example/";
const PROJECT = "acme";

let shop: Workshop;

beforeAll(async () => {
  shop = await openWorkshop();
  await shop.platform((tx) => seedProject(tx, { project_id: PROJECT }));
  const pager = { type: "webhook", url: "https://pager.example/", secret: "secret:PAGER" };
  await shop.contract({ project_id: PROJECT, id: "pager", family: "channel", body: pager });
  const body = { type: "console" };
  await shop.contract({ project_id: PROJECT, id: "console", family: "channel", body });
});

afterAll(() => shop?.close());

/** Jobs that are noted and not worked on. */
function outbox() {
  const sent: string[] = [];
  const send = async (_: unknown, queue: string) => {
    sent.push(queue);
  };
  return { sent, jobs: { send: send as Workshop["jobs"]["send"] } };
}

describe("what agents' channels are told", () => {
  async function newRun(
    given: Partial<Parameters<typeof seedRun>[1]> = {},
    notify = ["pager", "console"],
  ) {
    const body = jsonb({ display_name: "Janitor", driver: "client", notify });
    return shop.platform(async (tx) => {
      const version_major = Math.floor(Math.random() * 1e9);
      const revision = await seedRevision(tx, {
        project_id: PROJECT,
        body,
        version_major,
        lifecycle_status: "deprecated",
      });
      return seedRun(tx, { project_id: PROJECT, revision_id: revision.revision_id, ...given });
    });
  }

  const ended = (state: string, more: object = {}) => ({
    state,
    completed_at: "2026-11-22T03:10:00Z",
    ...more,
  });

  const messagesOf = (runId: string) =>
    shop.platform((tx) =>
      tx
        .selectFrom("outbound_messages")
        .selectAll()
        .where("run_id", "=", runId)
        .orderBy("channel_id")
        .execute(),
    );

  const tags = createChatTags(new Uint8Array(32));
  const deps = () => ({ ...outbox(), db: shop.db, publicUrl: PUBLIC_URL, tags });

  test("a question is asked once on each channel, with a link and the exact call", async () => {
    const run = await newRun({ state: "waiting_approval" });
    const headline = jsonb({ en: "Delete files older than 24h?", "zh-TW": "…" });
    const risks = jsonb([{ key: "wildcard", params: { path: "path" } }]);
    const approval = await shop.platform((tx) => seedApproval(tx, run, { headline, risks }));
    const data = { project_id: PROJECT, run_id: run.run_id, approval_id: approval.approval_id };
    const { sent, ...rest } = deps();
    await notifyApprovalOpened(rest, data);
    await Promise.all([notifyApprovalOpened(rest, data), notifyApprovalOpened(rest, data)]);
    const messages = await messagesOf(run.run_id);
    expect(messages.map((message) => [message.channel_id, message.send_status])).toEqual([
      ["console", "sent"],
      ["pager", "queued"],
    ]);
    expect(messages[0]).toMatchObject({
      message_type: "approval_request",
      triggered_by_state: "waiting_approval",
      content: {
        text: [
          "Delete files older than 24h?",
          "Started by an alert from alertmanager: “Disk almost full”. It has called nothing so far. Now Janitor wants to run clear_cache on shop-tools.",
          "shop-tools/clear_cache (write)",
          '  path: "/var/cache/shop"',
          "Look twice: path has a wildcard: it can mean many things at once.",
          `https://awooop.example/runs/acme/${run.run_id}`,
        ].join("\n"),
        approval: {
          approval_id: approval.approval_id,
          server: "shop-tools",
          tool: "clear_cache",
          arguments: { path: "/var/cache/shop" },
        },
      },
    });
    expect(sent).toHaveLength(1);
  });

  test("a question that was answered meanwhile, or has no headline", async () => {
    const run = await newRun({ state: "waiting_approval" });
    const [done, plain] = await shop.platform(async (tx) => [
      await seedApproval(tx, run, {
        status: "rejected",
        escalation: jsonb([{ after_seconds: 60 }]),
      }),
      await seedApproval(tx, run, {}),
    ]);
    const ids = { project_id: PROJECT, run_id: run.run_id };
    const late = { ...ids, approval_id: done?.approval_id ?? "", step: 0 };
    await notifyReminder(deps(), late);
    await notifyApprovalOpened(deps(), { ...ids, approval_id: done?.approval_id ?? "" });
    expect(await messagesOf(run.run_id)).toEqual([]);
    await notifyApprovalOpened(deps(), { ...ids, approval_id: plain?.approval_id ?? "" });
    expect((await messagesOf(run.run_id))[0]?.content_preview).toMatch(
      /^May Janitor call shop-tools\/clear_cache\? Started by an alert/,
    );
  });

  test("a question that nobody decides is told again, once a step and channel", async () => {
    const run = await newRun({ state: "waiting_approval" });
    const headline = jsonb({ en: "Delete files?", "zh-TW": "要刪除檔案嗎？" });
    const escalation = jsonb([
      { after_seconds: 60 },
      { after_seconds: 90, to_group: "leads", channels: ["console"] },
    ]);
    const expires_at = "2100-01-02T03:04:05.678Z";
    const { approval_id } = await shop.platform((tx) =>
      seedApproval(tx, run, { headline, escalation, expires_at }),
    );
    const data = { project_id: PROJECT, run_id: run.run_id, approval_id };
    const remind = (step: number) => notifyReminder(deps(), { ...data, step });
    await remind(0);
    await Promise.all([remind(0), remind(0)]);
    const asked = { message_type: "approval_request", content: { approval: { approval_id } } };
    const told = (text: unknown) => ({ ...asked, content: { ...asked.content, text } });
    expect(await messagesOf(run.run_id)).toMatchObject(
      ["console", "pager"].map((channel_id) => ({
        channel_id,
        subject_kind: null,
        ...told(
          expect.stringMatching(
            /^Nobody has decided yet; there is time until 2100-01-02 03:04:05 UTC\.\nDelete files\?\n/,
          ),
        ),
      })),
    );
    await remind(1);
    await remind(2);
    const escalated = (await messagesOf(run.run_id)).filter((of) => of.subject_kind !== null);
    expect(escalated).toMatchObject([
      {
        channel_id: "console",
        subject_kind: "escalation",
        content: { text: expect.stringMatching(/^Escalated to leads: nobody has decided/) },
      },
    ]);
  });

  test.each([
    ["failed", "error", /Disk almost full: the run failed\. No space left/],
    ["timed_out", "error", /the run ran out of time\. No space left/],
    ["cancelled", "error", /the run was cancelled\. No space left/],
  ])("a run that is %s is told once, as %s", async (state, type, text) => {
    const run = await newRun(ended(state, { error_code: "E-X", error_detail: "No space left" }));
    await notifyRunEnded(deps(), run);
    await notifyRunEnded(deps(), run);
    const messages = await messagesOf(run.run_id);
    expect(messages).toHaveLength(2);
    for (const message of messages) {
      expect(message).toMatchObject({ message_type: type, triggered_by_state: state });
      expect(message.content_preview).toMatch(text);
    }
  });

  test("a completed run is told unless its runbook said so itself", async () => {
    const silent = await newRun(ended("completed"));
    await notifyRunEnded(deps(), silent);
    await notifyRunEnded(deps(), silent);
    const told = await messagesOf(silent.run_id);
    expect(told.map((message) => message.message_type)).toEqual(["final", "final"]);

    const outspoken = await newRun(ended("completed"));
    const said = { projectId: PROJECT, runId: outspoken.run_id, channelId: "console" };
    await shop.platform((tx) =>
      enqueueMessage(tx, outbox().jobs, { ...said, type: "final", text: "done", isShadow: false }),
    );
    await notifyRunEnded(deps(), outspoken);
    expect(await messagesOf(outspoken.run_id)).toHaveLength(1);
  });

  test("a shadow run's messages are recorded and not sent; a run that goes on tells nothing", async () => {
    const shadow = await newRun(ended("failed", { is_shadow: true }));
    const { sent, ...rest } = deps();
    await notifyRunEnded(rest, shadow);
    expect((await messagesOf(shadow.run_id)).map((message) => message.send_status)).toEqual([
      "suppressed",
      "suppressed",
    ]);
    expect(sent).toEqual([]);
    const working = await newRun({ state: "running" });
    await notifyRunEnded(rest, working);
    expect(await messagesOf(working.run_id)).toEqual([]);
  });
});
