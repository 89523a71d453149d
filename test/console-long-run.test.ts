import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { seedClientRuns, seedLines } from "./support/client-runs.ts";
import { DESK, PHONE } from "./support/page.ts";
import type { Questions } from "./support/questions.ts";
import { openSite, type Site } from "./support/site.ts";
import { waitFor } from "./support/wait.ts";

/** The console's page of a run that has more than a page of everything. */

const CALLS = 400;

let site: Site;
let questions: Questions;
let run: string;

beforeAll(async () => {
  site = await openSite({ AWOOOP_ROLES: "api,worker" });
  questions = await site.openQuestions();
  [run = ""] = await seedClientRuns(site, 1);
  await seedLines(site, run, CALLS);
}, BROWSER_READY_MS);

afterAll(() => site?.close());

describe("a long run", { timeout: 120_000 }, () => {
  it("opens at its news, is read both ways, opens each call, and grows without moving what one reads", async () => {
    const { page, looksRight, end } = await site.visit(DESK, `/runs/${run}`);
    const line = (n: number) => page.locator(".story").getByText(`line ${n}`, { exact: true });
    await line(CALLS).waitFor();
    expect(await line(1).count()).toBe(0);
    await page.getByRole("button", { name: "Earlier entries" }).click();
    await line(CALLS - 100).click();
    await page
      .getByRole("complementary")
      .getByText(`line ${CALLS - 100}`)
      .waitFor();
    const placeOf = async () => (await line(CALLS - 100).boundingBox())?.y ?? Number.NaN;
    const before = await placeOf();
    await site.server.api(`/runs/${run}/cancel`, { body: { reason: "seen enough" } });
    const news = page.getByRole("button", { name: /new entr/ });
    await news.waitFor();
    await waitFor(async () => Math.abs((await placeOf()) - before) < 2, {
      timeoutMs: 15_000,
      what: "the line that is read to stand where it stood",
    });
    await news.click();
    await page.locator("a.ev:focus").filter({ hasText: "seen enough" }).waitFor();
    await page.getByRole("button", { name: "From the beginning" }).click();
    await line(1).waitFor();
    await looksRight();
    await page.getByRole("button", { name: "To the newest entries" }).click();
    await line(CALLS).waitFor();
    await end();
  });

  it("opens at the entry that a link names, wherever that is, and is read both ways from there", async () => {
    const [call] = await site.admin(
      `select call_id from awooop.mcp_calls where run_id = '${run}' and args ->> 'line' = '150'`,
    );
    const link = `/runs/${run}?entry=mcp:${call?.call_id}`;
    const { page, looksRight, end } = await site.visit(DESK, link);
    const line = (n: number) => page.locator(".story").getByText(`line ${n}`, { exact: true });
    await page.getByRole("complementary").getByText("line 150").waitFor();
    await waitFor(
      async () => {
        const { y = -1 } = (await line(150).boundingBox()) ?? {};
        return y > 100 && y < 800;
      },
      { timeoutMs: 15_000, what: "the line to stand in view" },
    );
    expect(await line(CALLS).count()).toBe(0);
    await looksRight();
    await page.getByRole("button", { name: "Earlier entries" }).click();
    await line(95).waitFor();
    await page.mouse.move(400, 400);
    await page.mouse.wheel(0, 20_000);
    await line(205).waitFor();
    await page.getByRole("button", { name: "To the newest entries" }).click();
    await line(CALLS).waitFor();
    await end();
    // On a phone its details cover the page.
    const phone = await site.visit(PHONE, link);
    await phone.page.getByRole("dialog").getByText("line 150").waitFor();
    await phone.end();
  });

  it("is taken along whole, with what was asked and what the audit log has of it", async () => {
    const { page, go, end } = await site.visit(DESK, `/runs/${run}`);
    const take = async () => {
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download the whole run as JSON" }).click(),
      ]);
      return JSON.parse(await readFile(await file.path(), "utf8"));
    };
    const long = await take();
    await page.getByText(/Downloaded with 40\d entries/).waitFor();
    expect(long).toMatchObject({ is_complete: true, truncated: { timeline: false } });
    expect(long.timeline).toHaveLength(long.counts.timeline);
    const lines = long.mcp_calls.map(({ args }: { args: { line: number } }) => args.line);
    expect(lines).toEqual(Array.from({ length: CALLS }, (_, at) => at + 1));
    const asked = await questions.ask();
    await site.server.api(`/approvals/${asked.runId}/decide`, {
      body: { project_id: questions.project, decision: "reject", reason: "not now" },
    });
    await go(`/runs/${asked.runId}`);
    const short = await take();
    expect(short.approvals).toMatchObject([{ approval_id: asked.approvalId, status: "rejected" }]);
    const actions = short.audit_log.map(({ action }: { action: string }) => action);
    expect(actions).toContain("run.approval.reject");
    await end();
  });

  it("says that a link names an entry it does not have, and opens at its news", async () => {
    const { page, go, end } = await site.visit(PHONE, `/runs/${run}?entry=mcp:${run}`);
    await page.getByText("網址所指的項目不在此執行中。").waitFor();
    await page.locator(".story").getByText(`line ${CALLS}`, { exact: true }).waitFor();
    const short = await questions.ask();
    await go(`/runs/${short.runId}?entry=mcp:${run}`);
    await page.getByText("網址所指的項目不在此執行中。").waitFor();
    await end(/ 404 /);
  });
});
