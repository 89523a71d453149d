import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { seedClientRuns } from "./support/client-runs.ts";
import { good } from "./support/e2e-tenant.ts";
import { DESK, PHONE } from "./support/page.ts";
import type { Questions } from "./support/questions.ts";
import { openSite, type Site } from "./support/site.ts";
import { waitFor } from "./support/wait.ts";

/** The list of runs in the console, of any length. */

/** As many as a browser has to bear, where there is time for it. */
const RUNS = process.env.AWOOOP_SOAK === "yes" ? 100_000 : 1_200;

let site: Site;
let questions: Questions;

beforeAll(async () => {
  site = await openSite({ AWOOOP_ROLES: "api,worker" });
  questions = await site.openQuestions();
  await seedClientRuns(site, RUNS);
}, BROWSER_READY_MS);

afterAll(() => site?.close());

/** Goes there again until the row is there: how many there are is an estimate at first, where they are many. */
async function reach(page: Page, title: string, go: () => Promise<unknown>): Promise<void> {
  const row = page.getByRole("link", { name: title, exact: true });
  const isThere = async () => {
    await go();
    return (await row.count()) > 0;
  };
  await waitFor(isThere, { timeoutMs: 30_000, what: `the row ${title}` });
}

describe("the list of runs", { timeout: 240_000 }, () => {
  it("holds only the rows around those in view, down to the last one", async () => {
    const { page, looksRight, end } = await site.visit(PHONE, "/runs");
    await page.locator("a.what").first().waitFor();
    await looksRight();
    const table = page.locator("table.runs");
    await reach(page, `Disk almost full on ${RUNS}`, () =>
      page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)"),
    );
    expect(await table.getAttribute("aria-rowcount")).toBe(`${RUNS + 1}`);
    expect(await table.locator("tr").count()).toBeLessThan(150);
    await page.evaluate("window.scrollTo(0, 0)");
    await page.getByRole("link", { name: "Disk almost full on 1", exact: true }).waitFor();
    await end();
  });

  it("marks by keyboard, cancels the marked after counting them, and says what came of it", async () => {
    const { page, looksRight, end } = await site.visit(DESK, "/runs");
    await page.locator("a.what").first().waitFor();
    const focused = (n: number) =>
      page
        .locator("a.what:focus")
        .and(page.getByText(`Disk almost full on ${n}`, { exact: true }))
        .waitFor();
    await page.keyboard.press("j");
    await focused(1);
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await focused(2);
    await page.keyboard.press("j");
    await focused(3);
    await page.keyboard.press("X");
    await page.getByText("3 marked", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Cancel…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("3 runs are meant").waitFor();
    await dialog.getByRole("textbox").fill("a false alarm");
    await looksRight();
    await page.keyboard.press("Control+Enter");
    await page
      .getByRole("region", { name: "Action on many runs" })
      .getByText("3 runs cancelled")
      .waitFor();
    expect(page.url()).toContain("bulk=");
    await page.locator('tr[aria-rowindex="2"]').getByText("Cancelled").waitFor();
    // The arcs of what runs turn, unless one wants nothing to move.
    const moving = () =>
      page.evaluate("document.getAnimations().some(({ playState }) => playState === 'running')");
    expect(await moving()).toBe(true);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await waitFor(async () => !(await moving()), {
      timeoutMs: 15_000,
      what: "everything to stand still",
    });
    const { body } = await site.server.api("/runs?state=cancelled");
    expect(body.total).toBe(3);
    await end();
  });

  it("keeps what one chose: filters in the address, columns in the browser", async () => {
    const { page, end } = await site.visit(DESK, "/runs?state=cancelled&trigger=nothing");
    await page.getByText("No run matches").waitFor();
    await page.getByRole("button", { name: "Take off all filters" }).click();
    await page.locator("a.what").first().waitFor();
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Cost" }).click();
    await page.keyboard.press("Escape");
    await page.reload();
    await page.locator("a.what").first().waitFor();
    expect(await page.getByRole("columnheader", { name: "Cost" }).count()).toBe(0);
    await page.getByRole("button", { name: "Started", exact: true }).click();
    await page.getByText(`Disk almost full on ${RUNS}`, { exact: true }).waitFor();
    expect(page.url()).toContain("sort=created_at&order=asc");
    await page.keyboard.press("/");
    await page.keyboard.type("no such words");
    await page.getByText("No run matches").waitFor();
    expect(page.url()).toContain("q=no");
    // What is found is shown below; one goes on typing.
    await page.keyboard.type(" at all");
    expect(await page.getByRole("searchbox").inputValue()).toBe("no such words at all");
    await end();
  });
});

