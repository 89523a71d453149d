import { sql } from "kysely";
import { appendAudit, systemActor } from "../audit/index.ts";
import { settle } from "../budgets/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { inTurn } from "../platform/in-turn.ts";
import { addCost, lockRun } from "../runs/index.ts";
import { finishCall } from "./records.ts";

const SWEEPER = systemActor("sweeper");

interface Lost {
  project_id: string;
  run_id: string;
  call_id: string;
  tool_name: string;
  effect: string;
}

/**
 * Declares the executing calls of a run lost, as part of taking the run from its worker: nobody is left to say how they
 * ended. A write is `unknown` and its money stays spent; a read failed and may be made again.
 */
export async function declareLost(tx: Tx, projectId: string, runId: string): Promise<void> {
  const lost = await tx
    .selectFrom("mcp_calls")
    .select(["project_id", "run_id", "call_id", "tool_name", "effect"])
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId)
    .where("result_status", "=", "executing")
    .execute();
  for (const call of lost) await declareOne(tx, call);
}

async function declareOne(tx: Tx, call: Lost): Promise<void> {
  const isWrite = call.effect === "write";
  const { project_id: projectId, call_id: callId } = call;
  const how = isWrite ? "spent" : "released";
  const spent = (await settle(tx, [{ projectId, callId, how }])).get(callId) ?? 0;
  const reason = isWrite
    ? `The server stopped while ${call.tool_name} was on its way: nobody knows whether it happened. It is not sent again by itself.`
    : `The server stopped while ${call.tool_name} was on its way.`;
  const wasExecuting = await finishCall(tx, {
    projectId: call.project_id,
    runId: call.run_id,
    callId: call.call_id,
    status: isWrite ? "unknown" : "error",
    errorCode: isWrite ? "E-CALL-UNKNOWN" : "E-CALL-LOST",
    reason,
    costUsd: spent,
  });
  if (!wasExecuting) return;
  await addCost(tx, call.project_id, call.run_id, spent);
  await appendAudit(tx, {
    projectId: call.project_id,
    actor: SWEEPER,
    action: isWrite ? "call.unknown" : "call.lost",
    subject: { kind: "call", id: call.call_id },
    details: { run_id: call.run_id, tool: call.tool_name },
  });
}

/**
 * Declares calls lost that are past their deadline, whoever made them.
 *
 * @throws AggregateError with those that could not be
 */
export async function sweepLostCalls(db: Database): Promise<void> {
  const due = await db.transaction({ role: "system" }, (tx) =>
    tx
      .selectFrom("mcp_calls")
      .select(["project_id", "run_id", "call_id", "tool_name", "effect"])
      .where("result_status", "=", "executing")
      // Not `clock_timestamp()`, for which an index can't be searched.
      .where("deadline_at", "<", sql<string>`now()`)
      .orderBy("deadline_at")
      .limit(500)
      .execute(),
  );
  await inTurn(due, (call) =>
    db.transaction({ role: "app", projects: [call.project_id] }, async (tx) => {
      await lockRun(tx, call.project_id, call.run_id);
      await declareOne(tx, call);
    }),
  );
}
