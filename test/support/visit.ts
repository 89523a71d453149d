import type { Browser, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { type Hand, type HandName, handOf, tabTo } from "./hands.ts";
import { misfits } from "./misfits.ts";
import { DESK, openSignedIn, overflow, type Visitor, violations } from "./page.ts";

/** Somebody who has signed in to the console. */
export interface Guest {
  page: Page;
  /** Goes to a page, up to its heading. */
  go(path: string): Promise<void>;
  /** Sees that what is shown can be read by anyone. */
  looksRight(): Promise<void>;
  /** Sees that nothing has gone wrong, but what the browser says of answers that were expected, and leaves. */
  end(expected?: RegExp): Promise<void>;
}

/** Somebody who works in the console, by one hand. */
export interface Visit extends Guest, Hand {
  /** The dialog that is open. */
  dialog: Locator;
  /** The first button of the page that is called so. */
  button(name: string | RegExp): Locator;
  link(name: string | RegExp): Locator;
  field(name: string | RegExp): Locator;
  /** Presses what the open dialog offers to go on with, and waits until it has closed. */
  confirm(name: string | RegExp): Promise<void>;
  /** Waits for a text of the page, or until it is gone. */
  sees(text: string | RegExp): Promise<void>;
  misses(text: string | RegExp): Promise<void>;
  /** Takes a file along; answers its name. */
  download(button: Locator): Promise<string>;
  /** Sees that a text to take along was copied. */
  copied(): Promise<void>;
}

/** Signs in at a server; `key` is an admin's of the platform where none is given. */
export async function openGuest(
  browser: Browser,
  visitor: Visitor,
  server: { url: string; key?: string },
): Promise<Guest> {
  const { page, faults, close } = await openSignedIn(browser, visitor, server);
  return {
    page,
    async go(path) {
      await page.goto(server.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
    },
    async looksRight() {
      expect(await violations(page)).toEqual([]);
      expect(await misfits(page)).toEqual([]);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
    },
    async end(expected) {
      expect(faults.filter((fault) => !expected?.test(fault))).toEqual([]);
      await close();
    },
  };
}

/** As `openGuest`, in English at a desk where nothing else is said. */
export async function visitBy(
  name: HandName,
  browser: Browser,
  server: { url: string; key?: string },
  visitor: Visitor = DESK,
): Promise<Visit> {
  const guest = await openGuest(browser, visitor, server);
  const { page } = guest;
  const hand = handOf(name, page);
  const dialog = page.getByRole("dialog");
  // Some words stand twice, each for other widths.
  const text = (said: string | RegExp) => page.getByText(said).filter({ visible: true }).first();
  return {
    ...guest,
    ...hand,
    dialog,
    async go(path) {
      await guest.go(path);
      if (name === "keyboard") await skipToContent(page);
    },
    button: (called) => page.getByRole("button", { name: called }).first(),
    link: (called) => page.getByRole("link", { name: called }).first(),
    field: (called) => page.getByLabel(called).first(),
    async confirm(called) {
      await hand.press(dialog.getByRole("button", { name: called }).last());
      await dialog.waitFor({ state: "hidden" });
    },
    sees: (said) => text(said).waitFor(),
    misses: (said) => text(said).waitFor({ state: "hidden" }),
    async download(button) {
      const [file] = await Promise.all([page.waitForEvent("download"), hand.press(button)]);
      return file.suggestedFilename();
    },
    copied: () => page.getByRole("status").filter({ hasText: "Copied" }).waitFor(),
  };
}

/** Past the navigation, as whoever has no mouse begins with a page. */
async function skipToContent(page: Page): Promise<void> {
  await tabTo(page.locator("a.skip"));
  await page.keyboard.press("Enter");
  await page.locator("main:focus").waitFor();
}