describe("a list of any length", { timeout: 240_000 }, () => {
  const titleOf = (n: number) => `Disk almost full on ${n}`;

  it("is gone through by keys, by the bar at its side and by the wheel, down to its end", async () => {
    const { page, looksRight, end } = await site.visit(DESK, "/runs");
    const row = (n: number) => page.getByRole("link", { name: titleOf(n), exact: true });
    await row(1).waitFor();
    await reach(page, titleOf(RUNS), () => page.keyboard.press("End"));
    const table = page.locator("table.runs");
    expect(await table.getAttribute("aria-rowcount")).toBe(`${RUNS + 1}`);
    await looksRight();
    await page.keyboard.press("k");
    await page.locator("a.what:focus").waitFor();
    await page.keyboard.press("Home");
    await row(1).waitFor();
    const half = RUNS / 2;
    await page.evaluate(
      "window.scrollTo(0, (document.documentElement.scrollHeight - window.innerHeight) / 2)",
    );
    await row(half).waitFor();
    await page.mouse.move(700, 500);
    for (let turn = 0; turn < 30; turn += 1) await page.mouse.wheel(0, 400);
    // Whatever has been flown over is whole again where one stays.
    const atPoint = `(() => {
      const row = document.elementFromPoint(700, 500)?.closest("tr[data-run]");
      return row && [Number(row.ariaRowIndex) - 1, row.querySelector("a.what").textContent];
    })()`;
    const stays = async () => {
      const [n, title] = (await page.evaluate<[number, string] | null>(atPoint)) ?? [0, ""];
      return n > half + 200 && title === titleOf(n);
    };
    await waitFor(stays, {
      timeoutMs: 30_000,
      what: "the row at which the wheel has come to rest",
    });
    expect(await table.locator("tr").count()).toBeLessThan(150);
    await looksRight();
    await end();
  });

  it("stands still where one reads while things happen elsewhere and in it", async () => {
    const { page, looksRight, end } = await site.visit(DESK, "/runs");
    const half = RUNS / 2;
    await page.locator("a.what").first().waitFor();
    // Where the middle is, one knows once the end was seen.
    await reach(page, titleOf(RUNS), () => page.keyboard.press("End"));
    await page.evaluate(
      "window.scrollTo(0, (document.documentElement.scrollHeight - window.innerHeight) / 2)",
    );
    const read = page.getByRole("row").filter({ hasText: titleOf(half) });
    await read.getByText("Running").waitFor();
    const before = await read.boundingBox();
    await questions.ask();
    const runId = await read.getAttribute("data-run");
    await good(site.server.api(`/runs/${runId}/cancel`, { body: { reason: "seen enough" } }));
    await read.getByText("Cancelled").waitFor();
    await page.getByRole("button", { name: /newer run/ }).waitFor();
    expect(await read.boundingBox()).toEqual(before);
    await looksRight();
    await page.keyboard.press("n");
    await page.getByRole("link", { name: titleOf(1), exact: true }).waitFor();
    expect(await page.evaluate("window.scrollY")).toBe(0);
    await end();
  });

  it("takes every letter of a search, and all that match at once", async () => {
    const { page, looksRight, end } = await site.visit(DESK, "/runs");
    await page.locator("a.what").first().waitFor();
    const words = `disk almost full on ${RUNS - 1}`;
    await page.keyboard.press("/");
    await page.keyboard.type(words, { delay: 60 });
    expect(await page.getByRole("searchbox").inputValue()).toBe(words);
    await page.getByRole("link", { name: titleOf(RUNS - 1), exact: true }).waitFor();
    await page.getByRole("searchbox").fill("");
    await page.getByRole("link", { name: titleOf(2), exact: true }).waitFor();
    await page.getByRole("button", { name: /^state/i }).click();
    await page.getByRole("menuitemradio", { name: "Running" }).click();
    await page.waitForURL(/state=running/);
    await page.getByRole("checkbox", { name: "Mark all that match" }).check();
    await page.getByText(/^All [\d,]+ that match/).waitFor();
    await page.getByRole("button", { name: "Cancel…" }).click();
    const running = (await site.server.api("/runs?state=running&limit=1")).body.total;
    const meant = page.getByRole("dialog").getByText(/[\d,]+ runs are meant/);
    await meant.waitFor({ timeout: 60_000 });
    if (RUNS < 10_000)
      expect(await meant.textContent()).toContain(`${running.toLocaleString("en")} runs`);
    await looksRight();
    await end();
  });

  it("counts what has come since, in any order", async () => {
    const { page, end } = await site.visit(DESK, "/runs?sort=cost_usd&order=desc");
    await page.locator("a.what").first().waitFor();
    await page.getByText("Nothing newer").waitFor();
    await questions.ask();
    const { runId } = await questions.ask();
    // Nothing tells the server of what was written past it; this it tells itself.
    const cancel = (id: string) =>
      good(site.server.api(`/runs/${id}/cancel`, { body: { reason: "seen enough" } }));
    await cancel(runId);
    await page.getByRole("button", { name: "2 newer runs" }).click();
    await page.getByText("Nothing newer").waitFor();
    await cancel((await questions.ask()).runId);
    await page.getByRole("button", { name: /^1 newer run/ }).waitFor();
    await end();
  });
});
