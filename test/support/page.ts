import AxeBuilder from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";

/** How a visitor's browser is set up. */
export interface Visitor {
  locale: string;
  colorScheme: "light" | "dark";
  width: number;
}

/** A page of a new visitor; whatever goes wrong in it, or leaves for another host, is noted. */
export async function openPage(browser: Browser, visitor: Visitor) {
  const { locale, colorScheme, width } = visitor;
  const viewport = { width, height: 900 };
  const context = await browser.newContext({ locale, colorScheme, viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1")
      faults.push(`asked ${request.url()}`);
  });
  return { page, faults, close: () => context.close() };
}

/** What axe has against a page. */
export async function violations(page: Page): Promise<string[]> {
  // The pages have no frames, which is what the other mode opens a second page for; and nobody reads what holds.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"] });
  const { violations: found } = await axe.analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}

/** By how many pixels a page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
}
