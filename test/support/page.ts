import AxeBuilder from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { ADMIN_KEY } from "./awooop.ts";

/** How a visitor's browser is set up. */
export interface Visitor {
  locale: string;
  colorScheme: "light" | "dark";
  width: number;
}

/** The two that see the most of the console between them. */
export const DESK: Visitor = { locale: "en-US", colorScheme: "light", width: 1440 };
export const PHONE: Visitor = { locale: "zh-TW", colorScheme: "dark", width: 360 };

/** A page of a new visitor; whatever goes wrong in it, or leaves for another host, is noted. */
export async function openPage(browser: Browser, visitor: Visitor) {
  const { locale, colorScheme, width } = visitor;
  const viewport = { width, height: 900 };
  const context = await browser.newContext({ locale, colorScheme, viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(message.text());
  });
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1")
      faults.push(`asked ${request.url()}`);
  });
  return { page, faults, close: () => context.close() };
}

/** As `openPage`, signed in with `key` at the server of `url`, without the way through the sign-in page. */
export async function openSignedIn(
  browser: Browser,
  visitor: Visitor,
  { url, key = ADMIN_KEY }: { url: string; key?: string },
) {
  const opened = await openPage(browser, visitor);
  const { request } = opened.page.context();
  const answer = await request.post(`${url}/api/v1/session`, { data: { key } });
  if (!answer.ok()) throw new Error(`The sign-in was answered ${answer.status()}`);
  return opened;
}

/** What axe has against a page. */
export async function violations(page: Page): Promise<string[]> {
  // The pages have no frames, which is what the other mode opens a second page for; and nobody reads what holds.
  // Nor is there anything to play, or a style that only turns with the screen: the two that would be fetched once more.
  const axe = new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ["violations"], preload: false });
  const { violations: found } = await axe.analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}

/** By how many pixels a page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
}
