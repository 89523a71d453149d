import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import {
  type ApiEnv,
  answerOnce,
  type Caller,
  requireProject,
  requireRole,
  scopeOf,
  unknownProject,
} from "../identity/index.ts";
import { text } from "../platform/contract.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, type Cursors, newApi, openPage, problems } from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";
import { readProject } from "../tenants/index.ts";
import {
  type Bulk,
  type BulkFilter,
  bulkListAnswer,
  bulkListQuery,
  bulkParams,
  bulkResultsAnswer,
  bulkResultsQuery,
  bulkSchema,
  type DryRun,
  dryRunSchema,
  type NewBulkBody,
  newBulkBody,
} from "./bulk-contract.ts";
import {
  type BulkPosition,
  type BulkRow,
  countResults,
  findBulk,
  listBulks,
  listResults,
  type ResultPosition,
} from "./bulk-queries.ts";
import { countMatching, startBulk } from "./bulk-start.ts";
import type { RunEffects } from "./transition.ts";

const LIMIT = 50;

const bulkPosition: z.ZodType<BulkPosition> = z.tuple([z.string(), z.uuid()]);
const resultPosition: z.ZodType<ResultPosition> = z.tuple([z.uuid()]);

const create = createRoute({
  method: "post",
  path: "/runs/bulk",
  tags: ["runs"],
  summary: "Cancel or retry all runs of a project that a filter matches",
  request: {
    headers: z.object({ "idempotency-key": text(1, 255).optional() }),
    body: { content: { "application/json": { schema: newBulkBody } }, required: true },
  },
  responses: {
    200: answers("With `dry_run`: how many runs match", dryRunSchema),
    202: answers("The action; it goes on by itself", bulkSchema),
    ...problems(401, 403, 404, 409, 422),
  },
});

const list = createRoute({
  method: "get",
  path: "/runs/bulk",
  tags: ["runs"],
  summary: "Actions on many runs, newest first",
  request: { query: bulkListQuery },
  responses: { 200: answers("A page of actions", bulkListAnswer), ...problems(401, 403, 422) },
});

const show = createRoute({
  method: "get",
  path: "/runs/bulk/{bulk_id}",
  tags: ["runs"],
  summary: "How far an action on many runs has come",
  request: { params: bulkParams },
  responses: { 200: answers("The action", bulkSchema), ...problems(401, 403, 404, 422) },
});

const results = createRoute({
  method: "get",
  path: "/runs/bulk/{bulk_id}/results",
  tags: ["runs"],
  summary: "What became of each run of an action on many",
  request: { params: bulkParams, query: bulkResultsQuery },
  responses: {
    200: answers("A page of results, by run id", bulkResultsAnswer),
    ...problems(401, 403, 404, 422),
  },
});

/** Acting on many runs at once; to be mounted before what takes `/runs/{run_id}`. */
export function bulkRoutes(deps: {
  db: Database;
  effects: RunEffects;
  cursors: Cursors;
}): OpenAPIHono<ApiEnv> {
  const { db, effects, cursors } = deps;
  return newApi<ApiEnv>()
    .openapi(create, async (c) => {
      const { caller } = c.var;
      const body = c.req.valid("json");
      requireRole(caller, "operator");
      requireProject(caller, body.project_id);
      const idempotencyKey = c.req.valid("header")["idempotency-key"];
      const answer = await db.transaction(scopeOf(caller), async (tx) => {
        if (!(await readProject(tx, body.project_id))) throw unknownProject(body.project_id);
        return body.dry_run
          ? dryRun(tx, body)
          : startOnce(tx, effects, caller, body, idempotencyKey);
      });
      return "dry_run" in answer ? c.json(answer, 200) : c.json(answer, 202);
    })
    .openapi(list, async (c) => {
      requireRole(c.var.caller, "viewer");
      return c.json(await listPage(db, cursors, c.var.caller, c.req.valid("query")), 200);
    })
    .openapi(show, async (c) => {
      const { caller } = c.var;
      requireRole(caller, "viewer");
      const bulk = await db.transaction(scopeOf(caller), (tx) =>
        bulkOfCaller(tx, c.req.valid("param").bulk_id),
      );
      return c.json(shown(bulk), 200);
    })
    .openapi(results, async (c) => {
      requireRole(c.var.caller, "viewer");
      const { bulk_id } = c.req.valid("param");
      const page = await resultsPage(db, cursors, c.var.caller, bulk_id, c.req.valid("query"));
      return c.json(page, 200);
    });
}

