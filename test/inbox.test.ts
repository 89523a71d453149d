import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, type Awooop, startAwooop } from "./support/awooop.ts";
import { BROWSER_READY_MS, launchChromium } from "./support/chromium.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { openPage, overflow, type Visitor, violations } from "./support/page.ts";
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
  [server, browser] = await Promise.all([
    startAwooop({ databaseUrl: database.url, env: { AWOOOP_ROLES: "api" } }),
    launchChromium(),
  ]);
}, BROWSER_READY_MS);

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

async function visit(visitor: Visitor) {
  const { page, faults, close } = await openPage(browser, visitor);
  await page.goto(`${server.url}/sign-in#key=${ADMIN_KEY}`);
  await page
    .getByRole("link", { name: /Approvals|核准/ })
    .first()
    .waitFor();
  return { page, faults, close };
}

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

describe("the inbox", { timeout: 60_000 }, () => {
  it.each([
    ["en-US", "light", 1440, "Proposal 2", "Worth a second look"],
    ["zh-TW", "dark", 360, "第 2 次提出", "值得再看一眼"],
  ] as const)(
    "tells all that is known: %s, %s, %i px",
    async (locale, colorScheme, width, proposal, risks) => {
      const [, rich] = await seedRich();
      const { page, faults, close } = await visit({ locale, colorScheme, width });
      await openInbox(page, rich?.approvalId ?? "");
      await page.getByRole("heading", { name: proposal }).waitFor();
      await page.getByRole("list", { name: risks }).waitFor();
      expect(await violations(page)).toEqual([]);
      await press(page, "e");
      expect(await violations(page)).toEqual([]);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      expect(faults).toEqual([]);
      await close();
    },
  );

  it("takes an edit, says at the place what is wrong with it, and a wish for changes", async () => {
    const [edited, wished] = [await questions.ask(), await questions.ask()];
    const { page, close } = await visit({ locale: "en-US", colorScheme: "light", width: 1440 });
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
    await close();
  });

  it("decides several that are alike together, after showing each of them", async () => {
    await admin("update awooop.approvals set status = 'voided' where status = 'open'");
    const alike = [await questions.ask(), await questions.ask()];
    const other = await questions.ask();
    await admin(
      `update awooop.approvals set rule = 'another' where approval_id = '${other.approvalId}'`,
    );
    const { page, faults, close } = await visit({
      locale: "en-US",
      colorScheme: "light",
      width: 1440,
    });
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
});
