import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { seedClientRuns } from "./support/client-runs.ts";
import { good } from "./support/e2e-tenant.ts";
import { DESK, overflow, PHONE, violations } from "./support/page.ts";
import { makeRegistryWorld, type RegistryWorld } from "./support/registry-world.ts";
import { openSite, type Site } from "./support/site.ts";
import { type Stop, walk, walksOf } from "./support/walk.ts";

/** As many as one project may have by the time that it is looked at. */
const RUNS = 100_000;

/** Each page that shows what is registered, and what has no page of its own in the demo; and those of a great many runs. */
const SHOWING: ((world: RegistryWorld & { run: string }) => Stop)[] = [
  () => ["/", ".recharts-surface"],
  () => ["/runs", "text=Disk almost full on 7"],
  () => ["/contracts", "text=a-long-name"],
  ({ inReview }) => [`/contracts/${inReview}`, "text=disk-janitor 2.0"],
  ({ active, inReview }) => [`/contracts/${active}/diff/${inReview}`, "text=kit/grow"],
  () => ["/tool-servers", "text=asleep"],
  () => ["/tool-servers/acme/kit", "text=Looks"],
  () => ["/channels", "text=alertmanager"],
  () => ["/channels/acme/alerts", "text=hooks/acme/alerts"],
  () => ["/channel-events", "text=hooks/"],
  () => ["/tenants", "text=globex"],
  () => ["/tenants/acme", "text=ALERTS_TOKEN"],
  () => ["/freezes", "h2"],
  () => ["/members", "main table"],
  () => ["/members?tab=keys", "text=reviewer"],
  () => ["/members?tab=oauth", "main h2"],
  () => ["/audit-log", "text=session.create"],
  // Of whichever project.
  ({ run }) => [`/runs/${run}`, "text=Disk almost full on"],
];

const PAGES: typeof SHOWING = [...SHOWING, () => ["/contracts/new", "text=YAML"]];

/** What a page shows is asked for here; who one is and what changes, elsewhere. */
const IS_DATA = /\/api\/v1\/(?!session|events)/;
const BROKEN = {
  status: 500,
  contentType: "application/problem+json",
  body: JSON.stringify({
    type: "urn:awooop:error:E-INTERNAL",
    status: 500,
    title: "Something went wrong on our side",
    detail: "The error has been logged under the request id 01a2.",
    code: "E-INTERNAL",
  }),
};

let site: Site;
let world: RegistryWorld & { run: string };

beforeAll(async () => {
  site = await openSite();
  const registered = await makeRegistryWorld(site.server);
  const [run = ""] = await seedClientRuns(site, RUNS, "disk-janitor");
  world = { ...registered, run };
}, BROWSER_READY_MS);

afterAll(() => site?.close());

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).first();
const inDialog = (page: Page, name: string | RegExp) =>
  page.getByRole("dialog").getByRole("button", { name }).last();
const isGone = (page: Page) => page.getByRole("dialog").waitFor({ state: "hidden" });

