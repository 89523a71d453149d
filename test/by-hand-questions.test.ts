import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { good } from "./support/e2e-tenant.ts";
import { HANDS } from "./support/hands.ts";
import { DESK } from "./support/page.ts";
import type { Questions, Waiting } from "./support/questions.ts";
import { openSite, type Site } from "./support/site.ts";
import type { Visit } from "./support/visit.ts";
import { waitFor } from "./support/wait.ts";

/** What is done with questions: everything by clicking, everything by keyboard alone, and by the keys that say it at once. */

let site: Site;
let questions: Questions;

beforeAll(async () => {
  site = await openSite({ AWOOOP_ROLES: "api,worker" });
  questions = await site.openQuestions();
}, BROWSER_READY_MS);

afterAll(() => site?.close());

const statusOf = async ({ approvalId }: Waiting) =>
  (await site.server.api(`/approvals/${approvalId}`)).body.status;
const becomes = (asked: Waiting, status: string) =>
  waitFor(async () => (await statusOf(asked)) === status, {
    timeoutMs: 30_000,
    what: `the question to be ${status}`,
  });

/** Tries until it is heard: for a moment after it has appeared, a question is deaf. */
const until = (isHeard: () => Promise<boolean>, what: string, act: () => Promise<void>) =>
  waitFor(
    async () => {
      if (!(await isHeard())) await act();
      return isHeard();
    },
    { timeoutMs: 30_000, what: `${what} to be heard` },
  );

const shown = ({ page }: Visit, { approvalId }: Waiting) =>
  page.locator(`.list a[aria-current][href*="${approvalId}"]`);

describe.each(HANDS)("by %s alone, questions", { timeout: 120_000 }, (name) => {
  let me: Visit;
  beforeAll(async () => {
    me = await site.visitBy(name);
  });
  afterAll(() => me?.end());

  /** Presses one of the answers. */
  const answer = (called: string | RegExp, isTaken: () => Promise<boolean>) =>
    until(isTaken, String(called), () => me.press(me.button(called)));
  const ask = (called: string | RegExp) => answer(called, () => me.dialog.isVisible());

  it("are chosen, looked at and answered in every way", async () => {
    const asked = [];
    for (let n = 0; n < 4; n += 1) asked.push(await questions.ask());
    const [wished, edited, refused, granted] = asked as [Waiting, Waiting, Waiting, Waiting];
    await me.go("/");
    await me.press(me.link(/^Decide: /));
    await me.page.locator(".ask .headline").waitFor();
    const choose = async (asked: Waiting) => {
      await me.press(me.page.locator(`.list a[href*="${asked.approvalId}"]`));
      await shown(me, asked).waitFor();
    };
    await choose(wished);
    await me.press(me.page.getByRole("button", { name: "JSON", exact: true }));
    await me.press(me.button("Copy arguments"));
    await me.copied();
    await me.press(me.page.getByRole("button", { name: "Table", exact: true }));
    await ask("Request changes…");
    await me.write(me.dialog.getByRole("textbox"), "only the replica");
    await me.confirm("Send to the agent");
    await becomes(wished, "changes_requested");
    await choose(edited);
    await ask("Edit and approve…");
    await me.write(me.dialog.getByRole("textbox", { name: /^Arguments/ }), '{"path": "/tmp"}');
    await me.confirm(/^Approve edited/);
    await becomes(edited, "approved");
    await choose(refused);
    await ask("Reject…");
    await me.write(me.dialog.getByRole("textbox"), "The disk is needed.");
    await me.confirm(/^Reject clear_cache/);
    await becomes(refused, "rejected");
    await choose(granted);
    await answer(/^Approve/, async () => (await statusOf(granted)) === "approved");
    await me.press(me.link("Decided questions"));
    await me.sees(/only the replica/);
    expect(await me.download(me.link(/signed record/))).toMatch(/^decision-/);
    await me.press(me.link("What waits"));
    await me.link("Decided questions").waitFor();
  });

  it("are answered together", async () => {
    const pairs = { Approve: "approved", Reject: "rejected" };
    for (const [called, status] of Object.entries(pairs)) {
      const alike = [await questions.ask(), await questions.ask()];
      await me.go("/approvals");
      const mark = ({ approvalId }: Waiting) =>
        me.press(
          me.page
            .getByRole("listitem")
            .filter({ has: me.page.locator(`a[href*="${approvalId}"]`) })
            .getByRole("checkbox"),
        );
      const marked = me.page.getByRole("region", { name: "Marked questions" });
      await mark(alike[0] as Waiting);
      await me.press(marked.getByRole("button", { name: "Clear" }));
      await marked.waitFor({ state: "hidden" });
      for (const asked of alike) await mark(asked);
      await me.press(marked.getByRole("button", { name: `${called}…` }));
      await me.write(me.dialog.getByRole("textbox"), "All alike.");
      await me.confirm(called);
      for (const asked of alike) await becomes(asked, status);
    }
  });

  it("are answered on their run's page", async () => {
    const [granted, refused] = [await questions.ask(), await questions.ask()];
    await me.go(`/runs/acme/${granted.runId}`);
    await me.press(me.link("Full question"));
    await me.press(me.link("Open run"));
    await me.button(/^Approve/).waitFor();
    await answer(/^Approve/, async () => (await statusOf(granted)) === "approved");
    await me.go(`/runs/acme/${refused.runId}`);
    await ask("Reject…");
    await me.write(me.dialog.getByRole("textbox"), "Not now.");
    await me.confirm(/^Reject clear_cache/);
    await becomes(refused, "rejected");
  });

  it("are told of when somebody else has answered, and that is put away", async () => {
    const asked = await questions.ask();
    const isListening = [/\/api\/v1\/audit-log\?/, /\/api\/v1\/events/].map((path) =>
      me.page.waitForResponse(path),
    );
    await me.go("/approvals/decided");
    await Promise.all(isListening);
    const { key } = await good(
      site.server.api("/keys", { body: { name: name, role: "operator" } }),
    );
    const body = { project_id: "acme", decision: "reject", reason: "not now" };
    await good(site.server.api(`/approvals/${asked.runId}/decide`, { key, body }));
    await me.sees(`${name} rejected a question`);
    await me.press(me.button("Put away"));
    await me.misses(`${name} rejected a question`);
  });

  it("are found on the overview, all of them, and gone back from on a phone", async () => {
    const waiting = [];
    for (let n = 0; n < 6; n += 1) waiting.push(await questions.ask());
    await me.go("/");
    await me.press(me.link(/^All \d+ questions/));
    await me.page.locator(".ask .headline").waitFor();
    await me.press(me.page.locator(".crumb a"));
    await me.page.getByRole("heading", { level: 1 }).waitFor();
    const phone = await site.visitBy(name, { ...DESK, width: 390 });
    await phone.go("/approvals");
    const [one] = waiting as [Waiting];
    const inList = phone.page.locator(`.list a[href*="${one.approvalId}"]`);
    await phone.press(inList);
    await inList.waitFor({ state: "hidden" });
    await phone.press(phone.button(/^\d+ open/));
    await inList.waitFor();
    await phone.end();
  });
});

