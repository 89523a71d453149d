import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import type { Actor } from "../audit/index.ts";
import type { AgentBody, Revision } from "../contracts/index.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { newId } from "../platform/ids.ts";
import { redact } from "../platform/redact.ts";
import type { RunRow } from "./queries.ts";
import { type RunEffects, recordTransitions } from "./transition.ts";

const TITLE_MAX = 300;

export interface NewRun {
  projectId: string;
  /** The agent's revision; the run keeps it to its end. */
  agent: Revision<AgentBody>;
  driver: "worker" | "client";
  isShadow: boolean;
  title: string;
  triggerType: string;
  triggerRef?: string | null;
  /** The case of events that it is about. */
  caseId?: string | null;
  /** What the agent starts from: the alert, the message, the client's input. */
  input?: unknown;
  traceId?: string;
  actor: Actor;
  /** Why, where somebody said so. */
  reason?: string;
  retryOf?: string;
  sessionKey?: string | null;
  /** The key that drives a client run. */
  openedBy?: string;
}

/**
 * Creates a run, with its first transition, audit entry and, for a worker run, the job that starts it, in the caller's
 * transaction. A client run is born `running`.
 */
export async function createRun(tx: Tx, effects: RunEffects, run: NewRun): Promise<RunRow> {
  const [row] = await createRuns(tx, effects, [run], run);
  if (!row) throw new Error("the run was not created");
  return row;
}

/** As `createRun`, for at least one run, all by the same actor. */
export async function createRuns(
  tx: Tx,
  effects: RunEffects,
  runs: readonly Omit<NewRun, "actor" | "reason">[],
  { actor, reason }: Pick<NewRun, "actor" | "reason">,
): Promise<RunRow[]> {
  const rows = (await tx
    .insertInto("runs")
    .values(runs.map(rowOf))
    .returningAll()
    .execute()) as RunRow[];
  await recordTransitions(
    tx,
    rows.map((row) => ({ before: row, after: row })),
    { event: "create", actor, ...(reason === undefined ? {} : { reason }) },
  );
  const forWorkers = rows
    .filter(({ driver }) => driver === "worker")
    .map(({ project_id, run_id }) => ({ project_id, run_id }));
  if (forWorkers.length > 0) await effects.send(tx, "run.execute", forWorkers);
  return rows;
}

function rowOf(run: Omit<NewRun, "actor" | "reason">) {
  const isClient = run.driver === "client";
  const { limits } = run.agent.body;
  const now = sql<string>`clock_timestamp()`;
  return {
    run_id: newId(),
    project_id: run.projectId,
    agent_id: run.agent.contract_id,
    revision_id: run.agent.revision_id,
    driver: run.driver,
    state: isClient ? "running" : "pending",
    // As it is stored it can be searched: a secret in it could be found out by its beginnings.
    title: [...redact(run.title)].slice(0, TITLE_MAX).join(""),
    is_shadow: run.isShadow,
    trace_id: run.traceId ?? randomBytes(16).toString("hex"),
    trigger_type: run.triggerType,
    trigger_ref: run.triggerRef ?? null,
    case_id: run.caseId ?? null,
    session_key: run.sessionKey ?? null,
    opened_by: run.openedBy ?? null,
    input: run.input === undefined ? null : jsonb(run.input),
    attempt_count: isClient ? 1 : 0,
    max_attempts: isClient ? 1 : limits.max_attempts,
    retry_of: run.retryOf ?? null,
    started_at: isClient ? now : null,
    heartbeat_at: isClient ? now : null,
    timeout_at: isClient
      ? null
      : sql<string>`clock_timestamp() + make_interval(secs => ${limits.timeout_seconds})`,
  };
}
