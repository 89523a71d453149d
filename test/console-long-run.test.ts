import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { BROWSER_READY_MS, launchChromium } from "./support/chromium.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { openSignedIn, overflow, type Visitor, violations } from "./support/page.ts";
import { openQuestions, type Questions } from "./support/questions.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/** The console's page of a run that has more than a page of everything. */

const CALLS = 400;

let database: TestDatabase;
let questions: Questions;
let server: Awooop;
let browser: Browser;
let run: string;

beforeAll(async () => {
  database = await createTestDatabase();
  questions = await openQuestions(database.url);
  run = await seedLongRun();
  [server, browser] = await Promise.all([
    startAwooop({ databaseUrl: database.url, env: { AWOOOP_ROLES: "api,worker" } }),
    launchChromium(),
  ]);
}, BROWSER_READY_MS);

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await questions?.close();
  await database?.drop();
});

/** A client's run, so that no worker takes it up meanwhile. */
async function seedLongRun(): Promise<string> {
  const [made] = await queryRows(
    database.adminUrl,
    `insert into awooop.runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id, created_at,
       started_at, heartbeat_at)
     select gen_random_uuid(), project_id, contract_id, revision_id, 'client', 'running', 'Disk almost full', false,
       md5('long'), now() - interval '20 minutes', now(), now()
     from awooop.contract_revisions where contract_id = 'janitor' returning run_id`,
  );
  await queryRows(
    database.adminUrl,
    `insert into awooop.mcp_calls (project_id, run_id, call_id, call_key, server, tool_name, args, args_hash, effect,
       is_shadow, result_status, created_at, result)
     select project_id, run_id, gen_random_uuid(), 'k', 'tools', 'tail_log', json_build_object('line', n),
       repeat('0', 64), 'read', false, 'success', created_at + n * interval '1 ms', to_json('line ' || n)
     from awooop.runs, generate_series(1, ${CALLS}) n where run_id = '${made?.run_id}'`,
  );
  return String(made?.run_id);
}

const ENGLISH = { locale: "en-US", colorScheme: "light", width: 1440 } as const;
const CHINESE = { locale: "zh-TW", colorScheme: "dark", width: 360 } as const;

async function visit(visitor: Visitor, path: string) {
  const { page, faults, close } = await openSignedIn(browser, visitor, server);
  await page.goto(server.url + path);
  const looksRight = async () => {
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(faults).toEqual([]);
  };
  return { page, looksRight, close };
}

describe("a long run", { timeout: 120_000 }, () => {
  it("opens at its news, is read both ways, opens each call, and grows without moving what one reads", async () => {
    const { page, looksRight, close } = await visit(ENGLISH, `/runs/${run}`);
    const line = (n: number) => page.locator(".story").getByText(`line ${n}`, { exact: true });
    await line(CALLS).waitFor();
    expect(await line(1).count()).toBe(0);
    await page.getByRole("button", { name: "Earlier entries" }).click();
    await line(CALLS - 100).click();
    await page
      .getByRole("complementary")
      .getByText(`line ${CALLS - 100}`)
      .waitFor();
    const placeOf = async () => (await line(CALLS - 100).boundingBox())?.y ?? Number.NaN;
    const before = await placeOf();
    await server.api(`/runs/${run}/cancel`, { body: { reason: "seen enough" } });
    const news = page.getByRole("button", { name: /new entr/ });
    await news.waitFor();
    await waitFor(async () => Math.abs((await placeOf()) - before) < 2, {
      timeoutMs: 15_000,
      what: "the line that is read to stand where it stood",
    });
    await news.click();
    await page.locator("a.ev:focus").filter({ hasText: "seen enough" }).waitFor();
    await page.getByRole("button", { name: "From the beginning" }).click();
    await line(1).waitFor();
    await looksRight();
    await page.getByRole("button", { name: "To the newest entries" }).click();
    await line(CALLS).waitFor();
    await close();
  });

  it("opens at the entry that a link names, wherever that is, and is read both ways from there", async () => {
    const [call] = await queryRows(
      database.adminUrl,
      `select call_id from awooop.mcp_calls where run_id = '${run}' and args ->> 'line' = '150'`,
    );
    const link = `/runs/${run}?entry=mcp:${call?.call_id}`;
    const { page, looksRight, close } = await visit(ENGLISH, link);
    const line = (n: number) => page.locator(".story").getByText(`line ${n}`, { exact: true });
    await page.getByRole("complementary").getByText("line 150").waitFor();
    await waitFor(
      async () => {
        const { y = -1 } = (await line(150).boundingBox()) ?? {};
        return y > 100 && y < 800;
      },
      { timeoutMs: 15_000, what: "the line to stand in view" },
    );
    expect(await line(CALLS).count()).toBe(0);
    await looksRight();
    await page.getByRole("button", { name: "Earlier entries" }).click();
    await line(95).waitFor();
    await page.mouse.move(400, 400);
    await page.mouse.wheel(0, 20_000);
    await line(205).waitFor();
    await page.getByRole("button", { name: "To the newest entries" }).click();
    await line(CALLS).waitFor();
    await close();
    // On a phone its details cover the page.
    const phone = await visit(CHINESE, link);
    await phone.page.getByRole("dialog").getByText("line 150").waitFor();
    await phone.close();
  });

  it("is taken along whole, with what was asked and what the audit log has of it", async () => {
    const { page, close } = await visit(ENGLISH, `/runs/${run}`);
    const take = async () => {
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download the whole run as JSON" }).click(),
      ]);
      return JSON.parse(await readFile(await file.path(), "utf8"));
    };
    const long = await take();
    await page.getByText(/Downloaded with 40\d entries/).waitFor();
    expect(long).toMatchObject({ is_complete: true, truncated: { timeline: false } });
    expect(long.timeline).toHaveLength(long.counts.timeline);
    const lines = long.mcp_calls.map(({ args }: { args: { line: number } }) => args.line);
    expect(lines).toEqual(Array.from({ length: CALLS }, (_, at) => at + 1));
    const asked = await questions.ask();
    await server.api(`/approvals/${asked.runId}/decide`, {
      body: { project_id: questions.project, decision: "reject", reason: "not now" },
    });
    await page.goto(`${server.url}/runs/${asked.runId}`);
    const short = await take();
    expect(short.approvals).toMatchObject([{ approval_id: asked.approvalId, status: "rejected" }]);
    const actions = short.audit_log.map(({ action }: { action: string }) => action);
    expect(actions).toContain("run.approval.reject");
    await close();
  });

  it("says that a link names an entry it does not have, and opens at its news", async () => {
    const { page, close } = await visit(CHINESE, `/runs/${run}?entry=mcp:${run}`);
    await page.getByText("網址所指的項目不在此執行中。").waitFor();
    await page.locator(".story").getByText(`line ${CALLS}`, { exact: true }).waitFor();
    const short = await questions.ask();
    await page.goto(`${server.url}/runs/${short.runId}?entry=mcp:${run}`);
    await page.getByText("網址所指的項目不在此執行中。").waitFor();
    await close();
  });
});
