import { announce } from "../platform/database/changes.ts";
import type { Tx } from "../platform/database/index.ts";
import { later, onItsWay } from "../platform/database/pipelining.ts";
import { newId } from "../platform/ids.ts";
import type { RunEffects } from "../runs/index.ts";
import { type Project, readProjectToStart } from "../tenants/index.ts";
import type { CorrelationRule } from "./body-parts.ts";
import { type CaseNews, noteCases, type OpenCase, openCases } from "./cases.ts";
import type { DeliveryAnswer } from "./contract.ts";
import { correlate, type Keyed, type Place } from "./correlation.ts";
import {
  type ChannelRef,
  firstEvents,
  insertEvents,
  lockEvents,
  type NewEvent,
  openRuns,
} from "./event-queries.ts";
import { startRun, triggeredAgents } from "./starts.ts";
import { type Storm, tellOfStorm } from "./storms.ts";

export interface Delivery {
  channel: ChannelRef & { channelType: string };
  rule: CorrelationRule | undefined;
  events: readonly Keyed[];
}

/** What a delivery comes to. */
interface Ingested {
  /** All of it has been sent to the database; resolves when that has written it, with one entry per event, in their order. */
  written: Promise<DeliveryAnswer["events"]>;
}

/**
 * Stores the events of one delivery, or of several, and starts the runs they trigger, in the caller's transaction: all of it
 * or nothing. What belongs to work that is under way joins it instead.
 */
export async function ingest(tx: Tx, effects: RunEffects, delivery: Delivery): Promise<Ingested> {
  const { channel, rule, events } = delivery;
  // The database reads what stands when it holds the locks, so nobody has to wait for them here.
  const held = later(lockEvents(tx, channel, events));
  await onItsWay();
  const [standing] = await Promise.all([readStanding(tx, channel, events), held]);
  const recorded: NewEvent[] = [];
  for (const { event, key } of events)
    recorded.push(await placeOf(tx, effects, { channel, standing, event, key }));
  const cases = newsOf(rule, standing, events, recorded);
  for (const storm of stormsIn(standing, cases)) await tellOfStorm(tx, effects, channel, storm);
  const entries = recorded.map(({ eventId, isDuplicate, runId }) => ({
    event_id: eventId,
    is_duplicate: isDuplicate,
    run_id: runId,
  }));
  const written = later(write(tx, delivery, recorded, cases).then(() => entries));
  await onItsWay();
  return { written };
}

/** What was there before the delivery; grows with each of its events. */
interface Standing {
  project: Project;
  agents: Awaited<ReturnType<typeof triggeredAgents>>;
  /** By the provider's id. */
  first: Map<string, Place>;
  /** By the case's key; and by the fingerprint of what belongs to no case. */
  open: Map<string, Place>;
  /** Cases that were open before, by their keys. */
  cases: ReadonlyMap<string, OpenCase>;
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
  return { project, agents: project.is_active ? agents : [], first, open, cases };
}

interface Placing extends Keyed {
  channel: Delivery["channel"];
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
  const { providerEventId, sender, chatId = null, payload, preview, fingerprint } = event;
  const { isDuplicate } = meaning;
  const said = { providerEventId, sender, chatId, payload, preview, fingerprint };
  return { eventId, ...said, isDuplicate, ...place };
}

/** What the events add to each case. */
function newsOf(
  rule: CorrelationRule | undefined,
  { cases }: Standing,
  events: readonly Keyed[],
  recorded: readonly NewEvent[],
): CaseNews[] {
  const news = new Map<string, CaseNews>();
  for (const [at, { event, key }] of events.entries()) {
    const { caseId = null, runId = null } = recorded[at] ?? {};
    if (key === undefined || caseId === null) continue;
    const before = cases.get(key)?.events ?? 0;
    const known = news.get(caseId);
    const added = (known?.events ?? 0) + 1;
    news.set(caseId, {
      caseId,
      key,
      runId: known?.runId ?? runId,
      title: known?.title ?? event.preview,
      events: added,
      resolved: (known?.resolved ?? 0) + (event.isFiring ? 0 : 1),
      isStorm: rule !== undefined && before + added >= rule.storm_events,
    });
  }
  return [...news.values()];
}

/** Cases that have not been storms before. */
function stormsIn({ cases }: Standing, news: readonly CaseNews[]): Storm[] {
  return news.flatMap(({ caseId, key, runId, title, events, isStorm }) => {
    const before = cases.get(key);
    if (!isStorm || before?.isStorm) return [];
    return {
      caseId,
      runId: before?.runId ?? runId,
      title: before?.title ?? title,
      events: (before?.events ?? 0) + events,
    };
  });
}

/** Writes all of it, and announces what has changed: once for all of the delivery. */
function write(
  tx: Tx,
  { channel, rule }: Delivery,
  recorded: readonly NewEvent[],
  cases: readonly CaseNews[],
): Promise<unknown> {
  const { projectId: project_id } = channel;
  const joined = [...new Set(recorded.flatMap(({ runId }) => runId ?? []))];
  const last = recorded.at(-1);
  return Promise.all([
    insertEvents(tx, channel, recorded),
    rule ? noteCases(tx, channel, rule.window_seconds, cases) : undefined,
    announce(tx, [
      ...(last ? [{ project_id, kind: "channel_event" as const, id: last.eventId }] : []),
      ...joined.map((id) => ({ project_id, kind: "run" as const, id })),
    ]),
  ]);
}
