import type { Actor } from "../audit/index.ts";
import { type AgentBody, type Revision, readAgent, readRevision } from "../contracts/index.ts";
import { type Caller, scopeOf, sees } from "../identity/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { type Project, readProjectToStart } from "../tenants/index.ts";
import { createRuns, type NewRun } from "./create.ts";
import { lowerMode } from "./mode.ts";
import { lockRun, projectOfRun, type RunRow } from "./queries.ts";
import { isFinal } from "./states.ts";
import {
  applyEvent,
  applyEventToAll,
  type RunEffects,
  type TransitionRequest,
} from "./transition.ts";

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

/** Ends a client run for the agent that drives it; the state table decides whether that is possible. */
export async function endClientRun(
  deps: { db: Database; effects: RunEffects },
  caller: Caller,
  run: { runId: string; projectId: string | undefined },
  change: Pick<TransitionRequest, "event" | "patch">,
): Promise<RunRow> {
  return deps.db.transaction(scopeOf(caller), async (tx) => {
    const found = await runOfCaller(tx, caller, run.runId, run.projectId);
    if (found.driver !== "client") {
      throw new AppError(
        "E-RUN-STATE",
        "A worker drives this run; only its client may end a client run.",
        {
          extra: { state: found.state },
        },
      );
    }
    return applyEvent(tx, deps.effects, found, { ...change, actor: caller.actor });
  });
}

/** Who acts on a run, and why. */
export interface By {
  actor: Actor;
  reason: string;
}

type ByPerhapsWhy = Pick<By, "actor"> & Partial<By>;

/**
 * Cancels a run that the transaction has locked.
 *
 * @throws AppError E-RUN-STATE when it is over
 */
export async function cancelRun(tx: Tx, effects: RunEffects, run: RunRow, by: By): Promise<RunRow> {
  return applyEvent(tx, effects, run, cancelling(by));
}

/** As `cancelRun`, for several locked runs of a project of which none is over. */
export async function cancelRuns(
  tx: Tx,
  effects: RunEffects,
  runs: readonly RunRow[],
  by: By,
): Promise<void> {
  await applyEventToAll(tx, effects, runs, cancelling(by));
}

function cancelling({ actor, reason }: By) {
  const patch = { error_detail: `cancelled by ${actor.id}: ${reason}` };
  return { event: "cancel", actor, reason, patch } as const;
}

/**
 * Makes a new run of an ended worker run, which the transaction has locked, with `retry_of`, the same trigger and the
 * same pinned revision: alone, or as one of many.
 *
 * @throws AppError E-RUN-STATE while the run is not over, and for client runs; E-TENANT-INACTIVE, E-TENANT-LEGACY;
 *   E-RUN-ERASED when what it began with is no longer kept
 */
export async function retryRun(
  tx: Tx,
  effects: RunEffects,
  old: RunRow,
  by: ByPerhapsWhy,
): Promise<RunRow> {
  const why = retryRefusalOf(old);
  if (why) throw why;
  const [made] = await retryRuns(tx, effects, [old], by);
  if (!made) throw new Error(`run ${old.run_id} was not started anew`);
  return made;
}

/** Why a run can't be started anew, as far as the run itself tells. */
export function retryRefusalOf(old: RunRow): AppError | undefined {
  const extra = { state: old.state };
  if (old.driver === "client") {
    const words = "A client run is never retried: its client drives it.";
    return new AppError("E-RUN-STATE", words, { extra });
  }
  if (!isFinal(old.state)) {
    const words = `The run is ${old.state}; only one that is over can be retried.`;
    return new AppError("E-RUN-STATE", words, { extra });
  }
  if (old.payload_erased_at !== null) {
    return new AppError(
      "E-RUN-ERASED",
      `What the run began with was erased at ${old.payload_erased_at}, so it can't be started anew.`,
    );
  }
  return undefined;
}

/**
 * As `retryRun`, for several locked runs of a project that `retryRefusalOf` speaks against none of.
 *
 * @returns the new runs; `retry_of` says which is whose
 * @throws AppError E-TENANT-INACTIVE, E-TENANT-LEGACY
 */
export async function retryRuns(
  tx: Tx,
  effects: RunEffects,
  olds: readonly RunRow[],
  by: ByPerhapsWhy,
): Promise<RunRow[]> {
  const [first] = olds;
  const project = first && (await readProjectToStart(tx, first.project_id));
  if (!project) throw new AppError("E-NOT-FOUND", UNKNOWN);
  const news: Omit<NewRun, "actor" | "reason">[] = [];
  for (const [revisionId, some] of Map.groupBy(olds, ({ revision_id }) => revision_id)) {
    const revision = await readRevision(tx, project.project_id, revisionId);
    if (!revision) throw new AppError("E-NOT-FOUND", UNKNOWN);
    const agent = readAgent(revision);
    for (const old of some) news.push(anew(old, agent, project));
  }
  return createRuns(tx, effects, news, by);
}

function anew(
  old: RunRow,
  agent: Revision<AgentBody>,
  project: Project,
): Omit<NewRun, "actor" | "reason"> {
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
  return {
    projectId: old.project_id,
    agent,
    driver: "worker",
    isShadow: old.is_shadow || mode === "shadow",
    title: old.title,
    triggerType: old.trigger_type ?? "retry",
    triggerRef: old.trigger_ref,
    input: old.input,
    retryOf: old.run_id,
    caseId: old.case_id,
  };
}
