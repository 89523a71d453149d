import { appendAudit, systemActor } from "../audit/index.ts";
import { type AgentBody, activeRevisions, type Revision, readAgent } from "../contracts/index.ts";
import { CelError, compileCel, evaluateCel, resolveCel } from "../platform/cel.ts";
import { announce } from "../platform/database/changes.ts";
import type { Tx } from "../platform/database/index.ts";
import { newId } from "../platform/ids.ts";
import { createRun, type RunEffects } from "../runs/index.ts";
import { type Project, readProjectToStart } from "../tenants/index.ts";
import type { IncomingAlert } from "./alertmanager.ts";
import type { DeliveryAnswer } from "./contract.ts";
import { correlate, type Known } from "./correlation.ts";
import {
  type ChannelRef,
  firstEvents,
  insertEvent,
  lockAlerts,
  openRuns,
} from "./event-queries.ts";
import { oneLine } from "./preview.ts";
import { decideStart } from "./triggers.ts";

type Recorded = DeliveryAnswer["events"][number];

interface Delivery {
  channel: ChannelRef & { channelType: string };
  alerts: readonly IncomingAlert[];
}

/**
 * Stores a delivery's alerts as channel events and starts the runs they trigger, in the caller's transaction: all of it
 * or nothing. An agent's expression that fails loses that agent's run and is audited; the event stays.
 *
 * @returns one entry per alert, in their order
 */
export async function ingest(tx: Tx, effects: RunEffects, delivery: Delivery): Promise<Recorded[]> {
  const { channel, alerts } = delivery;
  const project = await readProjectToStart(tx, channel.projectId);
  if (!project) throw new Error("the channel's project is gone");
  const fingerprints = alerts.map((alert) => alert.fingerprint);
  await lockAlerts(tx, channel, fingerprints);
  const ids = alerts.map((alert) => alert.providerEventId);
  const first = await firstEvents(tx, channel, ids);
  const open = await openRuns(tx, channel, fingerprints);
  const agents = project.is_active ? await triggeredAgents(tx, channel) : [];

  const recorded: Recorded[] = [];
  for (const alert of alerts) {
    const known: Known = {
      first: first.get(alert.providerEventId),
      openRunId: open.get(alert.fingerprint),
    };
    const event = await record(tx, effects, { project, channel, agents, alert, known });
    if (!event.is_duplicate) first.set(alert.providerEventId, { runId: event.run_id });
    const isStarted = alert.isFiring && !event.is_duplicate;
    if (isStarted && event.run_id !== null) open.set(alert.fingerprint, event.run_id);
    recorded.push(event);
  }
  return recorded;
}

/** The project's active worker agents that the channel can start, ordered by contract id. */
async function triggeredAgents(tx: Tx, channel: ChannelRef): Promise<Revision<AgentBody>[]> {
  const revisions = await activeRevisions(tx, channel.projectId, "agent");
  return revisions
    .map(readAgent)
    .filter(
      ({ body }) =>
        body.driver === "worker" &&
        body.triggers.some((trigger) => trigger.channel === channel.channelId),
    );
}

interface Situation {
  project: Project;
  channel: Delivery["channel"];
  agents: readonly Revision<AgentBody>[];
  alert: IncomingAlert;
  known: Known;
}

async function record(tx: Tx, effects: RunEffects, now: Situation): Promise<Recorded> {
  const { alert, channel } = now;
  const meaning = correlate(alert, now.known);
  const eventId = newId();
  let runId = meaning.runId;
  if (meaning.mayStart) {
    for (const agent of now.agents) {
      const started = await startRun(tx, effects, now, agent, eventId);
      runId ??= started;
    }
  }
  await insertEvent(tx, {
    ...channel,
    eventId,
    providerEventId: alert.providerEventId,
    sender: alert.sender,
    payload: alert.payload,
    preview: alert.preview,
    fingerprint: alert.fingerprint,
    isDuplicate: meaning.isDuplicate,
    runId,
  });
  await announce(tx, { project_id: channel.projectId, kind: "channel_event", id: eventId });
  return { event_id: eventId, is_duplicate: meaning.isDuplicate, run_id: runId };
}

/** Starts the agent's run about the alert, if one of its triggers matches and its mode allows. */
async function startRun(
  tx: Tx,
  effects: RunEffects,
  { project, channel, alert }: Situation,
  agent: Revision<AgentBody>,
  eventId: string,
): Promise<string | null> {
  const start = decideStart({
    project: {
      projectId: project.project_id,
      isActive: project.is_active,
      mode: project.migration_mode,
      canaryPercent: project.canary_percent,
    },
    agent: { agentId: agent.contract_id, mode: agent.body.mode },
    fingerprint: alert.fingerprint,
  });
  if (start === "none" || !(await matches(tx, channel, agent, alert))) return null;
  const run = await createRun(tx, effects, {
    projectId: channel.projectId,
    agent,
    driver: "worker",
    isShadow: start === "shadow",
    title: titleOf(agent.body, alert),
    triggerType: channel.channelType,
    triggerRef: eventId,
    input: alert.payload,
    actor: systemActor(`channel.${channel.channelId}`),
  });
  return run.run_id;
}

async function matches(
  tx: Tx,
  channel: ChannelRef,
  agent: Revision<AgentBody>,
  alert: IncomingAlert,
): Promise<boolean> {
  for (const trigger of agent.body.triggers) {
    if (trigger.channel !== channel.channelId) continue;
    try {
      if (trigger.when === undefined || isTrue(trigger.when, alert.payload)) return true;
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
  agent: Revision<AgentBody>,
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

/** The contract's title for this alert; where it has none or it can't be made, the alert speaks for itself. */
function titleOf(body: AgentBody, alert: IncomingAlert): string {
  try {
    const title = resolveCel(body.title, { trigger: alert.payload });
    if (typeof title === "string" && oneLine(title) !== "") return oneLine(title);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
  }
  return alert.preview;
}
