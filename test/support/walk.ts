import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import { unseenFocus } from "./focus.ts";
import { misfits } from "./misfits.ts";
import { openSignedIn, overflow, type Visitor, violations } from "./page.ts";

const IS_LONG = process.env.AWOOOP_SOAK === "yes";

/** A page of the console: its path, and a selector of something that stands on it in every language once it is there. */
export type Stop = readonly [path: string, has: string];

const LOCALES = ["en-US", "zh-TW"];
const THEMES = ["light", "dark"] as const;
const PHONE = 390;
const WIDTHS = [1440, PHONE];
/** The narrowest one that the console promises to work at. */
const NARROW = 360;

const ALL: Visitor[] = LOCALES.flatMap((locale) =>
  THEMES.flatMap((colorScheme) => WIDTHS.map((width) => ({ locale, colorScheme, width }))),
);
/** Half of them, so chosen that each pair of a language, a theme and a width is among them. */
const HALF = ALL.filter(({ locale, colorScheme, width }) => {
  const differences = [locale === "zh-TW", colorScheme === "dark", width === PHONE];
  return differences.filter(Boolean).length % 2 === 0;
});

/** Who walks where: each stop once, spread over languages, themes and widths; in the long trial everybody everywhere. */
export function walksOf<T>(stops: readonly T[]): (readonly [Visitor, readonly T[]])[] {
  if (IS_LONG) return ALL.map((visitor) => [visitor, stops]);
  return HALF.map((visitor, at) => [visitor, stops.filter((_, n) => n % HALF.length === at)]);
}

/** Visits each stop, and expects of each what holds for every page. */
export async function walk(
  browser: Browser,
  visitor: Visitor,
  server: { url: string; key?: string },
  stops: readonly Stop[],
): Promise<void> {
  const { page, faults, close } = await openSignedIn(browser, visitor, server);
  const titles: string[] = [];
  for (const [path, has] of stops) {
    await page.goto(server.url + path);
    await page.locator(has).first().waitFor();
    expect(await violations(page), path).toEqual([]);
    await expectRoom(page, path);
    expect(await page.locator("h1").count(), path).toBe(1);
    expect(await page.locator("html").getAttribute("lang"), path).toMatch(
      visitor.locale.slice(0, 2),
    );
    expect(await unseenStops(page), path).toEqual([]);
    expect(await spacedColons(page), path).toEqual([]);
    titles.push(await page.title());
    if (visitor.width === PHONE) await expectNarrowRoom(page, path);
  }
  expect(titles.filter((title) => !/^.+ · AwoooP$/.test(title))).toEqual([]);
  expect(new Set(titles).size, titles.join(", ")).toBe(stops.length);
  expect(faults).toEqual([]);
  await close();
}

/** What stands around a space behind a full-width colon, which has its room in itself. */
async function spacedColons(page: Page): Promise<string[]> {
  const text = await page.locator("body").innerText();
  return text.match(/.{0,20}：[ \u00a0]\S.{0,20}/g) ?? [];
}

/** All of a page can be read, and nothing makes it scroll sideways. */
async function expectRoom(page: Page, path: string): Promise<void> {
  expect(await misfits(page), path).toEqual([]);
  expect(await overflow(page), path).toBeLessThanOrEqual(0);
}

async function expectNarrowRoom(page: Page, path: string): Promise<void> {
  const size = page.viewportSize();
  if (size === null) return;
  await page.setViewportSize({ ...size, width: NARROW });
  // What measures itself has drawn itself anew.
  await page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
  );
  await expectRoom(page, `${path} at ${NARROW} px`);
  await page.setViewportSize(size);
}

const TABS = 8;

/** Of the first elements that Tab reaches, those where one doesn't see that they have the focus. */
async function unseenStops(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (let n = 0; n < TABS; n += 1) {
    await page.keyboard.press("Tab");
    found.push(await unseenFocus(page));
  }
  return found.filter(Boolean);
}
