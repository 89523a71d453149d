import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../src/platform/database/index.ts";
import { createLog } from "../src/platform/log.ts";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { seedLines } from "./support/client-runs.ts";
import { good } from "./support/e2e-tenant.ts";
import { HANDS } from "./support/hands.ts";
import type { Questions, Waiting } from "./support/questions.ts";
import { openSite, type Site } from "./support/site.ts";
import { seedStory } from "./support/story.ts";
import type { Visit } from "./support/visit.ts";
import { waitFor } from "./support/wait.ts";

/** What is done with runs and their questions: everything by clicking, and everything by keyboard alone. */

let site: Site;
let questions: Questions;
/** Of a run to which everything has happened, and of one with a long timeline. */
let story: string;
let long: string;

beforeAll(async () => {
  site = await openSite({ AWOOOP_ROLES: "api,worker" });
  questions = await site.openQuestions();
  story = await seedOldStory();
  long = await seedRuns();
  await seedLines(site, long, 400);
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

/** For each hand three runs of a client and two that have failed. Answers one of the first. */
async function seedRuns(): Promise<string> {
  const made = await site.admin(
    `insert into awooop.runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id, trigger_type,
       created_at, started_at, heartbeat_at, completed_at)
     select gen_random_uuid(), project_id, contract_id, revision_id, case when n < 4 then 'client' else 'worker' end,
       case when n < 4 then 'running' else 'failed' end, 'Full disk ' || n, false, md5(hand || n), 'by-' || hand,
       now() - n * interval '1 second', now(), now(), case when n < 4 then null else now() end
     from awooop.contract_revisions, generate_series(1, 5) n, unnest(array['${HANDS.join("','")}']) hand
     where contract_id = 'janitor' returning run_id, title, trigger_type`,
  );
  const one = made.find((run) => run.title === "Full disk 2" && run.trigger_type === "by-mouse");
  return String(one?.run_id);
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
    for (const shown of ["Calls", "Messages", "State", "All"])
      await me.press(me.page.getByRole("button", { name: shown, exact: true }));
    await me.press(me.button("Waterfall"));
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
    await me.go(`/runs/acme/${long}`);
    const line = (n: number) => me.page.locator(".story").getByText(`line ${n}`, { exact: true });
    await line(400).waitFor();
    await me.press(me.button("Earlier entries"));
    await me.sees("140 entries");
    await me.press(me.button("From the beginning"));
    await line(1).waitFor();
    await me.press(me.button("To the newest entries"));
    await line(400).waitFor();
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

describe.each(HANDS)("by %s alone, questions", { timeout: 120_000 }, (name) => {
  let me: Visit;
  beforeAll(async () => {
    me = await site.visitBy(name);
  });
  afterAll(() => me?.end());

  const statusOf = async ({ approvalId }: Waiting) =>
    (await site.server.api(`/approvals/${approvalId}`)).body.status;
  const becomes = (asked: Waiting, status: string) =>
    waitFor(async () => (await statusOf(asked)) === status, {
      timeoutMs: 15_000,
      what: `the question to be ${status}`,
    });

  /** Presses one of the answers until it is taken: for a moment after it has appeared, a question is deaf. */
  const answer = (called: string | RegExp, isTaken: () => Promise<boolean>) =>
    waitFor(
      async () => {
        if (!(await isTaken())) await me.press(me.button(called));
        return isTaken();
      },
      { timeoutMs: 15_000, what: `${called} to be heard` },
    );
  const ask = (called: string | RegExp) => answer(called, () => me.dialog.isVisible());

  it("are chosen, looked at and answered in every way", async () => {
    const asked = [];
    for (let n = 0; n < 4; n += 1) asked.push(await questions.ask());
    const [wished, edited, refused, granted] = asked as [Waiting, Waiting, Waiting, Waiting];
    await me.go("/");
    await me.press(me.link(/^Decide: /));
    await me.page.locator(".ask .headline").waitFor();
    const choose = async ({ approvalId }: Waiting) => {
      await me.press(me.page.locator(`.list a[href*="${approvalId}"]`));
      await me.page.locator(`.list a[aria-current][href*="${approvalId}"]`).waitFor();
    };
    await choose(wished);
    await me.press(me.page.getByRole("button", { name: "JSON", exact: true }));
    await me.press(me.button("Copy arguments"));
    await me.copied();
    await me.press(me.page.getByRole("button", { name: "Table", exact: true }));
    await ask("Request changes…");
    await me.write(me.dialog.getByRole("textbox"), "only the replica");
    await me.confirm("Send to the agent");
    await becomes(wished, "changes_requested");
    await choose(edited);
    await ask("Edit and approve…");
    await me.write(me.dialog.getByRole("textbox", { name: /^Arguments/ }), '{"path": "/tmp"}');
    await me.confirm(/^Approve edited/);
    await becomes(edited, "approved");
    await choose(refused);
    await ask("Reject…");
    await me.write(me.dialog.getByRole("textbox"), "The disk is needed.");
    await me.confirm(/^Reject clear_cache/);
    await becomes(refused, "rejected");
    await choose(granted);
    await answer(/^Approve/, async () => (await statusOf(granted)) === "approved");
    await me.press(me.link("Decided questions"));
    await me.sees(/only the replica/);
    expect(await me.download(me.link(/signed record/))).toMatch(/^decision-/);
    await me.press(me.link("What waits"));
    await me.page.waitForURL(/\/approvals$/);
  });

  it("are answered together", async () => {
    const pairs = { Approve: "approved", Reject: "rejected" };
    for (const [called, status] of Object.entries(pairs)) {
      const alike = [await questions.ask(), await questions.ask()];
      await me.go("/approvals");
      for (const { approvalId } of alike)
        await me.press(
          me.page
            .getByRole("listitem")
            .filter({ has: me.page.locator(`a[href*="${approvalId}"]`) })
            .getByRole("checkbox"),
        );
      await me.press(
        me.page
          .getByRole("region", { name: "Marked questions" })
          .getByRole("button", { name: `${called}…` }),
      );
      await me.write(me.dialog.getByRole("textbox"), "All alike.");
      await me.confirm(called);
      for (const asked of alike) await becomes(asked, status);
    }
  });

  it("are answered on their run's page", async () => {
    const [granted, refused] = [await questions.ask(), await questions.ask()];
    await me.go(`/runs/acme/${granted.runId}`);
    await me.press(me.link("Full question"));
    await me.press(me.link("Open run"));
    await me.button(/^Approve/).waitFor();
    await answer(/^Approve/, async () => (await statusOf(granted)) === "approved");
    await me.go(`/runs/acme/${refused.runId}`);
    await ask("Reject…");
    await me.write(me.dialog.getByRole("textbox"), "Not now.");
    await me.confirm(/^Reject clear_cache/);
    await becomes(refused, "rejected");
  });

  it("are told of when somebody else has answered, and that is put away", async () => {
    const asked = await questions.ask();
    const isListening = [/\/api\/v1\/audit-log\?/, /\/api\/v1\/events/].map((path) =>
      me.page.waitForResponse(path),
    );
    await me.go("/approvals/decided");
    await Promise.all(isListening);
    const { key } = await good(
      site.server.api("/keys", { body: { name: name, role: "operator" } }),
    );
    const body = { project_id: "acme", decision: "reject", reason: "not now" };
    await good(site.server.api(`/approvals/${asked.runId}/decide`, { key, body }));
    await me.sees(`${name} rejected a question`);
    await me.press(me.button("Put away"));
    await me.misses(`${name} rejected a question`);
  });
});
