import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_READY_MS, launchChromium } from "./support/chromium.ts";
import { DESK, openPage, type Visitor, violations } from "./support/page.ts";
import { waitFor } from "./support/wait.ts";
import { type Stop, walk, walksOf } from "./support/walk.ts";

const DEMO = fileURLToPath(new URL("../demo/main.ts", import.meta.url));

/** The demo as a person starts it, up to the link it prints. */
async function startDemo(folder: string) {
  const child = spawn(process.execPath, [DEMO], {
    env: { PATH: process.env.PATH, HOME: folder, AWOOOP_DEMO_DIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  const link = await waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`the demo ended:\n${output}`);
      return /http:\/\/\S+\/sign-in#\S+/.exec(output)?.[0];
    },
    { timeoutMs: 60_000, what: "the demo's link" },
  );
  return {
    link,
    output: () => output,
    async stop() {
      child.kill("SIGINT");
      await exited;
    },
  };
}

let folder: string;
let demo: Awaited<ReturnType<typeof startDemo>>;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-browser-"));
  browser = await launchChromium();
  demo = await startDemo(folder);
}, BROWSER_READY_MS);

afterAll(async () => {
  await browser?.close();
  await demo?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The pages that show what goes on; the one without a path is the run of the demo's link. */
const PAGES = [
  [undefined, "text=Disk almost full"],
  ["/runs", "text=Cache service slow"],
  ["/", ".recharts-surface"],
  ["/approvals", "text=clear_cache"],
] as const;

/** What the demo's link says. */
function signIn(): { key: string; to: string } {
  const said = new URLSearchParams(new URL(demo.link).hash.slice(1));
  return { key: said.get("key") ?? "", to: said.get("to") ?? "" };
}

const visit = (visitor: Visitor) => openPage(browser, visitor);

describe("the console", { timeout: 120_000 }, () => {
  it.each(walksOf(PAGES))("is read by anyone: %o", async (visitor, pages) => {
    const { to, key } = signIn();
    const stops = pages.map(([path, has]): Stop => [path ?? to, has]);
    await walk(browser, visitor, { url: new URL(demo.link).origin, key }, stops);
  });

  it("shows the blocked call with its gate and its reason", async () => {
    const { page, faults, close } = await visit(DESK);
    await page.goto(demo.link);
    await page.getByRole("heading", { level: 1, name: "Disk almost full" }).waitFor();
    await page.goto(new URL("/runs", demo.link).href);
    await page.getByText("Cache service slow").first().click();
    await page.getByRole("heading", { level: 1, name: "Cache service slow" }).waitFor();
    await page.getByText("does not list the tool shop-tools/restart_service").first().waitFor();
    await page.getByText("E-CONTRACT-TOOL").first().waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("finds a run by its words, from the keyboard alone, and keeps what is typed when a session ends", async () => {
    const { page, faults, close } = await visit({ ...DESK, colorScheme: "dark" });
    await page.goto(demo.link);
    await page.getByRole("heading", { level: 1, name: "Disk almost full" }).waitFor();
    await page.keyboard.press("Control+k");
    const typed = page.getByRole("combobox");
    // At once: its code may still be on its way.
    await page.keyboard.type("cache slow");
    await page.getByRole("option", { name: /Cache service slow/ }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Cache service slow" }).waitFor();
    // The keys that open it close it as well, as long as it is on its way out.
    const isClosed = () => typed.waitFor({ state: "detached" });
    await isClosed();
    await page.keyboard.press("Control+k");
    await typed.fill("disk-jan");
    await page.getByRole("option", { name: /^disk-janitor/ }).click();
    await page.getByRole("heading", { level: 1, name: /disk-janitor/ }).waitFor();
    await isClosed();
    await page.keyboard.press("Control+k");
    await typed.fill("freeze");
    await page.getByRole("option", { name: /^Freeze/ }).click();
    const freeze = page.getByRole("dialog").getByRole("button", { name: /Freeze/ });
    await freeze.waitFor();
    await isClosed();
    await page.keyboard.press("Escape");
    await freeze.waitFor({ state: "detached" });
    expect(faults).toEqual([]);

    await page.keyboard.press("Control+k");
    await page.context().clearCookies();
    await typed.fill("half a thought");
    const again = page.getByRole("dialog", { name: "Your session has ended" });
    await again.waitFor();
    await again.getByLabel("Key").fill(signIn().key);
    await page.keyboard.press("Enter");
    await again.waitFor({ state: "detached" });
    expect(await typed.inputValue()).toBe("half a thought");
    await close();
  });

  it("lets a person sign in, open the run, approve, and see it finish", async () => {
    const { page, faults, close } = await visit(DESK);
    await page.goto(demo.link);
    await page.getByRole("heading", { level: 1, name: "Disk almost full" }).waitFor();
    // Deleting can't be undone: a second look says exactly what will happen. The button is deaf for a moment after the
    // question has appeared, so that nobody answers what they have not seen.
    const approve = page.getByRole("button", { name: /^Approve/ }).first();
    const dialog = page.getByRole("dialog");
    await approve.waitFor();
    await waitFor(
      async () => {
        if (!(await dialog.isVisible())) await approve.click();
        return dialog.isVisible();
      },
      { timeoutMs: 15_000, what: "the second look" },
    );
    await dialog.getByText("Delete files older than 24h").waitFor();
    await dialog.getByRole("textbox").fill("Cache only, the origin is healthy.");
    await dialog.getByRole("button", { name: /^Approve, run clear_cache/ }).click();
    await page.getByText("Completed", { exact: true }).first().waitFor({ timeout: 30_000 });
    await page.getByText("admin approved").first().waitFor();
    expect(await violations(page)).toEqual([]);
    await waitFor(() => demo.output().includes("The repair has ended: completed."), {
      timeoutMs: 15_000,
      what: "the demo to see that the repair has ended",
    });
    expect(demo.output()).toMatch(/health page answers 200/);
    expect(faults).toEqual([]);
    await close();
  });
});
