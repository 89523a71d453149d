import { announce } from "../platform/database/changes.ts";
import type { Tx } from "../platform/database/index.ts";
import { later, onItsWay } from "../platform/database/pipelining.ts";
import { newId } from "../platform/ids.ts";
import type { RunEffects } from "../runs/index.ts";
import { type Project, readProjectToStart } from "../tenants/index.ts";
import { type CaseNews, noteCases, openCases } from "./cases.ts";
import type { CorrelationRule } from "./channel-body.ts";
import type { DeliveryAnswer } from "./contract.ts";
import { caseKeyOf, correlate, type Place } from "./correlation.ts";
import {
  type ChannelRef,
  firstEvents,
  insertEvents,
  lockNames,
  type NewEvent,
  openRuns,
} from "./event-queries.ts";
import type { IncomingEvent } from "./incoming.ts";
import { startRun, triggeredAgents } from "./starts.ts";
import { tellOfStorm } from "./storms.ts";

interface Delivery {
  channel: ChannelRef & { channelType: string };
  rule: CorrelationRule | undefined;
  events: readonly IncomingEvent[];
}

/**
 * Stores the events of one delivery, or of several, and starts the runs they trigger, in the caller's transaction: all of it or nothing. What
 * belongs to work that is under way joins it instead.
 *
 * @returns one entry per event, in their order
 */
export async function ingest(
  tx: Tx,
  effects: RunEffects,
  delivery: Delivery,
): Promise<DeliveryAnswer["events"]> {
  const { channel, rule } = delivery;
  const events = delivery.events.map((event) => ({ event, key: caseKeyOf(event, rule) }));
  const names = events.flatMap(({ event, key }) => [
    `id ${event.providerEventId}`,
    key === undefined ? `thing ${event.fingerprint}` : `case ${key}`,
  ]);
  // The database reads what stands when it holds the locks, so nobody has to wait for them here.
  const held = later(lockNames(tx, channel, names));
  await onItsWay();
  const [standing] = await Promise.all([readStanding(tx, channel, events), held]);
  const cases = new Map<string, CaseNews>();
  const recorded: NewEvent[] = [];
  for (const { event, key } of events) {
    const place = await placeOf(tx, effects, { channel, rule, standing, event, key });
    recorded.push(place);
    if (key !== undefined) addTo(cases, key, event, place);
  }
  await Promise.all([
    insertEvents(tx, channel, recorded),
    closeUp(tx, effects, delivery, recorded, [...cases.values()]),
  ]);
  return recorded.map(({ eventId, isDuplicate, runId }) => ({
    event_id: eventId,
    is_duplicate: isDuplicate,
    run_id: runId,
  }));
}

interface Keyed {
  event: IncomingEvent;
  key: string | undefined;
}

/** What was there before the delivery; grows with each of its events. */
interface Standing {
  project: Project;
  agents: Awaited<ReturnType<typeof triggeredAgents>>;
  /** By the provider's id. */
  first: Map<string, Place>;
  /** By the case's key; and by the fingerprint of what belongs to no case. */
  open: Map<string, Place>;
}

async function readStanding(
  tx: Tx,
  channel: ChannelRef,
  events: readonly Keyed[],
): Promise<Standing> {
  const keys = [...new Set(events.flatMap(({ key }) => key ?? []))];
  const alone = events.filter(({ key }) => key === undefined);
  const [project, first, cases, runs, agents] = await Promise.all([
    readProjectToStart(tx, channel.projectId),
    firstEvents(
      tx,
      channel,
      events.map(({ event }) => event.providerEventId),
    ),
    openCases(tx, channel, keys),
    openRuns(tx, channel, [...new Set(alone.map(({ event }) => event.fingerprint))]),
    triggeredAgents(tx, channel),
  ]);
  if (!project) throw new Error("the channel's project is gone");
  const open = new Map([
    ...[...cases].map(([key, place]) => [`case ${key}`, place] as const),
    ...[...runs].map(([fingerprint, place]) => [`thing ${fingerprint}`, place] as const),
  ]);
  return { project, agents: project.is_active ? agents : [], first, open };
}

interface Placing extends Keyed {
  channel: Delivery["channel"];
  rule: CorrelationRule | undefined;
  standing: Standing;
}

/** Finds where an event belongs, or starts what it sets off; whatever comes after it finds that. */
async function placeOf(tx: Tx, effects: RunEffects, placing: Placing): Promise<NewEvent> {
  const { channel, standing, event, key } = placing;
  const { project, agents, first, open } = standing;
  const name = key === undefined ? `thing ${event.fingerprint}` : `case ${key}`;
  const meaning = correlate(event, {
    first: first.get(event.providerEventId),
    open: open.get(name),
  });
  const eventId = newId();
  const opensCase = key !== undefined && event.isFiring;
  const caseId = meaning.caseId ?? (opensCase ? newId() : null);
  let { runId } = meaning;
  if (meaning.mayStart) {
    for (const agent of agents) {
      const starting = { project, channel, event, eventId, caseId };
      const started = await startRun(tx, effects, agent, starting);
      runId ??= started;
    }
  }
  const place = { runId, caseId };
  if (!meaning.isDuplicate) first.set(event.providerEventId, place);
  if (caseId !== null || (meaning.mayStart && runId !== null)) open.set(name, place);
  const { providerEventId, sender, payload, preview, fingerprint } = event;
  const { isDuplicate } = meaning;
  return { eventId, providerEventId, sender, payload, preview, fingerprint, isDuplicate, ...place };
}

function addTo(
  cases: Map<string, CaseNews>,
  key: string,
  event: IncomingEvent,
  { caseId, runId }: Place,
): void {
  if (caseId === null) return;
  const known = cases.get(caseId);
  cases.set(caseId, {
    caseId,
    key,
    runId: known?.runId ?? runId,
    title: known?.title ?? event.preview,
    events: (known?.events ?? 0) + 1,
    resolved: (known?.resolved ?? 0) + (event.isFiring ? 0 : 1),
  });
}

/** Writes the cases, tells of storms, and announces what has changed: once for all of the delivery. */
async function closeUp(
  tx: Tx,
  effects: RunEffects,
  { channel, rule }: Delivery,
  recorded: readonly NewEvent[],
  cases: readonly CaseNews[],
): Promise<void> {
  const { projectId: project_id } = channel;
  const joined = [...new Set(recorded.flatMap(({ runId }) => runId ?? []))];
  const last = recorded.at(-1);
  const [storms] = await Promise.all([
    rule
      ? noteCases(
          tx,
          channel,
          { windowSeconds: rule.window_seconds, stormEvents: rule.storm_events },
          cases,
        )
      : [],
    announce(tx, [
      ...(last ? [{ project_id, kind: "channel_event" as const, id: last.eventId }] : []),
      ...joined.map((id) => ({ project_id, kind: "run" as const, id })),
    ]),
  ]);
  for (const storm of storms) await tellOfStorm(tx, effects, channel, storm);
}
