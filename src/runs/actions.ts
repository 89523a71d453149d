import type { Actor } from "../audit/index.ts";
import { readAgent, readRevision } from "../contracts/index.ts";
import { type Caller, scopeOf, sees } from "../identity/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { readProject } from "../tenants/index.ts";
import { createRun } from "./create.ts";
import { lowerMode } from "./mode.ts";
import { lockRun, projectOfRun, type RunRow } from "./queries.ts";
import { isFinal } from "./states.ts";
import { type RunEffects, type TransitionRequest, transition } from "./transition.ts";

const UNKNOWN = "There is no such run, or not in this project.";

/**
 * Finds the run a caller names, in a transaction with the caller's rights, and holds its row. An agent's key sees only
 * the client runs it opened.
 *
 * @throws AppError E-NOT-FOUND, in the same words for a run that does not exist and one the caller may not see
 */
export async function runOfCaller(
  tx: Tx,
  caller: Caller,
  runId: string,
  projectId: string | undefined,
): Promise<RunRow> {
  const project = projectId ?? (await projectOfRun(tx, runId));
  const run =
    project !== undefined && sees(caller, project) ? await lockRun(tx, project, runId) : undefined;
  const isMine =
    caller.role !== "agent" || (run?.driver === "client" && run.opened_by === caller.keyId);
  if (!run || !isMine) throw new AppError("E-NOT-FOUND", UNKNOWN);
  return run;
}

/** Changes a run's state for a caller; the state table decides whether that is possible. */
export async function actOnRun(
  deps: { db: Database; effects: RunEffects },
  caller: Caller,
  run: { runId: string; projectId: string | undefined },
  change: Pick<TransitionRequest, "event" | "reason" | "patch"> & { driver?: "client" },
): Promise<RunRow> {
  return deps.db.transaction(scopeOf(caller), async (tx) => {
    const found = await runOfCaller(tx, caller, run.runId, run.projectId);
    if (change.driver !== undefined && found.driver !== change.driver) {
      throw new AppError(
        "E-RUN-STATE",
        "A worker drives this run; only its client may end a client run.",
        {
          extra: { state: found.state },
        },
      );
    }
    const { driver: _, ...rest } = change;
    return transition(tx, deps.effects, {
      ...rest,
      projectId: found.project_id,
      runId: found.run_id,
      actor: caller.actor,
    });
  });
}

/**
 * Makes a new run of an ended worker run, with `retry_of`, the same trigger and the same pinned revision.
 *
 * @throws AppError E-RUN-STATE while the run is not over, and for client runs
 */
export async function retryRun(
  deps: { db: Database; effects: RunEffects },
  caller: Caller,
  run: { runId: string; projectId: string | undefined },
): Promise<RunRow> {
  return deps.db.transaction(scopeOf(caller), async (tx) => {
    const old = await runOfCaller(tx, caller, run.runId, run.projectId);
    if (old.driver === "client") {
      throw new AppError("E-RUN-STATE", "A client run is never retried: its client drives it.", {
        extra: { state: old.state },
      });
    }
    if (!isFinal(old.state)) {
      throw new AppError(
        "E-RUN-STATE",
        `The run is ${old.state}; only one that is over can be retried.`,
        {
          extra: { state: old.state },
        },
      );
    }
    return again(tx, deps.effects, old, caller.actor);
  });
}

async function again(tx: Tx, effects: RunEffects, old: RunRow, actor: Actor): Promise<RunRow> {
  const revision = await readRevision(tx, old.project_id, old.revision_id);
  const project = await readProject(tx, old.project_id);
  if (!revision || !project) throw new AppError("E-NOT-FOUND", UNKNOWN);
  const agent = readAgent(revision);
  const mode = lowerMode(project.migration_mode, agent.body.mode);
  if (!project.is_active) {
    throw new AppError("E-TENANT-INACTIVE", `Project ${old.project_id} is not active.`);
  }
  if (mode === "legacy") {
    throw new AppError(
      "E-TENANT-LEGACY",
      `Project ${old.project_id} starts no runs: it is in legacy mode, or its agent is.`,
    );
  }
  return createRun(tx, effects, {
    projectId: old.project_id,
    agent,
    driver: "worker",
    isShadow: old.is_shadow || mode === "shadow",
    title: old.title,
    triggerType: old.trigger_type ?? "retry",
    triggerRef: old.trigger_ref,
    input: old.input,
    actor,
    retryOf: old.run_id,
  });
}
