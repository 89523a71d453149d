import type { Locator, Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../src/platform/database/index.ts";
import { createLog } from "../src/platform/log.ts";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { seedLines } from "./support/client-runs.ts";
import { HANDS, type HandName } from "./support/hands.ts";
import { openSite, type Site } from "./support/site.ts";
import { seedStory } from "./support/story.ts";
import type { Visit } from "./support/visit.ts";

/** What is done with runs: everything by clicking, and everything by keyboard alone. */

let site: Site;
/** Of a run to which everything has happened. */
let story: string;
/** Of runs with a long timeline, one for each hand. */
const longs = new Map<HandName, string>();
const long = (name: HandName) => longs.get(name) ?? "";

beforeAll(async () => {
  site = await openSite({ AWOOOP_ROLES: "api,worker" });
  await site.openQuestions();
  story = await seedOldStory();
  for (const { run_id, title, trigger_type } of await seedRuns()) {
    if (title !== "Full disk 2") continue;
    const hand = HANDS.find((each) => trigger_type === `by-${each}`);
    if (hand) longs.set(hand, String(run_id));
    await seedLines(site, String(run_id), 400);
  }
}, BROWSER_READY_MS);

afterAll(() => site?.close());

async function seedOldStory(): Promise<string> {
  const [revision] = await site.admin(
    "select project_id, revision_id from awooop.contract_revisions where contract_id = 'janitor'",
  );
  const db = openDatabase({ url: site.database.url, log: createLog("silent") });
  const { run } = await db.transaction({ role: "platform" }, (tx) =>
    seedStory(tx, revision as { project_id: string; revision_id: string }),
  );
  await db.close();
  return run.run_id;
}

/** For each hand three runs of a client and two that have failed. */
function seedRuns() {
  return site.admin(
    `insert into awooop.runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id, trigger_type,
       created_at, started_at, heartbeat_at, completed_at)
     select gen_random_uuid(), project_id, contract_id, revision_id, case when n < 4 then 'client' else 'worker' end,
       case when n < 4 then 'running' else 'failed' end, 'Full disk ' || n, false, md5(hand || n), 'by-' || hand,
       now() - n * interval '1 second', now(), now(), case when n < 4 then null else now() end
     from awooop.contract_revisions, generate_series(1, 5) n, unnest(array['${HANDS.join("','")}']) hand
     where contract_id = 'janitor' returning run_id, title, trigger_type`,
  );
}

/** What is read of a run while it is taken along whole. */
const IS_PAGE = /\/timeline\?(?=.*limit=200)(?=.*records=true)/;

/** Holds what is read of a run, page by page. */
async function holdPages(page: Page) {
  const held: Route[] = [];
  await page.route(IS_PAGE, (route) => {
    held.push(route);
  });
  return {
    async letOneGo() {
      await expect.poll(() => held.length, { timeout: 30_000 }).toBe(1);
      await held.pop()?.continue();
    },
  };
}

/** Goes on when the console no longer thinks that it will be there at once. */
async function isLater(page: Page): Promise<void> {
  const read = () => page.evaluate<number>("performance.now()");
  await expect.poll(read, { timeout: 30_000 }).toBeGreaterThan((await read()) + 1_000);
}

/** More of a run than is taken along: only how many there are is looked at. */
async function makeEndless(page: Page): Promise<void> {
  const items = Array.from({ length: 100_000 }, (_, at) => ({ item_id: `${at}` }));
  await page.route(IS_PAGE, async (route) => {
    const real = await (await route.fetch()).json();
    await route.fulfill({ json: { ...real, items, next_cursor: "more" } });
  });
}

describe.each(HANDS)("by %s alone, runs", { timeout: 120_000 }, (name) => {
  let me: Visit;
  beforeAll(async () => {
    me = await site.visitBy(name);
  });
  afterAll(() => me?.end());

  const row = (title: string) => me.page.getByRole("row").filter({ hasText: title }).first();
  const search = () => me.page.getByRole("searchbox", { name: "Search runs" });

  it("are looked over, as charts and as tables", async () => {
    await me.go("/");
    const tables = me.page.getByRole("button", { name: "Table" });
    await tables.nth(3).waitFor();
    for (const table of await tables.all()) await me.press(table);
    await me.page.getByRole("columnheader", { name: "95th percentile", exact: true }).waitFor();
    await me.press(me.button("7 d"));
    await me.page.getByRole("heading", { name: "Runs by state, last 7 days" }).waitFor();
    await me.press(me.link("Failed runs"));
    await me.page.waitForURL(/state=failed/);
  });

  it("are found, in the order and with the columns one wants", async () => {
    await me.go("/runs");
    await me.pick(me.button(/^state/), "Timed out");
    await me.press(me.button("Take off all filters"));
    await me.pick(me.button(/^agent/), "janitor");
    await me.pick(me.button(/^mode/), "live$");
    await me.pick(me.button(/^started/), "last hour");
    await me.press(me.button("Remove filter mode"));
    await me.pick(me.button(/^trigger/), `by-${name}`);
    await me.write(search(), "no such words");
    await me.sees("No run matches");
    await me.write(search(), "");
    await row("Full disk 5").waitFor();
    await me.press(me.button(/^Started$/));
    await me.page.waitForURL(/order=asc/);
    // The menu of the columns stays, so that one can choose several.
    const toggle = async (column: string) => {
      await me.pick(me.button("Columns"), column);
      await me.page.keyboard.press("Escape");
      await me.page.getByRole("menu").waitFor({ state: "hidden" });
    };
    const cost = me.page.getByRole("columnheader", { name: "Cost" });
    await toggle("Cost");
    await cost.waitFor({ state: "hidden" });
    await toggle("Cost");
    await cost.waitFor();
  });

  it("are marked, cancelled and tried again together", async () => {
    await me.go(`/runs?trigger=by-${name}`);
    const done = me.page.getByRole("region", { name: "Action on many runs" });
    await me.press(me.field("Mark Full disk 3"));
    await me.press(me.button("Clear"));
    await me.press(me.field("Mark Full disk 3"));
    await me.press(me.button("Cancel…"));
    await me.dialog.getByText("1 run is meant").waitFor();
    await me.write(me.dialog.getByRole("textbox"), "a false alarm");
    await me.confirm("Cancel 1 run");
    await done.getByText("1 run cancelled").waitFor();
    await me.press(me.field("Mark Full disk 4"));
    await me.press(me.button("Take all 5 that match"));
    await me.press(me.button("Clear"));
    await me.press(me.field("Mark all that match"));
    await me.press(me.button("Retry…"));
    await me.dialog.getByText("5 runs are meant").waitFor();
    await me.write(me.dialog.getByRole("textbox"), "the disk is there again");
    await me.confirm("Retry 5 runs");
    await done.getByText(/^2 new runs made/).waitFor();
    await me.press(done.getByRole("button", { name: "Why not…" }));
    await me.confirm("Close");
    await me.press(done.getByRole("button", { name: "Close" }));
    await me.press(me.button(/newer run/));
    await me.sees("Nothing newer");
    await me.press(me.link("Full disk 1"));
    await me.page.getByRole("heading", { level: 1, name: "Full disk 1" }).waitFor();
  });

  it("are read line by line and in time, each with what stands behind it", async () => {
    await me.go(`/runs/acme/${story}`);
    const details = me.page.getByRole("complementary", { name: "Details" });
    const chosen = async (button: Locator) => {
      await me.press(button);
      await button.and(me.page.locator("[aria-pressed=true]")).waitFor();
    };
    for (const shown of ["Calls", "Messages", "State", "All"])
      await chosen(me.page.getByRole("button", { name: shown, exact: true }));
    await me.press(me.button("Waterfall"));
    for (const scale of ["Whole run", "Fold waits"])
      await chosen(me.page.getByRole("button", { name: scale, exact: true }));
    await me.press(me.page.locator("a.wf").filter({ hasText: "clear_cache" }).first());
    await me.press(details.getByRole("button", { name: "Copy arguments" }));
    await me.copied();
    await me.press(me.button("Story"));
    await me.press(me.page.locator("a.ev").filter({ hasText: "op-2 approved" }).first());
    await me.press(details.getByRole("button", { name: "JSON" }));
    await me.press(details.getByRole("button", { name: "Copy record" }));
    await me.press(details.getByRole("button", { name: "Close details" }));
    await details.waitFor({ state: "hidden" });
    await me.press(me.button("Copy run id"));
    await me.press(me.button("Copy trace id"));
    expect(await me.download(me.button("JSON"))).toBe(`run-${story}.json`);
    await me.press(me.link(/^alertmanager/));
    await me.page.getByRole("heading", { level: 1, name: "Channel events" }).waitFor();
    await me.go(`/runs/acme/${story}`);
    await me.press(me.link(/^disk-janitor/));
    await me.page.getByRole("heading", { level: 1, name: /^janitor/ }).waitFor();
  });

  it("are told from their end or their beginning, however long", async () => {
    await me.go(`/runs/acme/${long(name)}`);
    const line = (n: number) => me.page.locator(".story").getByText(`line ${n}`, { exact: true });
    await line(400).waitFor();
    await me.press(me.button("Earlier entries"));
    await me.sees("140 entries");
    await me.press(me.page.locator("a.ev").filter({ hasText: "line 300" }));
    await site.server.api(`/runs/${long(name)}/cancel`, { body: { reason: "seen enough" } });
    const news = me.button(/new entr/);
    await news.waitFor();
    // Tab would have to pass all that is new.
    await (name === "mouse" ? me.press(news) : me.page.keyboard.press("n"));
    await me.page.locator("a.ev:focus").filter({ hasText: "seen enough" }).waitFor();
    await me.press(me.button("From the beginning"));
    await line(1).waitFor();
    await me.press(me.button("To the newest entries"));
    await line(400).waitFor();
  });

  it("are taken along whole: one sees how far that is, leaves, or is told where it ends", async () => {
    await me.go(`/runs/acme/${long(name)}`);
    const { page } = me;
    const button = me.button("Download the whole run as JSON");
    const held = await holdPages(page);
    await me.press(button);
    await isLater(page);
    await held.letOneGo();
    await me.sees(/^JSON \d+ %/);
    await held.letOneGo();
    const isGivenUp = page.waitForEvent("requestfailed", (request) => IS_PAGE.test(request.url()));
    await me.press(page.getByRole("main").getByRole("link", { name: "Runs", exact: true }));
    await isGivenUp;
    await page.unroute(IS_PAGE);
    await makeEndless(page);
    await me.go(`/runs/acme/${long(name)}`);
    expect(await me.download(button)).toBe(`run-${long(name)}.json`);
    await me.sees("Downloaded, but with its first 100,000 entries only");
    await page.unroute(IS_PAGE);
  });

  it("are cancelled, tried again, and followed to those beside them", async () => {
    await me.go(`/runs?trigger=by-${name}`);
    await me.press(me.link("Full disk 1"));
    await me.press(me.button("Cancel run…"));
    await me.write(me.dialog.getByRole("textbox"), "seen enough");
    await me.confirm("Cancel the run");
    await me.sees("Cancelled");
    await me.press(me.link(/^Older run/));
    await me.page.getByRole("heading", { level: 1, name: "Full disk 2" }).waitFor();
    await me.go(`/runs/acme/${story}`);
    await me.press(me.button("Retry as new run"));
    await me.sees("Retry of");
    await me.press(me.link(/^[0-9a-f]{8}$/));
    await me.page.waitForURL(/q=/);
  });
});

describe("by single keys", { timeout: 120_000 }, () => {
  it("one gets to the pages, and from run to run", async () => {
    const me = await site.visitBy("keyboard");
    const { page } = me;
    const goes = async (key: string, path: string) => {
      await page.keyboard.press("g");
      await page.keyboard.press(key);
      await page.waitForURL((url) => url.pathname === path);
      await page.locator("h1").waitFor();
    };
    await me.go("/runs");
    await goes("a", "/approvals");
    await goes("c", "/contracts");
    await goes("t", "/tool-servers");
    await goes("o", "/");
    await goes("r", "/runs");
    await me.go("/runs?trigger=by-mouse");
    await me.press(me.link("Full disk 1"));
    const at = (title: string) => page.getByRole("heading", { level: 1, name: title }).waitFor();
    await at("Full disk 1");
    for (const [key, link, title] of [
      ["J", /^Older run/, "Full disk 2"],
      ["K", /^Newer run/, "Full disk 1"],
    ] as const) {
      // Which run that is has to be known first.
      await me.link(link).waitFor();
      await page.keyboard.press(key);
      await at(title);
    }
    await me.end();
  });
});