async function dryRun(tx: Tx, body: NewBulkBody): Promise<DryRun> {
  return { dry_run: true, ...(await countMatching(tx, body.project_id, body.filter)) };
}

function startOnce(
  tx: Tx,
  effects: RunEffects,
  caller: Caller,
  body: NewBulkBody,
  idempotencyKey: string | undefined,
): Promise<Bulk> {
  const { project_id: projectId, action, filter, reason, at_most: atMost } = body;
  const { actor, keyId } = caller;
  const request = ["runs.bulk", body];
  return answerOnce(tx, { projectId, keyId, idempotencyKey, request }, async () => {
    const wanted = { projectId, action, filter, reason, actor, viaKeyId: keyId, atMost };
    return shown(await startBulk(tx, effects, wanted));
  });
}

async function listPage(
  db: Database,
  cursors: Cursors,
  caller: Caller,
  query: z.output<typeof bulkListQuery>,
): Promise<z.input<typeof bulkListAnswer>> {
  const { limit = LIMIT, cursor, project_id: projectId, status } = query;
  const binding = ["runs/bulk", projectId ?? null, status ?? null, caller.keyId];
  const { place, cut } = openPage(cursors, { binding, cursor, limit, position: bulkPosition });
  const { rows, total } = await db.transaction(scopeOf(caller), (tx) =>
    listBulks(tx, { caller, projectId, status, place }),
  );
  const page = cut(rows, (row) => [row.created_at, row.bulk_id]);
  return {
    bulk_actions: page.rows.map(shown),
    total: total.count,
    total_is_exact: total.isExact,
    next_cursor: page.next_cursor,
    prev_cursor: page.prev_cursor,
  };
}

async function resultsPage(
  db: Database,
  cursors: Cursors,
  caller: Caller,
  bulkId: string,
  query: z.output<typeof bulkResultsQuery>,
): Promise<z.input<typeof bulkResultsAnswer>> {
  const { limit = LIMIT, cursor, outcome } = query;
  const binding = ["runs/bulk/results", bulkId, outcome ?? null, caller.keyId];
  const { place, cut } = openPage(cursors, { binding, cursor, limit, position: resultPosition });
  const { bulk, rows } = await db.transaction(
    scopeOf(caller),
    async (tx) => {
      const bulk = await bulkOfCaller(tx, bulkId);
      return { bulk, rows: await listResults(tx, bulk, outcome, place) };
    },
    { snapshot: true },
  );
  const page = cut(rows, ({ run_id }) => [run_id]);
  return {
    results: page.rows.map((row) => ({
      ...row,
      detail: row.detail === null ? null : redact(row.detail),
    })),
    total: countResults(bulk, outcome),
    total_is_exact: true,
    next_cursor: page.next_cursor,
    prev_cursor: page.prev_cursor,
  };
}

async function bulkOfCaller(tx: Tx, bulkId: string): Promise<BulkRow> {
  const bulk = await findBulk(tx, bulkId);
  if (bulk) return bulk;
  throw new AppError("E-NOT-FOUND", "There is no such action on many runs.");
}

function shown(row: BulkRow): Bulk {
  const { total_count, changed_count, refused_count, started_at } = row;
  const dealtWith = changed_count + refused_count;
  const remaining = total_count - dealtWith;
  return {
    bulk_id: row.bulk_id,
    project_id: row.project_id,
    action: row.action,
    filter: redact(row.filter) as BulkFilter,
    reason: redact(row.reason),
    status: row.status,
    actor: row.actor_id,
    total_count,
    changed_count,
    refused_count,
    remaining_count: remaining,
    remaining_seconds: secondsLeft(row, dealtWith, remaining),
    created_at: row.created_at,
    started_at,
    completed_at: row.completed_at,
  };
}

/** By how long those it has dealt with took; the database's clock wrote both times. */
function secondsLeft(row: BulkRow, dealtWith: number, remaining: number): number | null {
  if (remaining === 0) return 0;
  if (row.started_at === null || row.heartbeat_at === null || dealtWith === 0) return null;
  const taken = Date.parse(row.heartbeat_at) - Date.parse(row.started_at);
  return Math.ceil((taken / dealtWith) * (remaining / 1_000));
}
