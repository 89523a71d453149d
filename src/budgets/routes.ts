import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { appendAudit } from "../audit/index.ts";
import { readAgent, readRevision } from "../contracts/index.ts";
import { type ApiEnv, answerOnce, type Caller, scopeOf } from "../identity/index.ts";
import { text, uuid } from "../platform/contract.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError, inputErrorAt } from "../platform/errors.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import { addCost, agentOf, isFinal, type RunRow, runOfCaller } from "../runs/index.ts";
import { agentAccounts, limitsOf } from "./accounts.ts";
import { spend } from "./budgets.ts";
import { type Usage, usageAnswer, usageBody } from "./contract.ts";

/** What a run may cost in all, so that it stays within numeric(14,6). */
const MOST_COST_USD = 90_000_000;

const usage = createRoute({
  method: "post",
  path: "/runs/{run_id}/usage",
  summary: "Book what a model cost on a client run (with the agent's key)",
  request: {
    params: z.object({ run_id: uuid }),
    headers: z.object({ "idempotency-key": text(1, 255).optional() }),
    body: { content: { "application/json": { schema: usageBody } }, required: true },
  },
  responses: {
    200: answers("What the run has cost so far", usageAnswer),
    ...problems(401, 403, 404, 409, 422),
  },
});

/** What agents report of their spending; to be mounted under /api/v1. */
export function budgetRoutes(deps: { db: Database }) {
  return newApi<ApiEnv>().openapi(usage, async (c) => {
    const { project_id, ...used } = c.req.valid("json");
    const { caller } = c.var;
    agentOf(caller);
    const answer = await deps.db.transaction(scopeOf(caller), async (tx) => {
      const run = await runOfCaller(tx, caller, c.req.valid("param").run_id, project_id);
      const repeatable = {
        projectId: run.project_id,
        keyId: caller.keyId,
        idempotencyKey: c.req.valid("header")["idempotency-key"],
        request: { usage: used, run_id: run.run_id },
      };
      return answerOnce(tx, repeatable, () => book(tx, caller, run, used));
    });
    return c.json(answer, 200);
  });
}

/** Books what was used on the run, whose row the transaction holds. */
async function book(tx: Tx, caller: Caller, run: RunRow, used: Usage) {
  const { project_id, run_id } = run;
  if (isFinal(run.state)) {
    throw new AppError("E-RUN-STATE", `The run is ${run.state}.`, { extra: { state: run.state } });
  }
  refuseBeyondAllMoney(run.cost_usd + used.cost_usd);
  const revision = await readRevision(tx, project_id, run.revision_id);
  if (!revision) throw new AppError("E-NOT-FOUND", "The run's contract is gone.");
  const agent = readAgent(revision).body;
  const mine = { projectId: project_id, scope: "run", subject: run_id, period: "run" } as const;
  const windows = agentAccounts({ projectId: project_id, agentId: run.agent_id, agent });
  await spend(tx, { ...mine, limits: limitsOf(agent) }, windows, used.cost_usd);
  const cost_usd = await addCost(tx, project_id, run_id, used.cost_usd);
  await appendAudit(tx, {
    projectId: project_id,
    actor: caller.actor,
    action: "run.usage",
    subject: { kind: "run", id: run_id },
    details: used,
  });
  return { run_id, project_id, cost_usd };
}

/** Many bills that are each within bounds can still add up to more than the database's numbers hold. */
function refuseBeyondAllMoney(costUsd: number): void {
  if (costUsd <= MOST_COST_USD) return;
  throw inputErrorAt("body.cost_usd", "cost_beyond_all", { max: MOST_COST_USD });
}
