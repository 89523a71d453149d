import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { seedRevision, seedRun } from "../../test/support/fixtures.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";
import { queryRows } from "../../test/support/server.ts";

type Json = Record<string, unknown>;

let database: TestDatabase;
let api: TestHttp;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestHttp(database.url);
});
afterAll(async () => {
  await api?.close();
  await database?.drop();
});

const admin = (text: string, values?: unknown[]) => queryRows(database.adminUrl, text, values);

async function get(path: string, key = api.adminKey): Promise<Json> {
  const response = await api.send("GET", `/api/v1${path}`, key);
  return { ...((await response.json()) as Json), status: response.status };
}

/** A month before this one, as the API names it. */
async function monthBack(count: number): Promise<string> {
  const [row] = await admin(
    "select to_char(awooop_month() - make_interval(months => $1), 'YYYY-MM') as month",
    [count],
  );
  return String(row?.month);
}

const spent = (project: string, back: number, usd: string) =>
  admin(
    "insert into project_budgets values ($1, awooop_month() - make_interval(months => $2), $3)",
    [project, back, usd],
  );

describe("a project's page", () => {
  it.each([
    [null, "3.5", { limit_usd: null, remaining_usd: null, share: null }],
    [40, "10.1", { limit_usd: 40, remaining_usd: 29.9, share: 0.2525 }],
    [0.3, "0.1", { limit_usd: 0.3, remaining_usd: 0.2, share: 0.3333 }],
    [10, "12.5", { limit_usd: 10, remaining_usd: 0, share: 1.25 }],
    [0, "0", { limit_usd: 0, remaining_usd: 0, share: 1 }],
  ])(
    "holds the month's money against a limit of %j when $%s are spent",
    async (limit, usd, told) => {
      const project = `limit-${String(limit).replace(".", "-")}`;
      await api.project(project, { budget_limit_usd: limit });
      await spent(project, 0, usd);
      await spent(project, 1, "99");
      const page = await get(`/tenants/${project}`);
      expect(page).toMatchObject({ status: 200, project_id: project, retention_ran_at: null });
      expect(page.month).toEqual({ month: await monthBack(0), spent_usd: Number(usd), ...told });
    },
  );

  it("counts the runs that are not over, by state", async () => {
    await api.project("open");
    await api.db.transaction({ role: "platform" }, async (tx) => {
      const { revision_id } = await seedRevision(tx, { project_id: "open" });
      for (const state of ["pending", "running", "running", "waiting_approval"]) {
        await seedRun(tx, { project_id: "open", revision_id, state });
      }
      const over = { state: "completed", completed_at: new Date().toISOString() };
      await seedRun(tx, { project_id: "open", revision_id, ...over });
    });
    expect((await get("/tenants/open")).open_runs).toEqual({
      pending: 1,
      running: 2,
      waiting_approval: 1,
      is_exact: true,
    });
    await admin(`insert into runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id)
      select gen_random_uuid(), project_id, agent_id, revision_id, driver, state, title, false, trace_id
      from runs cross join generate_series(1, 10000) where project_id = 'open' and state = 'pending'`);
    expect((await get("/tenants/open")).open_runs).toMatchObject({
      pending: 10_000,
      running: 2,
      is_exact: false,
    });
  });

  it("is for whoever may see the project; to others there is none", async () => {
    await Promise.all([api.project("mine"), api.project("theirs")]);
    const { key } = await api.key({ role: "viewer", project_ids: ["mine"] });
    expect(await get("/tenants/mine", key)).toMatchObject({ status: 200, project_id: "mine" });
    for (const path of ["/tenants/theirs", "/tenants/theirs/spend"]) {
      const hidden = await get(path, key);
      expect(hidden).toMatchObject({ status: 404, detail: 'There is no project "theirs".' });
      expect({ ...(await get(path.replace("theirs", "nowhere"), key)) }).toEqual({
        ...hidden,
        detail: 'There is no project "nowhere".',
      });
    }
  });
});

describe("what a project spent", () => {
  it("is told month by month, newest first, with what deleted runs left behind", async () => {
    await api.project("shop", { budget_limit_usd: 20 });
    await spent("shop", 0, "1.5");
    await spent("shop", 2, "7.25");
    await spent("shop", 12, "100");
    await admin(`insert into run_totals select 'shop', awooop_month() - interval '2 months', agent, state, shadow,
        3, 12, 10, 1.25
      from (values ('a', 'completed', false), ('a', 'failed', false), ('b', 'completed', true)) as t (agent, state, shadow)`);
    const none = { runs: 0, steps: 0, calls: 0, cost_usd: 0 };
    const year = await get("/tenants/shop/spend");
    expect(year).toMatchObject({ status: 200, project_id: "shop", budget_limit_usd: 20 });
    expect(year.months).toHaveLength(12);
    expect((year.months as Json[]).slice(0, 3)).toEqual([
      { month: await monthBack(0), spent_usd: 1.5, forgotten: none },
      { month: await monthBack(1), spent_usd: 0, forgotten: none },
      {
        month: await monthBack(2),
        spent_usd: 7.25,
        forgotten: { runs: 9, steps: 36, calls: 30, cost_usd: 3.75 },
      },
    ]);
    const longer = (await get("/tenants/shop/spend?months=13")).months as Json[];
    expect(longer.at(-1)).toMatchObject({ month: await monthBack(12), spent_usd: 100 });
  });

  it.each(["0", "121", "1.5", "x"])("is asked for by 1 to 120 months, not %s", async (months) => {
    expect(await get(`/tenants/open/spend?months=${months}`)).toMatchObject({
      status: 422,
      errors: [{ path: "query.months" }],
    });
  });
});
