import { readRunEvents } from "../channels/index.ts";
import { type AgentBody, readAgent, readRevision } from "../contracts/index.ts";
import { CelError, resolveCel } from "../platform/cel.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { JobData } from "../platform/jobs/index.ts";
import type { Logger } from "../platform/log.ts";
import { claimRun, type RunRow, readSteps, transition, yieldRun } from "../runs/index.ts";
import { readFreeze } from "../tenants/index.ts";
import { type Next, nextOf, variablesOf } from "./journal.ts";
import { type Hold, keepLease } from "./lease.ts";
import { doStep, type StepContext } from "./steps.ts";

export interface AgentDeps extends Pick<StepContext, "db" | "effects" | "call"> {
  log: Logger;
  /** Names this worker on the runs it holds. */
  workerId: string;
}

export interface RunbookAgent {
  /**
   * Works on a `run.execute` job: claims the run if it is free and follows its contract's runbook from where the
   * journal stands, until the run ends, waits for a person, or the signal aborts. A run that is not free is left alone.
   */
  execute(data: JobData["run.execute"], signal: AbortSignal): Promise<void>;
}

/** The agent whose steps are declared in its contract. It calls tools only through the gates. */
export function createRunbookAgent(deps: AgentDeps): RunbookAgent {
  return {
    async execute({ project_id: projectId, run_id: runId }, jobSignal) {
      const { workerId } = deps;
      const begun = await inProject(deps.db, projectId, async (tx) => {
        const claim = { projectId, runId, workerId };
        let read: Omit<Begun, "run"> | undefined;
        const run = await claimRun(tx, claim, async (found) => {
          const [body, standing] = await Promise.all([readBody(tx, found), look(tx, found)]);
          read = { body, standing };
        });
        return run && read && { run, ...read };
      });
      if (!begun) return;
      const { run } = begun;
      const hold: Hold = { projectId, runId, fence: run.fence, workerId };
      const lease = keepLease(deps, hold, jobSignal);
      let isFrozen = false;
      try {
        isFrozen = (await followRunbook(deps, hold, begun, lease.signal)) === "frozen";
      } catch (error) {
        if (!isOver(error) && !lease.signal.aborted) throw error;
        deps.log.info({ run_id: runId, err: error }, "stopped working on a run");
      } finally {
        lease.end();
        if (jobSignal.aborted || isFrozen) await giveBack(deps, hold);
      }
    },
  };
}

const inProject = <T>(db: Database, projectId: string, work: (tx: Tx) => Promise<T>) =>
  db.transaction({ role: "app", projects: [projectId] }, work);

/** Another worker may go on instead of waiting for the lease to run out: at once, or as soon as nothing is frozen. */
async function giveBack(deps: AgentDeps, hold: Hold): Promise<void> {
  await inProject(deps.db, hold.projectId, (tx) => yieldRun(tx, deps.effects, hold));
}

/** Whether somebody else has taken, ended or stopped the run meanwhile. */
function isOver(error: unknown): boolean {
  return (
    error instanceof AppError && (error.code === "E-RUN-FENCED" || error.code === "E-RUN-STATE")
  );
}

/** A run that was claimed, with what it begins from. */
interface Begun {
  run: RunRow;
  body: AgentBody;
  standing: Awaited<ReturnType<typeof look>>;
}

async function followRunbook(
  deps: AgentDeps,
  hold: Hold,
  { run, body, standing }: Begun,
  signal: AbortSignal,
): Promise<"over" | "waiting" | "frozen"> {
  const steps = body.runbook?.steps;
  if (!steps) {
    const detail = "The contract's agent has no runbook, and no other agent works for it.";
    await end(deps, hold, { do: "fail", code: "E-RUN-NO-RUNBOOK", detail }, undefined);
    return "over";
  }
  for (let now = standing; ; ) {
    signal.throwIfAborted();
    const { journal, freeze, came } = now;
    if (freeze) return "frozen";
    const variables = { ...variablesOf(run, steps, journal), ...came };
    const next = nextOf(steps, journal);
    if (next.do !== "step") {
      await finish(deps, hold, next, body, variables);
      return "over";
    }
    const context: StepContext = { ...deps, hold, run, body, variables, signal };
    const done = await doStep(context, next.step, next.pending);
    if (done !== "done") return done;
    now = await inProject(deps.db, run.project_id, (tx) => look(tx, run));
  }
}

/** Where the run stands, what has come in about it, and whether somebody has stopped its agent meanwhile. */
async function look(tx: Tx, run: RunRow) {
  const { project_id: projectId, run_id, agent_id } = run;
  const [journal, freeze, came] = await Promise.all([
    readSteps(tx, projectId, run_id),
    readFreeze(tx, projectId, agent_id),
    readRunEvents(tx, run),
  ]);
  return { journal, freeze, came };
}

async function readBody(tx: Tx, run: RunRow): Promise<AgentBody> {
  const revision = await readRevision(tx, run.project_id, run.revision_id);
  if (!revision) throw new Error(`revision ${run.revision_id} of run ${run.run_id} is gone`);
  return readAgent(revision).body;
}

type Ending = Exclude<Next, { do: "step" }>;

/** Ends the run as the journal says; its result is computed from all that was done. */
async function finish(
  deps: AgentDeps,
  hold: Hold,
  ending: Ending,
  body: AgentBody,
  variables: Record<string, unknown>,
): Promise<void> {
  if (ending.do === "fail") return end(deps, hold, ending, undefined);
  if (ending.stopped) {
    const { key, message } = ending.stopped;
    return end(deps, hold, ending, { stopped_at: key, message });
  }
  try {
    const result = resolveCel(body.runbook?.result ?? null, variables);
    await end(deps, hold, ending, result);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const detail = `The runbook's result: ${error.message}`;
    await end(deps, hold, { do: "fail", code: "E-RUN-EXPRESSION", detail }, undefined);
  }
}

async function end(deps: AgentDeps, hold: Hold, ending: Ending, result: unknown): Promise<void> {
  const { projectId, runId, fence, workerId } = hold;
  const isFailure = ending.do === "fail";
  const reason = isFailure ? ending.detail : ending.stopped?.message;
  await inProject(deps.db, projectId, (tx) =>
    transition(tx, deps.effects, {
      projectId,
      runId,
      fence,
      event: isFailure ? "fail" : "complete",
      actor: { kind: "worker", id: workerId },
      ...(reason === undefined ? {} : { reason }),
      patch: isFailure ? { error_code: ending.code, error_detail: ending.detail } : { result },
    }),
  );
}
