import { sql } from "kysely";
import { type AgentBody, activeRevision, type Revision, readAgent } from "../contracts/index.ts";
import type { Caller } from "../identity/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { isUuid } from "../platform/ids.ts";
import { readProjectToStart } from "../tenants/index.ts";
import { createRun } from "./create.ts";
import { lowerMode } from "./mode.ts";
import { type RunRow, readRun } from "./queries.ts";
import { isFinal } from "./states.ts";
import type { RunEffects } from "./transition.ts";

/** The project and agent an agent's key works for. */
export interface AgentCaller {
  caller: Caller;
  projectId: string;
  agentId: string;
}

/**
 * The one project and the agent of an agent's key.
 *
 * @throws AppError E-FORBIDDEN for any other key
 */
export function agentOf(caller: Caller): AgentCaller {
  const projectId = caller.projects === "all" ? undefined : caller.projects[0];
  if (caller.role !== "agent" || caller.agentId === null || projectId === undefined) {
    throw new AppError(
      "E-FORBIDDEN",
      "This needs an agent's key: one with the role agent, for one agent contract.",
    );
  }
  return { caller, projectId, agentId: caller.agentId };
}

/**
 * The active contract an agent's key works under.
 *
 * @throws AppError E-CONTRACT-NONE
 */
export async function activeAgent(
  tx: Tx,
  projectId: string,
  agentId: string,
): Promise<Revision<AgentBody>> {
  const revision = await activeRevision(tx, projectId, agentId, "agent");
  if (revision) return readAgent(revision);
  throw new AppError(
    "E-CONTRACT-NONE",
    `Project ${projectId} has no active agent contract "${agentId}".`,
  );
}

export interface ClientRunWish {
  /** Go on with this run, which the key must have opened. */
  runId?: string | undefined;
  /** Calls of one key with the same session join the same open run. */
  sessionKey?: string | undefined;
  traceId?: string | undefined;
  title?: string | undefined;
  triggerRef?: string | undefined;
  input?: unknown;
  /** Open a new run even when one of the session is open. */
  fresh?: boolean;
}

/**
 * The run an MCP client's calls belong to: the named one, else the key's open run of the same session or trace, else a
 * new one, born `running`. Two first calls at once open one run between them.
 *
 * @throws AppError E-NOT-FOUND for a named run the key did not open, E-RUN-STATE when it is over, E-CONTRACT-NONE,
 *   E-TENANT-INACTIVE for a new one
 */
export async function openClientRun(
  db: Database,
  effects: RunEffects,
  agent: AgentCaller,
  wish: ClientRunWish,
): Promise<RunRow> {
  const { projectId, caller } = agent;
  return db.transaction({ role: "app", projects: [projectId] }, async (tx) => {
    if (wish.runId !== undefined) return namedRun(tx, agent, wish.runId);
    const sessionKey = wish.sessionKey ?? wish.traceId ?? null;
    if (wish.fresh !== true) {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`client-run ${projectId} ${caller.keyId} ${sessionKey ?? ""}`}, 0))`.execute(
        tx,
      );
      const open = await openRunOf(tx, agent, sessionKey);
      if (open) return open;
    }
    const revision = await activeAgent(tx, projectId, agent.agentId);
    const project = await readProjectToStart(tx, projectId);
    if (!project?.is_active) {
      throw new AppError("E-TENANT-INACTIVE", `Project ${projectId} is not active.`);
    }
    const mode = lowerMode(project.migration_mode, revision.body.mode);
    return createRun(tx, effects, {
      projectId,
      agent: revision,
      driver: "client",
      isShadow: mode !== "active" && mode !== "canary",
      title: wish.title ?? revision.body.display_name,
      triggerType: "client",
      triggerRef: wish.triggerRef ?? null,
      sessionKey,
      openedBy: caller.keyId,
      actor: caller.actor,
      ...(wish.input === undefined ? {} : { input: wish.input }),
      ...(wish.traceId === undefined ? {} : { traceId: wish.traceId }),
    });
  });
}

async function namedRun(tx: Tx, agent: AgentCaller, runId: string): Promise<RunRow> {
  const run = isUuid(runId) ? await readRun(tx, agent.projectId, runId) : undefined;
  if (run?.driver !== "client" || run.opened_by !== agent.caller.keyId) {
    throw new AppError("E-NOT-FOUND", "This key has opened no such run.");
  }
  if (isFinal(run.state)) {
    throw new AppError("E-RUN-STATE", `The run is ${run.state}; open a new one.`, {
      extra: { state: run.state },
    });
  }
  return run;
}

async function openRunOf(
  tx: Tx,
  agent: AgentCaller,
  sessionKey: string | null,
): Promise<RunRow | undefined> {
  const row = await tx
    .selectFrom("runs")
    .selectAll()
    .where("project_id", "=", agent.projectId)
    .where("opened_by", "=", agent.caller.keyId)
    .where("session_key", sessionKey === null ? "is" : "=", sessionKey)
    .where("driver", "=", "client")
    .where("completed_at", "is", null)
    .orderBy("created_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row as RunRow | undefined;
}