describe("by the keys of a question", { timeout: 120_000 }, () => {
  it("one goes from one to the next, looks closer, and answers in every way", async () => {
    await site.admin("update awooop.approvals set status = 'voided' where status = 'open'");
    const asked = [];
    for (let n = 0; n < 4; n += 1) asked.push(await questions.ask());
    const [granted, refused, wished, edited] = asked as [Waiting, Waiting, Waiting, Waiting];
    const me = await site.visitBy("keyboard");
    const { page, dialog } = me;
    const { keyboard } = page;
    const open = async (one: Waiting) => {
      await me.go(`/approvals?question=${one.approvalId}`);
      await shown(me, one).waitFor();
    };
    const asks = (key: string) =>
      until(
        () => dialog.isVisible(),
        key,
        () => keyboard.press(key),
      );
    const sends = async (words: string) => {
      await keyboard.insertText(words);
      await keyboard.press("Control+Enter");
      await dialog.waitFor({ state: "hidden" });
    };
    await open(granted);
    await keyboard.press("j");
    await shown(me, granted).waitFor({ state: "detached" });
    await keyboard.press("k");
    await shown(me, granted).waitFor();
    await keyboard.press("v");
    await page.locator("button[aria-pressed=true]").filter({ hasText: "JSON" }).waitFor();
    await keyboard.press("x");
    await me.sees("1 marked");
    await keyboard.press("x");
    await me.misses("1 marked");
    await keyboard.press("o");
    await page.waitForURL(new RegExp(`/runs/acme/${granted.runId}`));
    await open(granted);
    const isGranted = async () => (await statusOf(granted)) === "approved";
    await until(isGranted, "a", () => keyboard.press("a"));
    await open(refused);
    await asks("r");
    await sends("Not now.");
    await becomes(refused, "rejected");
    await open(wished);
    await asks("c");
    await sends("Only the replica.");
    await becomes(wished, "changes_requested");
    await open(edited);
    await asks("e");
    await keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await asks("e");
    await dialog.getByRole("textbox", { name: /^Arguments/ }).fill('{"path": "/tmp"}');
    await keyboard.press("Control+Enter");
    await becomes(edited, "approved");
    await me.end();
  });
});
