import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { BROWSER_READY_MS, launchChromium } from "./support/chromium.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { openSignedIn, overflow, type Visitor, violations } from "./support/page.ts";
import { openQuestions, type Questions, type Waiting } from "./support/questions.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/** The console's inbox: the answers that are neither yes nor no, and several answered together. */

let database: TestDatabase;
let questions: Questions;
let server: Awooop;
let browser: Browser;

beforeAll(async () => {
  database = await createTestDatabase();
  questions = await openQuestions(database.url);
  [browser] = await Promise.all([launchChromium(), start()]);
}, BROWSER_READY_MS);

async function start(port?: number): Promise<void> {
  const env = { AWOOOP_ROLES: "api" };
  server = await startAwooop({ databaseUrl: database.url, env, ...(port ? { port } : {}) });
}

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await questions?.close();
  await database?.drop();
});

const admin = (statement: string) => queryRows(database.adminUrl, statement);

/** A question that is told with all that can be told beside one. */
async function seedRich(): Promise<Waiting[]> {
  const earlier = await questions.ask();
  await server.api(`/approvals/${earlier.runId}/decide`, {
    body: {
      project_id: "acme",
      decision: "request_changes",
      reason: "only what is older than a day",
    },
  });
  const rich = await questions.ask();
  await admin(`update awooop.approvals set args_shape = repeat('a', 64)`);
  await admin(`update awooop.approvals set revision = 2, revision_of = '${earlier.approvalId}', undoable = false,
      args_display = '{"path": "/var/cache/shop/*", "older_than": "24h", "count": 24, "dry_run": false}',
      headline = '{"en": "Delete files older than 24 h from /var/cache/shop?", "zh-TW": "要刪除 /var/cache/shop 中超過 24 小時的檔案嗎？"}',
      agent_reason = 'The cache holds files nobody read for a day.',
      risks = '[{"key": "first_of_agent", "params": {"agent": "janitor", "tool": "clear_cache"}},
        {"key": "wildcard", "params": {"path": "path"}}]'
    where approval_id = '${rich.approvalId}'`);
  return [earlier, rich];
}

const DESK: Visitor = { locale: "en-US", colorScheme: "light", width: 1440 };
const PHONE: Visitor = { locale: "zh-TW", colorScheme: "dark", width: 360 };

const visit = (visitor: Visitor) => openSignedIn(browser, visitor, server);

const openInbox = async (page: Page, question: string) => {
  await page.goto(`${server.url}/approvals?question=${question}`);
  await page.locator(".ask .headline").waitFor();
};

/** Presses a key until what it opens is there: for a moment after it has appeared, a question is deaf. */
async function press(page: Page, key: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await waitFor(
    async () => {
      if (!(await dialog.isVisible())) await page.keyboard.press(key);
      return dialog.isVisible();
    },
    { timeoutMs: 15_000, what: `the dialog of ${key}` },
  );
}

const statusOf = async ({ approvalId }: Waiting) =>
  (await server.api(`/approvals/${approvalId}`)).body;

