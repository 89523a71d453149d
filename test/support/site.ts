import type { Browser } from "playwright-core";
import { type Awooop, startAwooop } from "./awooop.ts";
import { launchChromium } from "./chromium.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import type { HandName } from "./hands.ts";
import type { Visitor } from "./page.ts";
import { openQuestions, type Questions } from "./questions.ts";
import { queryRows } from "./server.ts";
import { type Guest, openGuest, type Visit, visitBy } from "./visit.ts";

/** A place where the console runs: a server on a database of its own, and a browser to look at it. */
export interface Site {
  database: TestDatabase;
  /** The one that runs now. */
  readonly server: Awooop;
  browser: Browser;
  /** The rows of a statement, as the database's administrator. */
  admin(statement: string): Promise<Record<string, unknown>[]>;
  /** Somebody who has signed in, with an admin's key of the platform where none is given, and is at `path`. */
  visit(visitor: Visitor, path: string, key?: string): Promise<Guest>;
  /** As `visit`, at a desk and by one hand; not yet anywhere. */
  visitBy(hand: HandName, visitor?: Visitor): Promise<Visit>;
  /** Gives it a project `acme` whose runs wait for a person. */
  openQuestions(): Promise<Questions>;
  /** Starts the server anew after it has stopped, where it was. */
  startAgain(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens one for a test file, within `BROWSER_READY_MS`; close it in `afterAll`.
 *
 * @param env what the server is told beside its database
 */
export async function openSite(env: Record<string, string> = {}): Promise<Site> {
  const database = await createTestDatabase();
  const start = (port = 0) => startAwooop({ databaseUrl: database.url, env, port });
  const [first, browser] = await Promise.all([start(), launchChromium()]);
  let server = first;
  let questions: Questions | undefined;
  return {
    database,
    get server() {
      return server;
    },
    browser,
    admin: (statement) => queryRows(database.adminUrl, statement),
    async visit(visitor, path, key) {
      const guest = await openGuest(browser, visitor, { url: server.url, ...(key && { key }) });
      await guest.go(path);
      return guest;
    },
    visitBy: (hand, visitor) => visitBy(hand, browser, server, visitor),
    async openQuestions() {
      questions = await openQuestions(database.url);
      return questions;
    },
    async startAgain() {
      server = await start(server.port);
    },
    async close() {
      await browser.close();
      await server.stop();
      await questions?.close();
      await database.drop();
    },
  };
}
