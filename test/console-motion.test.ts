import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { good, newKey } from "./support/e2e-tenant.ts";
import { DESK, openSignedIn } from "./support/page.ts";
import { openSite, type Site } from "./support/site.ts";

/** Notes what moves, each frame: the class of the element, or of what it is in. */
const WATCH = `window.moving = new Set();
requestAnimationFrame(function look() {
  for (const { effect, playState } of document.getAnimations())
    if (playState === "running" && effect.getComputedTiming().duration > 0)
      window.moving.add(String(effect.target.closest("[class]")?.getAttribute("class")));
  requestAnimationFrame(look);
});`;

let site: Site;
let reviewer: string;

beforeAll(async () => {
  site = await openSite();
  reviewer = await newKey(site.server, { role: "admin", name: "reviewer" });
}, BROWSER_READY_MS);

afterAll(() => site?.close());

/** What moves while a menu, a dialog and the palette open and close, and somebody else does something. */
async function movingFor(reducedMotion: "reduce" | "no-preference"): Promise<string[]> {
  const server = { url: site.server.url, key: reviewer };
  const { page, close } = await openSignedIn(site.browser, DESK, server);
  await page.emulateMedia({ reducedMotion });
  await page.addInitScript(WATCH);
  await page.goto(`${site.server.url}/runs`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("button", { name: "reviewer" }).click();
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Freeze" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  const body = { scope: "platform", reason: "A drill." };
  const { freeze_id } = await good(site.server.api("/freezes", { body }));
  await page.locator(".toast").waitFor();
  await good(site.server.api(`/freezes/${freeze_id}/lift`, { body: { reason: "It is over." } }));
  await page.locator(".toast").nth(1).waitFor();
  const moving = await page.evaluate<string[]>("[...window.moving]");
  await close();
  return moving;
}

describe("who wants nothing to move", { timeout: 120_000 }, () => {
  it("sees nothing move", async () => {
    expect(await movingFor("reduce")).toEqual([]);
  });

  it("is watched by what sees others' things move", async () => {
    expect(await movingFor("no-preference")).toEqual(expect.arrayContaining(["toast"]));
  });
});
