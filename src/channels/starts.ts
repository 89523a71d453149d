import { appendAudit, systemActor } from "../audit/index.ts";
import {
  type AgentBody,
  activeHeads,
  type Revision,
  readAgent,
  readRevision,
} from "../contracts/index.ts";
import { CelError, compileCel, evaluateCel, resolveCel } from "../platform/cel.ts";
import type { Tx } from "../platform/database/index.ts";
import { createRun, type RunEffects } from "../runs/index.ts";
import type { Project } from "../tenants/index.ts";
import type { ChannelRef } from "./event-queries.ts";
import type { IncomingEvent } from "./incoming.ts";
import { oneLine } from "./preview.ts";
import { decideStart } from "./triggers.ts";

type Agent = Revision<AgentBody>;

/** Bodies by their revision, which never change: an alert storm must not read each contract again and again. */
const bodies = new Map<string, Agent>();
const MOST_BODIES = 5_000;

/** The project's active worker agents that the channel can start, ordered by contract id. */
export async function triggeredAgents(tx: Tx, channel: ChannelRef): Promise<Agent[]> {
  const heads = await activeHeads(tx, channel.projectId, "agent");
  const agents = await Promise.all(
    heads.map(({ revision_id }) => agentOf(tx, channel.projectId, revision_id)),
  );
  return agents.filter(
    ({ body }) =>
      body.driver === "worker" &&
      body.triggers.some((trigger) => trigger.channel === channel.channelId),
  );
}

async function agentOf(tx: Tx, projectId: string, revisionId: string): Promise<Agent> {
  const known = bodies.get(revisionId);
  if (known) return known;
  const revision = await readRevision(tx, projectId, revisionId);
  if (!revision) throw new Error(`revision ${revisionId} is gone`);
  if (bodies.size >= MOST_BODIES) bodies.clear();
  const agent = readAgent(revision);
  bodies.set(revisionId, agent);
  return agent;
}

/** An event that may start runs. */
export interface Starting {
  project: Project;
  channel: ChannelRef & { channelType: string };
  event: IncomingEvent;
  eventId: string;
  caseId: string | null;
}

/**
 * Starts the agent's run about the event, if one of its triggers matches and its mode allows. An expression that fails
 * loses the agent's run and is audited.
 *
 * @returns the run's id, or null
 */
export async function startRun(
  tx: Tx,
  effects: RunEffects,
  agent: Agent,
  starting: Starting,
): Promise<string | null> {
  const { project, channel, event, eventId, caseId } = starting;
  const { start, why } = decideStart({
    project: {
      projectId: project.project_id,
      isActive: project.is_active,
      mode: project.migration_mode,
      canaryPercent: project.canary_percent,
    },
    agent: { agentId: agent.contract_id, mode: agent.body.mode },
    fingerprint: event.fingerprint,
  });
  if (start === "none" || !(await matches(tx, channel, agent, event))) return null;
  const run = await createRun(tx, effects, {
    projectId: channel.projectId,
    agent,
    driver: "worker",
    isShadow: start === "shadow",
    title: titleOf(agent.body, event),
    triggerType: channel.channelType,
    triggerRef: eventId,
    caseId,
    input: event.payload,
    actor: systemActor(`channel.${channel.channelId}`),
    ...(why === undefined ? {} : { reason: why }),
  });
  return run.run_id;
}

async function matches(
  tx: Tx,
  channel: ChannelRef,
  agent: Agent,
  event: IncomingEvent,
): Promise<boolean> {
  for (const trigger of agent.body.triggers) {
    if (trigger.channel !== channel.channelId) continue;
    try {
      if (trigger.when === undefined || isTrue(trigger.when, event.payload)) return true;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      await auditFailure(tx, channel, agent, error);
    }
  }
  return false;
}

function isTrue(when: string, payload: unknown): boolean {
  const compiled = compileCel(when);
  if ("error" in compiled) throw new CelError(when, compiled.error);
  const result = evaluateCel(compiled, { trigger: payload });
  if (typeof result !== "boolean") throw new CelError(when, "it gives neither true nor false");
  return result;
}

async function auditFailure(
  tx: Tx,
  channel: ChannelRef,
  agent: Agent,
  error: CelError,
): Promise<void> {
  await appendAudit(tx, {
    projectId: channel.projectId,
    actor: systemActor(`channel.${channel.channelId}`),
    action: "trigger.error",
    subject: { kind: "contract", id: agent.contract_id },
    details: { revision_id: agent.revision_id, code: "E-RUN-EXPRESSION" },
    private: { error: error.message },
  });
}

/** The contract's title for this event; where it has none or it can't be made, the event speaks for itself. */
function titleOf(body: AgentBody, event: IncomingEvent): string {
  try {
    const title = resolveCel(body.title, { trigger: event.payload });
    if (typeof title === "string" && oneLine(title) !== "") return oneLine(title);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
  }
  return event.preview;
}
