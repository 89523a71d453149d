import type { Page } from "playwright-core";

/** How a field answered what was typed into it, in milliseconds. */
export interface Typing {
  /** From each key to the next frame. */
  delays: number[];
  /** Each task that kept the page busy for longer than 50 ms. */
  longTasks: number[];
}

const TEXT = "disk of the shop is almost full";
const KEY_MS = 70;

const WATCH = `(() => {
  window.typing = { delays: [], longTasks: [] };
  new PerformanceObserver((list) => {
    window.typing.longTasks.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: "longtask" });
  document.addEventListener("keydown", ({ timeStamp }) =>
    requestAnimationFrame((now) => window.typing.delays.push(Math.max(0, now - timeStamp))), true);
})()`;

/** Types a sentence into the page's search field as a quick typist would, with a pause for what is found at its end. */
export async function typeInto(page: Page): Promise<Typing> {
  await page.bringToFront();
  await page.evaluate("window.scrollTo(0, 0)");
  await page.locator("input[type=search]").first().focus();
  await page.evaluate(WATCH);
  await page.keyboard.type(TEXT, { delay: KEY_MS });
  await page.waitForTimeout(1_000);
  return page.evaluate<Typing>("window.typing");
}