describe("the console's pages of what is registered", { timeout: 120_000 }, () => {
  it.each(walksOf(PAGES))("are read by anyone: %o", async (visitor, pages) => {
    const stops = pages.map((page) => page(world));
    await walk(site.browser, visitor, site.server, stops);
  });

  it.each([
    ["mouse", PHONE],
    ["keyboard", DESK],
  ] as const)(
    "say what is wrong when nothing can be had, and come when one tries again, by %s",
    async (hand, visitor) => {
      const me = await site.visitBy(hand, visitor);
      const { page } = me;
      const again = page.getByRole("alert").getByRole("button");
      const half = SHOWING.filter((_, at) => (at % 2 === 0) === (hand === "mouse"));
      for (const [path, has] of half.map((stop) => stop(world))) {
        await page.route(IS_DATA, (route) => route.fulfill(BROKEN));
        await me.go(path);
        await page.getByRole("alert").getByText("E-INTERNAL").first().waitFor();
        await me.looksRight();
        await page.unroute(IS_DATA);
        for (let left = await again.count(); left > 0; left = await again.count()) {
          await me.press(again.first());
          await expect.poll(() => again.count(), { timeout: 30_000 }).toBeLessThan(left);
        }
        await page.locator(has).first().waitFor();
      }
      await me.end(/500/);
    },
  );

  it("find a contract by filter and by keyboard, and say what a viewer may not", async () => {
    const { page, end } = await site.visit(DESK, "/contracts", world.viewer);
    await page.getByText("everything").first().waitFor();
    expect(await page.getByRole("link", { name: "New contract" }).count()).toBe(0);
    await button(page, /^status/).click();
    await page.getByRole("menuitemradio", { name: "in review" }).click();
    await page.getByText("everything").waitFor({ state: "hidden" });
    expect(new URL(page.url()).search).toContain("status=review");
    // Keys are silent while a menu is open.
    await page.getByRole("menu").waitFor({ state: "hidden" });
    const found = page.getByRole("link", { name: "disk-janitor 2.0" });
    await found.waitFor();
    await page.keyboard.press("j");
    await page.locator("a.what:focus").waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "disk-janitor 2.0" }).waitFor();
    // The link is gone with its page; Tab goes on in the new one.
    await page.locator("main:focus").waitFor();
    expect(await button(page, "Approve revision").isDisabled()).toBe(true);
    await page.getByText("These steps are for admins").waitFor();
    await end();
  });

  it("check a contract while it is typed, and keep it as a draft that its author can't approve", async () => {
    const { page, end } = await site.visit(DESK, "/contracts/new?family=agent");
    const text = page.getByRole("textbox", { name: "Body" });
    await page.getByLabel("Contract id").fill("new-agent");
    await page.getByText("2 things are wrong").waitFor();
    await button(page, "Line 7").click();
    expect(await page.evaluate("document.activeElement.tagName")).toBe("TEXTAREA");
    await text.fill("display_name: New\ndriver: client\ntools: [\n");
    await page.getByText(/thing.* wrong/).waitFor();
    await text.fill("display_name: New\ndriver: client\ntools: [{ server: kit, tool: grow }]\n");
    await page.getByText("Valid as things stand now").waitFor();
    // What was typed outlives the page.
    await page.reload();
    await page.getByText("Valid as things stand now").waitFor();
    await button(page, "Save draft").click();
    await page.getByRole("heading", { level: 1, name: "new-agent 1.0" }).waitFor();
    await button(page, "Submit for review").click();
    await inDialog(page, "Submit for review").click();
    await page.getByText("somebody else has to approve it").waitFor();
    expect(await button(page, "Approve revision").isDisabled()).toBe(true);
    await page.keyboard.press("r");
    await inDialog(page, "Reject").click();
    await page.getByText("A reason is needed").waitFor();
    await page.getByRole("dialog").getByRole("textbox").fill("Only a trial.");
    await page.keyboard.press("Control+Enter");
    await page.getByText("Rejected for good").waitFor();
    await end();
  });

  it("say what is wrong in the reader's language, and only the words of a parser in English", async () => {
    const { page, end } = await site.visit(PHONE, "/contracts/new?family=agent");
    const verdict = page.getByRole("complementary");
    const text = page.getByRole("textbox", { name: "內容" });
    await page.getByLabel("合約識別碼").fill("new-agent");
    await text.fill(
      "display_name: ''\ndriver: robot\ncolour: red\ntools: [{ server: kit, tool: gro, quorum: 99 }]\n",
    );
    const said = [
      "display_name：不得為空",
      'driver：必須是下列之一："worker"|"client"',
      "colour：此處沒有這個欄位",
      "tools.0.quorum：不得大於 20",
    ];
    for (const words of said) await verdict.getByText(words).waitFor();
    expect(await verdict.locator("[lang=en]").count()).toBe(0);
    await text.fill("display_name: New\ndriver: client\ntools: [{ server: kit, tool: gro }]\n");
    await verdict.getByText("工具伺服器「kit」沒有工具「gro」；是指 grow 嗎？").waitFor();
    await page.getByLabel("類別").selectOption("policy");
    await text.fill('cedar: "permit (principal, action resource);"\n');
    await verdict.getByText("cedar：第 1 行第 27 欄：").waitFor();
    await verdict.locator("[lang=en]", { hasText: "unexpected token" }).waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await end();
  });

  it("compare two revisions, and show at once what somebody else decides", async () => {
    const path = `/contracts/${world.active}/diff/${world.inReview}`;
    const onlooker = await site.visit(PHONE, `/contracts/${world.inReview}`);
    const { page, end } = await site.visit(DESK, path, world.reviewer);
    await page.getByText("It may use kit/grow.").first().waitFor();
    await page.getByText("2 gained, 0 lost, 1 changed").waitFor();
    for (const view of ["Inline", "JSON Patch", "Side by side"]) await button(page, view).click();
    await button(page, /equal lines/).click();
    await page.keyboard.press("a");
    await page.getByRole("dialog").getByRole("textbox").press("Control+Enter");
    await page.getByText("A second person has approved it").waitFor();
    await onlooker.page.getByText("已有第二人核准").waitFor();
    await button(page, "Activate").click();
    await inDialog(page, "Activate").click();
    await onlooker.page.getByText("啟用中：").waitFor();
    await onlooker.end();
    await end();
  });

  it("review a changed tool: both versions, then the decision by keyboard", async () => {
    const { page, end } = await site.visit(DESK, "/tool-servers/acme/kit");
    await page.getByText("The description changed").waitFor();
    await page.getByText("Both versions, line by line").first().click();
    await page.getByText("tells somebody else").nth(1).waitFor();
    expect(await violations(page)).toEqual([]);
    await button(page, "Keep it quarantined").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("button:focus").getByText("Keep it quarantined").waitFor();
    await page.keyboard.press("Enter");
    await inDialog(page, "Keep it quarantined").click();
    await page.getByText("admin left it quarantined").waitFor();
    await button(page, /^Accept look/).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("textbox").fill("Release 2.1");
    await page.keyboard.press("Control+Enter");
    await page.getByText("Changed tools, in quarantine").waitFor({ state: "hidden" });
    await end();
  });

  it("change a project: its mode, its limits, its secrets, whether it is active", async () => {
    const { page, end } = await site.visit(DESK, "/tenants");
    await button(page, "New project").click();
    await page.getByLabel("Project id").fill("initech");
    await page.getByLabel("Display name").fill("Initech");
    await inDialog(page, "Make the project").click();
    await page.getByRole("heading", { level: 1, name: "Initech" }).waitFor();
    await button(page, "Change mode…").click();
    await page.getByRole("radio", { name: /^canary/ }).press("Space");
    await page.getByLabel(/Percent/).fill("10");
    expect(await violations(page)).toEqual([]);
    await inDialog(page, "Set to canary").click();
    await page.getByText("10 % of the triggers run live").waitFor();
    await button(page, "Edit…").click();
    await page.getByLabel("Days until a run is deleted").fill("1");
    await page.getByLabel("Days until a run’s payloads are erased").fill("5");
    await inDialog(page, "Save").click();
    await page.getByText("must not be more than retention_run_days").first().waitFor();
    await page.getByLabel("Days until a run is deleted").fill("9");
    await inDialog(page, "Save").click();
    await page.getByText("9 days").waitFor();
    await button(page, "New secret").click();
    await page.getByLabel("Name").fill("TOKEN");
    await page.getByLabel("Value").fill("s3cr3t");
    await inDialog(page, "Store").click();
    await button(page, "Delete TOKEN").click();
    await inDialog(page, "Delete TOKEN").click();
    await page.getByText("It has no secret").waitFor();
    await button(page, "Deactivate…").click();
    await page.getByRole("radio", { name: /^They are cancelled/ }).check();
    await inDialog(page, "Deactivate, cancel runs").click();
    await page.getByText("Deactivated:").waitFor();
    await button(page, "Activate").click();
    await inDialog(page, "Activate").click();
    await button(page, "Deactivate…").waitFor();
    // The browser itself notes the answer that retention can't be like this.
    await end(/ 422 /);
  });

  it("freeze with two presses and no typing, tell everybody, and lift only with a reason", async () => {
    const other = await site.visit(PHONE, "/contracts", world.reviewer);
    const { page, end } = await site.visit(DESK, "/runs?project=globex");
    await button(page, "Freeze").focus();
    await page.keyboard.press("Enter");
    await inDialog(page, "Freeze Globex now").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.getByText("It holds").waitFor();
    await inDialog(page, "Close").click();
    await isGone(page);
    await page.getByText("globex is frozen", { exact: true }).waitFor();
    await other.page.getByText("globex 已凍結").waitFor();
    expect(await violations(other.page)).toEqual([]);
    expect(await overflow(other.page)).toBeLessThanOrEqual(0);
    await button(page, "Lift…").click();
    await inDialog(page, "Lift the freeze").click();
    await page.getByText("why is it safe now").waitFor();
    await page.getByRole("dialog").getByRole("textbox").fill("It was a drill.");
    await inDialog(page, "Lift the freeze").click();
    await other.page.getByText("globex 已凍結").waitFor({ state: "hidden" });
    await button(page, "Freeze").click();
    await button(page, "One agent").click();
    await page.getByRole("dialog").getByLabel("Project").selectOption("acme");
    await page.getByRole("dialog").getByLabel("Agent").selectOption("disk-janitor");
    await page.getByRole("dialog").getByRole("textbox").fill("It deletes live caches.");
    await inDialog(page, "Freeze disk-janitor now").click();
    await page.getByText("It holds").waitFor();
    const { freezes } = await good(site.server.api("/freezes?standing=true"));
    expect(freezes).toMatchObject([{ scope: "agent", reason: "It deletes live caches." }]);
    await other.end();
    await end();
  });
});
