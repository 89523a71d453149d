import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { DESK, openSignedIn, PHONE, type Visitor } from "./support/page.ts";
import { makeRegistryWorld, type RegistryWorld } from "./support/registry-world.ts";
import { openSite, type Site } from "./support/site.ts";
import { waitFor } from "./support/wait.ts";

const API = /\/api\/v1\/(?!session|events)/;
/** Each answer comes that much later than the one before it. */
const APART_MS = 120;
/** Less is a line that is rounded another way. */
const MOVED_PX = 4;

/** What moved up or down by itself, as the browser saw it. */
const WATCH = `window.moved = [];
new PerformanceObserver((list) => {
  for (const { sources } of list.getEntries())
    for (const { node, previousRect, currentRect } of sources)
      if (Math.abs(previousRect.y - currentRect.y) > ${MOVED_PX})
        window.moved.push([node?.className, previousRect.y, currentRect.y].join(" "));
}).observe({ type: "layout-shift", buffered: true });`;

const FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";

let site: Site;
let world: RegistryWorld;

beforeAll(async () => {
  site = await openSite();
  world = await makeRegistryWorld(site.server);
}, BROWSER_READY_MS);

afterAll(() => site?.close());

/** Has the page's answers come one by one; tells whether all have. */
async function holdBack(page: Page): Promise<() => boolean> {
  let [asked, held] = [0, 0];
  await page.route(API, async (route) => {
    asked += 1;
    held += 1;
    await new Promise((done) => setTimeout(done, asked * APART_MS));
    await route.continue();
    held -= 1;
  });
  return () => asked > 0 && held === 0;
}

async function movesOf(visitor: Visitor, path: string, has: string): Promise<string[]> {
  const { page, close } = await openSignedIn(site.browser, visitor, site.server);
  await page.addInitScript(WATCH);
  const areAllThere = await holdBack(page);
  await page.goto(site.server.url + path);
  await page.locator(has).first().waitFor();
  await waitFor(async () => areAllThere() && (await page.locator(".bones").count()) === 0, {
    timeoutMs: 15_000,
    what: `the last answer for ${path}`,
  });
  await page.evaluate(FRAMES);
  const moved = await page.evaluate<string[]>("window.moved");
  await close();
  return moved;
}

describe("a page of which the answers come one by one", { timeout: 120_000 }, () => {
  const PAGES: ((world: RegistryWorld) => [path: string, has: string])[] = [
    () => ["/", ".recharts-surface"],
    ({ inReview }) => [`/contracts/${inReview}`, "main aside .btn"],
    () => ["/tool-servers/acme/kit", "text=Looks"],
    () => ["/tenants/acme", "text=ALERTS_TOKEN"],
  ];
  it.each([DESK, PHONE])("opens in one piece: %o", async (visitor) => {
    for (const page of PAGES) {
      const [path, has] = page(world);
      expect(await movesOf(visitor, path, has), path).toEqual([]);
    }
  });
});
