import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { sql } from "kysely";
import {
  type ApiEnv,
  type Caller,
  projectsTable,
  requireRole,
  scopeOf,
} from "../identity/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { type List, readList } from "../platform/database/list.ts";
import {
  answers,
  type Cursors,
  newApi,
  openPage,
  problems,
  timeAndId,
} from "../platform/http/index.ts";
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
    const { caller } = c.var;
    requireRole(caller, "viewer");
    const { cursor, limit = PER_PAGE, ...filters } = c.req.valid("query");
    const binding = ["approvals", filters, caller.keyId];
    const paging = openPage(deps.cursors, { binding, cursor, limit, position: timeAndId });
    const { rows, total, decisions } = await deps.db.transaction(
      scopeOf(caller),
      async (tx) => {
        const read = await readList<Row>(tx, openQuestions(caller, filters), paging.place);
        return { ...read, decisions: await readDecisions(tx, read.rows) };
      },
      { snapshot: true },
    );
    const page = paging.cut(rows, (row) => [row.asked_at, row.approval_id]);
    const approvals = page.rows.map((row) => listed(row, decisions, c.var.language));
    return c.json(
      {
        approvals,
        total: total.count,
        items: approvals,
        total_is_exact: total.isExact,
        next_cursor: page.next_cursor,
        prev_cursor: page.prev_cursor,
      },
      200,
    );
  });
}

type Filters = Pick<ApprovalListQuery, "project_id" | "run_id">;

/** The open questions of waiting runs, oldest first. */
const openQuestions = (caller: Caller, { project_id, run_id }: Filters): List => ({
  table: "approvals",
  projects: projectsTable(caller, project_id),
  columns: sql`a.run_id, a.project_id, a.agent_id, r.created_at, r.timeout_at, a.approval_id, a.tool_name as tool, a.server,
    coalesce(a.approved_args_display, a.args_display) as arguments, coalesce(a.approved_hash, a.asked_hash) as args_hash,
    a.approved_args_display is not null as edited, a.round, a.effect, a.headline, a.blast_radius, a.estimate, a.undoable,
    a.agent_reason, a.rule, r.title as run_title, a.created_at as asked_at, a.expires_at, a.redeem_seconds, a.on_reject,
    a.on_expire, a.quorum, a.cost_usd, r.cost_usd as run_cost_usd, r.is_shadow,
    a.expires_at <= clock_timestamp() as expired, a.verdicts,
    case when a.expires_at <= clock_timestamp() then 'expired' else a.status end as status`,
  // Each question's run is looked up by itself: so they come in their order, and no more than are wanted.
  from: sql`approvals a cross join lateral (
      select title, created_at, timeout_at, cost_usd, is_shadow from runs
      where project_id = a.project_id and run_id = a.run_id and state = 'waiting_approval' limit 1
    ) r
    where a.project_id = p.project_id and a.status = 'open'
      and ${run_id === undefined ? sql`true` : sql`a.run_id = ${run_id}::uuid`}`,
  by: { asked_at: sql`a.created_at`, approval_id: sql`a.approval_id` },
  order: "asc",
});

type Words = { en?: string; "zh-TW"?: string } | null;
type Row = Omit<OpenApproval, "headline" | "blast_radius" | "estimate" | "decisions"> & {
  headline: Words;
  blast_radius: Words;
  estimate: Words;
};

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
