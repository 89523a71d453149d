import type { Browser, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { type Hand, type HandName, handOf } from "./hands.ts";
import { openSignedIn } from "./page.ts";

const DESK = { locale: "en-US", colorScheme: "light", width: 1440 } as const;

/** Somebody who works in the console, in English at a desk, by one hand. */
export interface Visit extends Hand {
  page: Page;
  /** The dialog that is open. */
  dialog: Locator;
  go(path: string): Promise<void>;
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
  /** Sees that nothing has gone wrong, but what the browser says of answers that were expected, and leaves. */
  end(expected?: RegExp): Promise<void>;
}

/** Signs in at a server; `key` is an admin's of the platform where none is given. */
export async function visitBy(
  name: HandName,
  browser: Browser,
  server: { url: string; key?: string },
): Promise<Visit> {
  const { page, faults, close } = await openSignedIn(browser, DESK, server);
  const hand = handOf(name, page);
  const dialog = page.getByRole("dialog");
  // Some words stand twice, each for other widths.
  const text = (said: string | RegExp) => page.getByText(said).filter({ visible: true }).first();
  return {
    ...hand,
    page,
    dialog,
    async go(path) {
      await page.goto(server.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
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
    async end(expected) {
      expect(faults.filter((fault) => !expected?.test(fault))).toEqual([]);
      await close();
    },
  };
}