describe("the inbox", { timeout: 120_000 }, () => {
  it.each([
    [DESK, "Proposal 2", "Worth a second look"],
    [PHONE, "第 2 次提出", "值得再看一眼"],
  ] as const)("tells all that is known: %o", async (visitor, proposal, risks) => {
    const [, rich] = await seedRich();
    const { page, faults, close } = await visit(visitor);
    await openInbox(page, rich?.approvalId ?? "");
    await page.getByRole("heading", { name: proposal }).waitFor();
    await page.getByRole("list", { name: risks }).waitFor();
    expect(await violations(page)).toEqual([]);
    await press(page, "e");
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(faults).toEqual([]);
    await close();
  });

  it("takes an edit, says at the place what is wrong with it, and a wish for changes", async () => {
    const [edited, wished] = [await questions.ask(), await questions.ask()];
    const refused = await questions.ask();
    const { page, close } = await visit(DESK);
    await openInbox(page, edited.approvalId);
    await press(page, "e");
    const dialog = page.getByRole("dialog");
    const json = dialog.getByRole("textbox", { name: /^Arguments/ });
    const send = dialog.getByRole("button", { name: /^Approve edited/ });
    await json.fill("{path}");
    await send.click();
    await dialog.getByText("This is not JSON").waitFor();
    await json.fill('{"path": 5}');
    await send.click();
    await dialog.getByText("E-POLICY-ARGS").waitFor();
    expect(await statusOf(edited)).toMatchObject({ status: "open" });
    await json.fill('{"path": "/tmp"}');
    await send.click();
    await dialog.waitFor({ state: "hidden" });
    expect(await statusOf(edited)).toMatchObject({
      status: "approved",
      edit: { changes: { rows: [{ path: "path", before: '"/var/cache/shop"', after: '"/tmp"' }] } },
    });
    await openInbox(page, wished.approvalId);
    await press(page, "c");
    await dialog.getByRole("button", { name: "Send to the agent" }).click();
    await dialog.getByText("Say what to change").waitFor();
    await dialog.getByRole("textbox").fill("only the replica");
    await page.keyboard.press("Control+Enter");
    await dialog.waitFor({ state: "hidden" });
    await waitFor(async () => (await statusOf(wished)).status === "changes_requested", {
      timeoutMs: 15_000,
      what: "the wish to be recorded",
    });
    // What others do is told from when the page knows what was done before, and hears of more.
    const isListening = [/\/api\/v1\/audit-log\?/, /\/api\/v1\/events/].map((path) =>
      page.waitForResponse(path),
    );
    await page.goto(`${server.url}/approvals/decided`);
    await Promise.all(isListening);
    const { body: bo } = await server.api("/keys", { body: { name: "bo", role: "operator" } });
    await server.api(`/approvals/${refused.runId}/decide`, {
      key: bo.key,
      body: { project_id: "acme", decision: "reject", reason: "not now" },
    });
    await page.getByText("bo rejected a question").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Put away" }).click();
    await page.getByText("bo rejected a question").waitFor({ state: "detached" });
    const newest = page.getByRole("row").filter({ hasText: "asked for changes" }).first();
    await newest.getByText("only the replica").last().waitFor();
    await newest.getByRole("link", { name: /signed record/ }).waitFor();
    await close();
  });

  it("decides several that are alike together, after showing each of them", async () => {
    await admin("update awooop.approvals set status = 'voided' where status = 'open'");
    const alike = [await questions.ask(), await questions.ask()];
    const other = await questions.ask();
    await admin(
      `update awooop.approvals set rule = 'another' where approval_id = '${other.approvalId}'`,
    );
    const { page, faults, close } = await visit(DESK);
    await openInbox(page, alike[0]?.approvalId ?? "");
    await page.keyboard.press("x");
    const boxes = page.getByRole("checkbox");
    await boxes.nth(1).check();
    expect(await boxes.nth(2).isDisabled()).toBe(true);
    await page.getByText("2 marked").waitFor();
    await page.getByRole("button", { name: "Approve…", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("heading", { name: "Approve 2 calls?" }).waitFor();
    expect(await dialog.getByText('"/var/cache/shop"').count()).toBe(2);
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole("button", { name: /run clear_cache 2 times/ }).click();
    await dialog.waitFor({ state: "hidden" });
    const statuses = await Promise.all([...alike, other].map(statusOf));
    expect(statuses.map(({ status }) => status)).toEqual(["approved", "approved", "open"]);
    expect(faults).toEqual([]);
    await close();
  });

  it("says at once what somebody else has decided, wherever one looks at it", async () => {
    const asked = await questions.ask();
    const [decider, inbox, run] = await Promise.all([visit(DESK), visit(PHONE), visit(PHONE)]);
    await Promise.all([
      openInbox(decider.page, asked.approvalId),
      openInbox(inbox.page, asked.approvalId),
      run.page.goto(`${server.url}/runs/acme/${asked.runId}`),
    ]);
    await run.page.getByText("等你決定").first().waitFor();
    await press(decider.page, "r");
    await decider.page.getByRole("dialog").getByRole("textbox").fill("The disk is needed.");
    await decider.page.keyboard.press("Control+Enter");
    await Promise.all([
      inbox.page.getByText("The disk is needed.").first().waitFor(),
      run.page.getByText("The disk is needed.").first().waitFor(),
    ]);
    for (const { faults, close } of [decider, inbox, run]) {
      expect(faults).toEqual([]);
      await close();
    }
  });

  it("goes on by itself when the server comes back, and has missed nothing", async () => {
    const before = await questions.ask();
    const { page, close } = await visit(DESK);
    await openInbox(page, before.approvalId);
    await page.getByText("s behind").waitFor();
    await server.stop();
    const lost = page.getByText("No connection since");
    await lost.waitFor({ timeout: 30_000 });
    const meanwhile = await questions.ask();
    await start(server.port);
    const inList = ({ approvalId }: Waiting) => page.locator(`a[href*="${approvalId}"]`).first();
    await inList(meanwhile).waitFor({ timeout: 45_000 });
    await lost.waitFor({ state: "hidden" });
    // The new stream brings what happens from now on, to the page that has stayed as it was.
    const body = { project_id: "acme", decision: "reject", reason: "Only a drill." };
    await server.api(`/approvals/${before.runId}/decide`, { body });
    await page.getByText("Only a drill.").first().waitFor();
    await close();
  });
});
