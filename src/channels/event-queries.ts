import { sql } from "kysely";
import { jsonb, type Tx } from "../platform/database/index.ts";

/** A channel of a project. */
export interface ChannelRef {
  projectId: string;
  channelId: string;
}

/**
 * Lets one delivery at a time handle each of the alerts, until the transaction ends; in sorted order, so that two
 * deliveries never wait for each other in a ring.
 */
export async function lockAlerts(
  tx: Tx,
  channel: ChannelRef,
  fingerprints: readonly string[],
): Promise<void> {
  const names = [...new Set(fingerprints)]
    .map((fingerprint) => `alert:${channel.projectId}/${channel.channelId}/${fingerprint}`)
    .sort();
  await sql`select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(${names}::text[]) as name`.execute(
    tx,
  );
}

/** The events that brought these provider ids first, with their runs. */
export async function firstEvents(
  tx: Tx,
  channel: ChannelRef,
  providerEventIds: readonly string[],
): Promise<Map<string, { runId: string | null }>> {
  const rows = await tx
    .selectFrom("channel_events")
    .select(["provider_event_id", "run_id"])
    .where("project_id", "=", channel.projectId)
    .where("channel_id", "=", channel.channelId)
    .where("provider_event_id", "in", providerEventIds)
    .where("is_duplicate", "=", false)
    .execute();
  return new Map(rows.map((row) => [row.provider_event_id, { runId: row.run_id }]));
}

/** For each fingerprint the newest run that one of its alerts started and that is not over. */
export async function openRuns(
  tx: Tx,
  channel: ChannelRef,
  fingerprints: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await sql<{ fingerprint: string; run_id: string }>`
    select distinct on (e.fingerprint) e.fingerprint, r.run_id from channel_events e
    join runs r on r.project_id = e.project_id and r.trigger_ref = e.event_id::text
    where e.project_id = ${channel.projectId} and e.channel_id = ${channel.channelId}
      and e.fingerprint = any (${fingerprints}::text[]) and e.run_id is not null and r.completed_at is null
    order by e.fingerprint, r.created_at desc, r.run_id desc`.execute(tx);
  return new Map(rows.map((row) => [row.fingerprint, row.run_id]));
}

export interface NewEvent extends ChannelRef {
  eventId: string;
  channelType: string;
  providerEventId: string;
  sender: string | null;
  payload: unknown;
  preview: string;
  fingerprint: string;
  isDuplicate: boolean;
  runId: string | null;
}

/** Stores an event that came in. */
export async function insertEvent(tx: Tx, event: NewEvent): Promise<void> {
  await tx
    .insertInto("channel_events")
    .values({
      event_id: event.eventId,
      project_id: event.projectId,
      channel_type: event.channelType,
      channel_id: event.channelId,
      provider_event_id: event.providerEventId,
      sender: event.sender,
      payload: jsonb(event.payload),
      content_preview: event.preview,
      fingerprint: event.fingerprint,
      is_duplicate: event.isDuplicate,
      run_id: event.runId,
      // The transaction's start: an event came in before the run that it set off.
      received_at: sql<string>`now()`,
    })
    .execute();
}

/** Serialises deliveries that carry the same webhook id, until the transaction ends. */
export async function lockDelivery(tx: Tx, channel: ChannelRef, webhookId: string): Promise<void> {
  const name = `delivery:${channel.projectId}/${channel.channelId}/${webhookId}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
}
