import { type Selectable, sql } from "kysely";
import { announce } from "../platform/database/changes.ts";
import { type DB, jsonb, type Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { lockRun, requireFence } from "./queries.ts";

/** An entry of a run's journal. */
export type StepRow = Selectable<DB["run_steps"]>;
export type StepKind = "tool_call" | "check" | "message" | "decision" | "note";
export type StepStatus =
  | "pending"
  | "success"
  | "error"
  | "blocked"
  | "skipped"
  | "simulated"
  | "unknown";

/** The journal of a run, in order. */
export async function readSteps(tx: Tx, projectId: string, runId: string): Promise<StepRow[]> {
  return tx
    .selectFrom("run_steps")
    .selectAll()
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId)
    .orderBy("step_seq")
    .execute();
}

export interface NewStep {
  projectId: string;
  runId: string;
  /** The holder's fence; a step of a decision has none. */
  fence?: number;
  stepKey: string;
  kind: StepKind;
  toolName?: string;
  /** `pending` unless given; any other status completes the step at once. */
  status?: StepStatus;
  input?: unknown;
  output?: unknown;
  summary?: string;
  blockReason?: string;
  errorCode?: string;
  approvalId?: string;
}

/**
 * Appends to a run's journal; the sequence has no holes because the run's row is locked while its number is taken.
 *
 * @throws AppError E-RUN-FENCED when a newer holder has the run
 */
export async function appendStep(tx: Tx, step: NewStep): Promise<StepRow> {
  const run = await lockRun(tx, step.projectId, step.runId);
  if (!run) throw new AppError("E-NOT-FOUND", "There is no such run.");
  if (step.fence !== undefined) requireFence(run, step.fence);
  await tx
    .updateTable("runs")
    .set({ step_count: run.step_count + 1 })
    .where("project_id", "=", step.projectId)
    .where("run_id", "=", step.runId)
    .execute();
  const status = step.status ?? "pending";
  const row = await tx
    .insertInto("run_steps")
    .values({
      step_id: newId(),
      project_id: step.projectId,
      run_id: step.runId,
      step_seq: run.step_count + 1,
      step_key: step.stepKey,
      kind: step.kind,
      tool_name: step.toolName ?? null,
      result_status: status,
      block_reason: step.blockReason ?? null,
      error_code: step.errorCode ?? null,
      summary: step.summary ?? null,
      input: step.input === undefined ? null : jsonb(step.input),
      output: step.output === undefined ? null : jsonb(step.output),
      approval_id: step.approvalId ?? null,
      completed_at: status === "pending" ? null : sql<string>`clock_timestamp()`,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await announce(tx, { project_id: step.projectId, kind: "run", id: step.runId });
  return row;
}

export interface StepResult {
  projectId: string;
  runId: string;
  stepId: string;
  status: Exclude<StepStatus, "pending">;
  output?: unknown;
  summary?: string;
  errorCode?: string;
  blockReason?: string;
  wasBlocked?: boolean;
  latencyMs?: number;
  costUsd?: number;
  callId?: string;
}

/** Completes a pending step; one that is complete already stays as it is. */
export async function completeStep(tx: Tx, result: StepResult): Promise<void> {
  await tx
    .updateTable("run_steps")
    .set({
      result_status: result.status,
      output: result.output === undefined ? null : jsonb(result.output),
      summary: result.summary ?? null,
      error_code: result.errorCode ?? null,
      block_reason: result.blockReason ?? null,
      was_blocked: result.wasBlocked ?? false,
      latency_ms: result.latencyMs === undefined ? null : Math.round(result.latencyMs),
      cost_usd: result.costUsd ?? 0,
      call_id: result.callId ?? null,
      completed_at: sql<string>`clock_timestamp()`,
    })
    .where("project_id", "=", result.projectId)
    .where("run_id", "=", result.runId)
    .where("step_id", "=", result.stepId)
    .where("result_status", "=", "pending")
    .execute();
  await announce(tx, { project_id: result.projectId, kind: "run", id: result.runId });
}
