import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { type RawBuilder, sql } from "kysely";
import {
  type ApiEnv,
  type Caller,
  projectsTable,
  requireRole,
  scopeOf,
} from "../identity/index.ts";
import { countRows } from "../platform/database/count.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { answers, type Cursors, newApi, problems } from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";
import {
  type ApprovalListQuery,
  approvalListAnswer,
  approvalListQuery,
  type OpenApproval,
} from "./list-contract.ts";

const PER_PAGE = 50;

const route = createRoute({
  method: "get",
  path: "/approvals",
  tags: ["approvals"],
  summary: "List what waits for a person, oldest question first",
  request: { query: approvalListQuery },
  responses: { 200: answers("Open questions", approvalListAnswer), ...problems(401, 403, 422) },
});

/** `GET /approvals`. */
export function approvalListRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const caller = c.get("caller");
    requireRole(caller, "viewer");
    const { cursor, limit = PER_PAGE, ...filters } = c.req.valid("query");
    const binding = ["approvals", filters, caller.keyId];
    const after = cursor === undefined ? undefined : deps.cursors.decode(binding, cursor);
    const wanted = { caller, filters };
    const { rows, total, decisions } = await deps.db.transaction(
      scopeOf(caller),
      async (tx) => {
        const rows = await readPage(tx, wanted, limit, after);
        return {
          rows,
          total: await countOpen(tx, wanted),
          decisions: await readDecisions(tx, rows),
        };
      },
      { snapshot: true },
    );
    const approvals = rows.slice(0, limit).map((row) => listed(row, decisions, c.get("language")));
    const last = rows.length > limit ? approvals.at(-1) : undefined;
    return c.json(
      {
        approvals,
        total: total.count,
        items: approvals,
        total_is_exact: total.isExact,
        next_cursor: last ? deps.cursors.encode(binding, [last.asked_at, last.approval_id]) : null,
      },
      200,
    );
  });
}

interface Wanted {
  caller: Caller;
  filters: Pick<ApprovalListQuery, "project_id" | "run_id">;
}

const projectsOf = ({ caller, filters }: Wanted) => projectsTable(caller, filters.project_id);

/** The open questions of a project's waiting runs, `a` and `r`. */
function openOnes({ filters }: Wanted): RawBuilder<unknown> {
  const ofRun = filters.run_id === undefined ? sql`true` : sql`a.run_id = ${filters.run_id}::uuid`;
  return sql`approvals a join runs r using (project_id, run_id)
    where a.project_id = p.project_id and a.status = 'open' and r.state = 'waiting_approval' and ${ofRun}`;
}

type Words = { en?: string; "zh-TW"?: string } | null;
type Row = Omit<OpenApproval, "headline" | "blast_radius" | "estimate" | "decisions"> & {
  headline: Words;
  blast_radius: Words;
  estimate: Words;
};

/** One page and one question more; each project gives its oldest questions from its own index. */
async function readPage(
  tx: Tx,
  wanted: Wanted,
  limit: number,
  after: (string | number)[] | undefined,
): Promise<Row[]> {
  const fromHere = after
    ? sql`and (a.created_at, a.approval_id) > (${after[0]}::timestamptz, ${after[1]}::uuid)`
    : sql.raw("");
  const { rows } = await sql<Row>`
    select oldest.* from ${projectsOf(wanted)} cross join lateral (
      select a.run_id, a.project_id, a.agent_id, r.created_at, r.timeout_at, a.approval_id, a.tool_name as tool, a.server,
        coalesce(a.approved_args_display, a.args_display) as arguments, coalesce(a.approved_hash, a.asked_hash) as args_hash,
        a.approved_args_display is not null as edited, a.round, a.effect, a.headline, a.blast_radius, a.estimate, a.undoable,
        a.agent_reason, a.rule, r.title as run_title, a.created_at as asked_at, a.expires_at, a.redeem_seconds, a.on_reject,
        a.on_expire, a.quorum, a.cost_usd, r.cost_usd as run_cost_usd, r.is_shadow,
        a.expires_at <= clock_timestamp() as expired, a.verdicts, a.status
      from ${openOnes(wanted)} ${fromHere}
      order by a.created_at, a.approval_id limit ${limit + 1}
    ) oldest
    order by asked_at, approval_id limit ${limit + 1}`.execute(tx);
  return rows;
}

function countOpen(tx: Tx, wanted: Wanted): Promise<{ count: number; isExact: boolean }> {
  return countRows(
    tx,
    (limit) => sql`select 1 from ${projectsOf(wanted)} cross join lateral (
      select 1 from ${openOnes(wanted)} ${limit}) open`,
  );
}

type DecisionsById = ReadonlyMap<string, OpenApproval["decisions"]>;

async function readDecisions(tx: Tx, questions: readonly Row[]): Promise<DecisionsById> {
  if (questions.length === 0) return new Map();
  const rows = await tx
    .selectFrom("approval_decisions")
    .select(["approval_id", "actor_id", "decision", "reason", "created_at", "round"])
    .where("project_id", "in", [...new Set(questions.map((question) => question.project_id))])
    .where(
      "approval_id",
      "in",
      questions.map((question) => question.approval_id),
    )
    .orderBy("created_at")
    .orderBy("decision_id")
    .execute();
  const rounds = new Map(questions.map(({ approval_id, round }) => [approval_id, round]));
  const byId = Map.groupBy(rows, (row) => row.approval_id);
  return new Map(
    [...byId].map(([id, group]) => [
      id,
      group.map(({ actor_id, decision, reason, created_at, round }) => ({
        actor: actor_id,
        decision,
        reason: redact(reason),
        at: created_at,
        counts: round === rounds.get(id),
      })),
    ]),
  );
}

function listed(
  row: Row,
  decisions: DecisionsById,
  language: ApiEnv["Variables"]["language"],
): OpenApproval {
  const words = (texts: Words) => texts?.[language] ?? texts?.en ?? null;
  return redact({
    ...row,
    headline: words(row.headline) ?? plainHeadline(row, language),
    blast_radius: words(row.blast_radius),
    estimate: words(row.estimate),
    decisions: decisions.get(row.approval_id) ?? [],
  }) as OpenApproval;
}

function plainHeadline(
  { tool, server }: { tool: string; server: string },
  language: "en" | "zh-TW",
): string {
  return language === "zh-TW" ? `要在 ${server} 上執行 ${tool} 嗎？` : `Run ${tool} on ${server}?`;
}
