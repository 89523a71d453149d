import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { DESK, overflow, PHONE, type Visitor, violations } from "./support/page.ts";
import type { Questions, Waiting } from "./support/questions.ts";
import { openSite, type Site } from "./support/site.ts";
import type { Guest } from "./support/visit.ts";
import { waitFor } from "./support/wait.ts";

/** The console's inbox: the answers that are neither yes nor no, and several answered together. */

let site: Site;
let questions: Questions;

beforeAll(async () => {
  site = await openSite({ AWOOOP_ROLES: "api" });
  questions = await site.openQuestions();
}, BROWSER_READY_MS);

afterAll(() => site?.close());

/** A question that is told with all that can be told beside one. */
async function seedRich(): Promise<Waiting> {
  const earlier = await questions.ask();
  await site.server.api(`/approvals/${earlier.runId}/decide`, {
    body: {
      project_id: "acme",
      decision: "request_changes",
      reason: "only what is older than a day",
    },
  });
  const rich = await questions.ask();
  await site.admin(`update awooop.approvals set args_shape = repeat('a', 64)`);
  await site.admin(`update awooop.approvals set revision = 2, revision_of = '${earlier.approvalId}', undoable = false,
      args_display = '{"path": "/var/cache/shop/*", "older_than": "24h", "count": 24, "dry_run": false}',
      headline = '{"en": "Delete files older than 24 h from /var/cache/shop?", "zh-TW": "要刪除 /var/cache/shop 中超過 24 小時的檔案嗎？"}',
      agent_reason = 'The cache holds files nobody read for a day.',
      risks = '[{"key": "first_of_agent", "params": {"agent": "janitor", "tool": "clear_cache"}},
        {"key": "wildcard", "params": {"path": "path"}}]'
    where approval_id = '${rich.approvalId}'`);
  return rich;
}

const pathOf = ({ approvalId }: Waiting) => `/approvals?question=${approvalId}`;
const isShown = (page: Page) => page.locator(".ask .headline").waitFor();

async function visit(visitor: Visitor, question: Waiting): Promise<Guest> {
  const guest = await site.visit(visitor, pathOf(question));
  await isShown(guest.page);
  return guest;
}

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
  (await site.server.api(`/approvals/${approvalId}`)).body;

describe("the inbox", { timeout: 120_000 }, () => {
  it.each([
    [DESK, "Proposal 2", "Worth a second look"],
    [PHONE, "第 2 次提出", "值得再看一眼"],
  ] as const)("tells all that is known: %o", async (visitor, proposal, risks) => {
    const { page, end } = await visit(visitor, await seedRich());
    await page.getByRole("heading", { name: proposal }).waitFor();
    await page.getByRole("list", { name: risks }).waitFor();
    expect(await violations(page)).toEqual([]);
    await press(page, "e");
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await end();
  });

  it("takes an edit, says at the place what is wrong with it, and a wish for changes", async () => {
    const [edited, wished] = [await questions.ask(), await questions.ask()];
    const refused = await questions.ask();
    const { page, go, end } = await visit(DESK, edited);
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
    await go(pathOf(wished));
    await isShown(page);
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
    await go("/approvals/decided");
    await Promise.all(isListening);
    const { body: bo } = await site.server.api("/keys", { body: { name: "bo", role: "operator" } });
    await site.server.api(`/approvals/${refused.runId}/decide`, {
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
    await end(/ 422 /);
  });

  it("decides several that are alike together, after showing each of them", async () => {
    await site.admin("update awooop.approvals set status = 'voided' where status = 'open'");
    const alike = [await questions.ask(), await questions.ask()] as const;
    const other = await questions.ask();
    await site.admin(
      `update awooop.approvals set rule = 'another' where approval_id = '${other.approvalId}'`,
    );
    const { page, end } = await visit(DESK, alike[0]);
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
    await end();
  });

  it("says at once what somebody else has decided, wherever one looks at it", async () => {
    const asked = await questions.ask();
    const [decider, inbox, run] = await Promise.all([
      visit(DESK, asked),
      visit(PHONE, asked),
      site.visit(PHONE, `/runs/acme/${asked.runId}`),
    ]);
    await run.page.getByText("等你決定").first().waitFor();
    await press(decider.page, "r");
    await decider.page.getByRole("dialog").getByRole("textbox").fill("The disk is needed.");
    await decider.page.keyboard.press("Control+Enter");
    await Promise.all([
      inbox.page.getByText("The disk is needed.").first().waitFor(),
      run.page.getByText("The disk is needed.").first().waitFor(),
    ]);
    for (const { end } of [decider, inbox, run]) await end();
  });

  it("goes on by itself when the server comes back, and has missed nothing", async () => {
    const before = await questions.ask();
    const { page, end } = await visit(DESK, before);
    await page.getByText("s behind").waitFor();
    await site.server.stop();
    const lost = page.getByText("No connection since");
    await lost.waitFor({ timeout: 30_000 });
    const meanwhile = await questions.ask();
    await site.startAgain();
    const inList = ({ approvalId }: Waiting) => page.locator(`a[href*="${approvalId}"]`).first();
    await inList(meanwhile).waitFor({ timeout: 45_000 });
    await lost.waitFor({ state: "hidden" });
    // The new stream brings what happens from now on, to the page that has stayed as it was.
    const body = { project_id: "acme", decision: "reject", reason: "Only a drill." };
    await site.server.api(`/approvals/${before.runId}/decide`, { body });
    await page.getByText("Only a drill.").first().waitFor();
    await end(/ERR_/);
  });
});
