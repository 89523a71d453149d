import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { sql } from "kysely";
import { type ApiEnv, type Caller, scopeOf, sees } from "../identity/index.ts";
import type { Changes } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";
import type { WhyVoid } from "./void.ts";
import { waitForDecision } from "./wait.ts";
import {
  DEFAULT_WAIT_SECONDS,
  type WaitAnswer,
  waitAnswer,
  waitParams,
  waitQuery,
} from "./wait-contract.ts";
import { createWaiters } from "./waiters.ts";

const route = createRoute({
  method: "get",
  path: "/approvals/{approval_id}/wait",
  tags: ["approvals"],
  summary: "Wait until a question is decided",
  description:
    "Answers as soon as the question is decided, expired or void, or with `open` when the time ran out. For the agent's key whose run asked, and for people who may see the project.",
  request: { params: waitParams, query: waitQuery },
  responses: {
    200: answers("How the question stands", waitAnswer),
    ...problems(401, 403, 404, 422, 429),
  },
});

export interface WaitDeps {
  db: Database;
  changes: Changes;
  whyVoid: WhyVoid;
  /** No request is held for longer than this, in seconds. */
  longestHoldSeconds: number;
}

interface Wanted {
  approvalId: string;
  projectId: string | undefined;
}

/** `GET /approvals/{approval_id}/wait`, and how to tell all who wait, before the server stops, how it stands now. */
export function createWaiting(deps: WaitDeps): {
  routes: OpenAPIHono<ApiEnv>;
  close(): Promise<void>;
} {
  const waiters = createWaiters();
  const routes = newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    const { project_id: projectId, timeout_seconds: seconds } = c.req.valid("query");
    const wanted = { approvalId: c.req.valid("param").approval_id, projectId };
    const first = await look(deps.db, caller, wanted);
    const timeoutMs = 1_000 * Math.min(seconds ?? DEFAULT_WAIT_SECONDS, deps.longestHoldSeconds);
    if (first.answer.status !== "open" || timeoutMs === 0) return c.json(first.answer, 200);
    const { closing, leave } = waiters.enter(caller.keyId);
    try {
      const question = { projectId: first.projectId, approvalId: wanted.approvalId };
      const signal = AbortSignal.any([c.req.raw.signal, closing]);
      await waitForDecision(deps, question, { timeoutMs, signal });
    } finally {
      leave();
    }
    return c.json((await look(deps.db, caller, wanted)).answer, 200);
  });
  return { routes, close: async () => waiters.close() };
}

type Row = WaitAnswer & { project_id: string; void_reason: string | null };

/** @throws AppError E-NOT-FOUND, in the same words for a question that there is not and for one that is not the caller's */
async function look(
  db: Database,
  caller: Caller,
  { approvalId, projectId }: Wanted,
): Promise<{ projectId: string; answer: WaitAnswer }> {
  const isTheirs = projectId === undefined || sees(caller, projectId);
  const row = isTheirs
    ? await db.transaction(scopeOf(caller), (tx) => readStanding(tx, approvalId), {
        snapshot: true,
      })
    : undefined;
  const isMine = caller.role !== "agent" || row?.opened_by === caller.keyId;
  if (!row || !isMine || (projectId !== undefined && row.project_id !== projectId)) {
    throw new AppError("E-NOT-FOUND", "There is no such question, or not in this project.");
  }
  const { project_id, void_reason, opened_by, ...answer } = row;
  const why = answer.status === "expired" ? "nobody decided in time" : void_reason;
  return { projectId: project_id, answer: { ...answer, reason: redact(answer.reason ?? why) } };
}

async function readStanding(tx: Tx, approvalId: string) {
  const { rows } = await sql<Row & { opened_by: string | null }>`
    select a.project_id, a.approval_id, a.run_id, r.state as run_state, r.opened_by,
      case when a.status = 'open' and a.expires_at <= clock_timestamp() then 'expired' else a.status end as status,
      d.actor_id as decided_by, d.reason, a.void_reason, a.expires_at,
      case when a.redeemed_at is null then a.redeem_by end as can_redeem_until
    from approvals a
      join runs r on r.project_id = a.project_id and r.run_id = a.run_id
      left join lateral (
        select actor_id, reason from approval_decisions d
        where d.project_id = a.project_id and d.approval_id = a.approval_id
          and a.status in ('approved', 'rejected', 'changes_requested')
        order by d.created_at desc, d.decision_id desc limit 1) as d on true
    where a.approval_id = ${approvalId}`.execute(tx);
  return rows[0];
}
