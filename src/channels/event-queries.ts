import { sql } from "kysely";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import { jsonbText, type Tx } from "../platform/database/index.ts";
import type { Keyed, Place } from "./correlation.ts";

/** A channel of a project. */
export interface ChannelRef {
  projectId: string;
  channelId: string;
}

/** So many locks a channel has at the most: a delivery of a thousand alerts must not fill the database's table of locks. */
const LOCKS = 64;

const lockQuery = fixedQuery<{ channel: string; names: string[] }, unknown>(
  (slot) => sql`
    select pg_advisory_xact_lock(hashtextextended(${slot("channel")}::text || place, 0)) from (
      select distinct (hashtextextended(name, 0) & ${sql.lit(LOCKS - 1)})::text as place
      from unnest(${slot("names")}::text[]) as name order by 1
    ) places`,
);

/**
 * Lets one delivery at a time handle what these events are about, until the transaction ends; in one order, so that two
 * deliveries never wait for each other in a ring.
 */
export async function lockEvents(
  tx: Tx,
  { projectId, channelId }: ChannelRef,
  events: readonly Keyed[],
): Promise<void> {
  const names = events.flatMap(({ event, key }) => [
    `id ${event.providerEventId}`,
    key === undefined ? `thing ${event.fingerprint}` : `case ${key}`,
  ]);
  await lockQuery(tx, { channel: `event:${projectId}/${channelId}/`, names });
}

const firstQuery = fixedQuery<
  { project: string; channel: string; ids: string[] },
  { provider_event_id: string; run_id: string | null; case_id: string | null }
>(
  (slot) => sql`
    select provider_event_id, run_id, case_id from channel_events
    where project_id = ${slot("project")} and channel_id = ${slot("channel")}
      and provider_event_id = any (${slot("ids")}::text[]) and not is_duplicate`,
);

/** Where the events went that brought these provider ids first. */
export async function firstEvents(
  tx: Tx,
  { projectId, channelId }: ChannelRef,
  ids: readonly string[],
): Promise<Map<string, Place>> {
  const rows = await firstQuery(tx, { project: projectId, channel: channelId, ids: [...ids] });
  return new Map(
    rows.map((row) => [row.provider_event_id, { runId: row.run_id, caseId: row.case_id }]),
  );
}

const openRunsQuery = fixedQuery<
  { project: string; channel: string; fingerprints: string[] },
  { fingerprint: string; run_id: string }
>(
  (slot) => sql`
    select distinct on (e.fingerprint) e.fingerprint, r.run_id from channel_events e
    join runs r on r.project_id = e.project_id and r.trigger_ref = e.event_id::text
    where e.project_id = ${slot("project")} and e.channel_id = ${slot("channel")}
      and e.fingerprint = any (${slot("fingerprints")}::text[]) and e.run_id is not null and r.completed_at is null
    order by e.fingerprint, r.created_at desc, r.run_id desc`,
);

/** For each fingerprint the newest run that one of its events started and that is not over. */
export async function openRuns(
  tx: Tx,
  { projectId, channelId }: ChannelRef,
  fingerprints: readonly string[],
): Promise<Map<string, Place>> {
  if (fingerprints.length === 0) return new Map();
  const values = { project: projectId, channel: channelId, fingerprints: [...fingerprints] };
  const rows = await openRunsQuery(tx, values);
  return new Map(rows.map((row) => [row.fingerprint, { runId: row.run_id, caseId: null }]));
}

export interface NewEvent extends Place {
  eventId: string;
  providerEventId: string;
  sender: string | null;
  chatId: string | null;
  payload: unknown;
  preview: string;
  fingerprint: string;
  isDuplicate: boolean;
}

const insertQuery = fixedQuery<
  { project: string; channel: string; type: string; events: string },
  unknown
>(
  // `received_at` is the transaction's start: an event came in before the run that it set off.
  (slot) => sql`
    insert into channel_events (event_id, project_id, channel_type, channel_id, provider_event_id, channel_chat_id, sender,
      payload, content_preview, fingerprint, is_duplicate, run_id, case_id, received_at)
    select event_id, ${slot("project")}, ${slot("type")}, ${slot("channel")}, provider_event_id, chat_id, sender,
      payload, preview, fingerprint, is_duplicate, run_id, case_id, now()
    from jsonb_to_recordset(${slot("events")}::jsonb) as r (event_id uuid, provider_event_id text, chat_id text,
      sender text, payload jsonb, preview text, fingerprint text, is_duplicate boolean, run_id uuid, case_id uuid)`,
);

/** Stores what came in with one delivery. */
export async function insertEvents(
  tx: Tx,
  channel: ChannelRef & { channelType: string },
  events: readonly NewEvent[],
): Promise<void> {
  const rows = events.map((event) => ({
    event_id: event.eventId,
    provider_event_id: event.providerEventId,
    chat_id: event.chatId,
    sender: event.sender,
    payload: event.payload,
    preview: event.preview,
    fingerprint: event.fingerprint,
    is_duplicate: event.isDuplicate,
    run_id: event.runId,
    case_id: event.caseId,
  }));
  await insertQuery(tx, {
    project: channel.projectId,
    channel: channel.channelId,
    type: channel.channelType,
    events: jsonbText(rows),
  });
}

/** Serialises deliveries that carry the same message id, until the transaction ends. */
export async function lockDelivery(tx: Tx, channel: ChannelRef, messageId: string): Promise<void> {
  const name = `delivery:${channel.projectId}/${channel.channelId}/${messageId}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
}
