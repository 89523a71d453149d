import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  askFor,
  caller,
  openReading,
  type Reading,
  seedApproval,
  seedCall,
  seedProject,
  seedRevision,
  seedRun,
} from "../../test/support/fixtures.ts";
import { newId } from "../platform/ids.ts";
import { overviewAnswer } from "./contract.ts";
import { overviewRoutes } from "./index.ts";

let reading: Reading;
let routes: ReturnType<typeof overviewRoutes>;

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

beforeAll(async () => {
  reading = await openReading();
  routes = overviewRoutes(reading);
  await reading.seed(async (tx) => {
    for (const project_id of ["acme", "globex"]) {
      await seedProject(tx, { project_id, budget_limit_usd: project_id === "acme" ? 20 : null });
      const { revision_id } = await seedRevision(tx, { project_id });
      const server = { contract_id: "shop", contract_family: "tool_server" };
      await seedRevision(tx, { project_id, ...server, lifecycle_status: "active" });
      const run = (state: string, ago: number) => {
        const created_at = minutesAgo(ago);
        const isOver = state !== "waiting_approval";
        const of = { project_id, revision_id, state, created_at };
        return seedRun(tx, isOver ? { ...of, completed_at: created_at } : of);
      };
      await run("completed", 90);
      await run("completed", 26 * 60);
      await run("failed", 30);
      await run("timed_out", 20);
      const waiting = await run("waiting_approval", 10);
      const call = (more: Parameters<typeof seedCall>[2]) =>
        seedCall(tx, waiting, { server: "shop", ...more });
      await call({ latency_ms: 120, upstream_ms: 100 });
      await call(stopped(2, "E-CONTRACT-TOOL"));
      await call(stopped(2, "E-CONTRACT-TOOL"));
      await call(stopped(4, "E-RATE"));
      await seedApproval(tx, waiting);
      await sql`insert into project_budgets (project_id, month, spent_usd)
        values (${project_id}, date_trunc('month', now() at time zone 'UTC'), 5)`.execute(tx);
      await sql`insert into freezes (freeze_id, project_id, scope, agent_id, held_by, reason, frozen_by_kind, frozen_by)
        values (${newId()}, ${project_id}, 'agent', 'janitor', 'project', 'looks odd', 'key', 'op')`.execute(
        tx,
      );
    }
  });
  await reading.db.transaction({ role: "app", projects: ["acme"] }, (tx) =>
    sql`insert into tool_server_health (project_id, server_id, process_id, revision_id, state, restarts)
      values ('acme', 'shop', 'one', ${newId()}, 'down', 0)`.execute(tx),
  );
});

const stopped = (block_gate: number, block_code: string) => ({
  block_gate,
  block_code,
  tool_name: "restart",
  result_status: "blocked",
});

afterAll(() => reading?.close());

const acme = caller({ projects: ["acme"] });
const read = (path: string, as = acme) => askFor(routes, path, overviewAnswer, { caller: as });

describe("the overview", () => {
  test("counts what is of the time, by the part and the state", async () => {
    const found = await read("/overview");
    expect(found.part_minutes).toBe(60);
    expect(found.runs).toHaveLength(24);
    const sum = (state: "completed" | "failed" | "timed_out" | "waiting_approval" | "running") =>
      found.runs.reduce((all, part) => all + part[state], 0);
    expect([sum("completed"), sum("failed"), sum("timed_out"), sum("waiting_approval")]).toEqual([
      1, 1, 1, 1,
    ]);
    expect(found.working).toEqual({ pending: 0, running: 0, waiting_approval: 1 });
    expect(found.is_complete).toBe(true);
    const longer = await read("/overview?hours=48");
    expect(longer.runs.reduce((all, part) => all + part.completed, 0)).toBe(2);
    const last = Date.parse(found.runs.at(-1)?.at ?? "");
    expect(last).toBeLessThanOrEqual(Date.now());
    expect(found.runs[0]?.at).toBe(found.since);
  });

  test("says what is wrong, and what the gates stopped most", async () => {
    const found = await read("/overview");
    expect(found.failed_runs.items.map(({ state }) => state)).toEqual(["timed_out", "failed"]);
    expect(found.failed_runs.total).toBe(2);
    expect(found.stops).toEqual([
      {
        gate: 2,
        calls: 2,
        most: { server: "shop", tool_name: "restart", code: "E-CONTRACT-TOOL" },
        most_calls: 2,
      },
      {
        gate: 4,
        calls: 1,
        most: { server: "shop", tool_name: "restart", code: "E-RATE" },
        most_calls: 1,
      },
    ]);
    expect(found.questions).toMatchObject({ open: 1, approved: 0 });
    expect(found.unhealthy_servers.items).toMatchObject([{ server_id: "shop", state: "down" }]);
    expect(found.freezes.items).toMatchObject([{ scope: "agent", agent_id: "janitor" }]);
    expect(found.spend.items).toEqual([
      {
        project_id: "acme",
        display_name: expect.any(String),
        spent_usd: 5,
        reserved_usd: 0,
        limit_usd: 20,
      },
    ]);
    expect(found.latency.at(-1)).toMatchObject({ sampled_calls: 1, p50_ms: 120, own_p95_ms: 20 });
  });

  test("is of the projects that one may see, and of the one that is asked for", async () => {
    const both = caller({ projects: ["acme", "globex"] });
    expect((await read("/overview", both)).spend.total).toBe(2);
    expect((await read("/overview", caller())).freezes.total).toBe(2);
    expect((await read("/overview?project_id=globex", both)).spend.total).toBe(1);
    const others = await ask(routes, "/overview?project_id=globex", { caller: acme });
    const nobodys = await ask(routes, "/overview?project_id=nowhere");
    expect([others.status, nobodys.status]).toEqual([404, 404]);
    const answer = await ask(routes, "/overview?hours=169", { caller: acme });
    expect(answer.status).toBe(422);
  });
});
