import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import { type Batch, behind, countOf, type Dealt, type Due, dueBefore, passed } from "./batch.ts";
import { isForgettable, isHeld, type OldEvent, repeatKey } from "./rules.ts";

const COLUMNS = sql`event_id, event_id as id, received_at as at, provider_event_id, channel_id, run_id, is_duplicate`;

/** Erases what came in with old events, unless a run it belongs to is open or has not been over for as long. */
export async function eraseEvents(tx: Tx, batch: Batch): Promise<Dealt> {
  const { rows } = await sql<OldEvent & Due>`
    select ${COLUMNS} from channel_events
    where project_id = ${batch.projectId} and payload_erased_at is null and received_at < ${dueBefore(batch)}
      and ${behind(batch, sql`received_at`, sql`event_id`)}
    order by received_at, event_id limit ${batch.size} for no key update skip locked`.execute(tx);
  const held = await holders(tx, batch, rows, "those_that_keep_payloads");
  const ids = rows.filter((event) => !isHeld(event, { held })).map(({ id }) => id);
  const events = await countOf(
    tx,
    sql`update channel_events set payload = '{}', payload_erased_at = clock_timestamp()
      where project_id = ${batch.projectId} and event_id = any (${ids}::uuid[])`,
  );
  return { counts: { events }, ...passed(batch, rows) };
}

/** Deletes old events that belong to no run that is still there. */
export async function deleteEvents(tx: Tx, batch: Batch): Promise<Dealt> {
  const { rows } = await sql<OldEvent & Due>`
    select ${COLUMNS} from channel_events
    where project_id = ${batch.projectId} and received_at < ${dueBefore(batch)}
      and ${behind(batch, sql`received_at`, sql`event_id`)}
    order by received_at, event_id limit ${batch.size} for update skip locked`.execute(tx);
  const held = await holders(tx, batch, rows, "all");
  const repeated = await repeats(tx, batch, rows);
  const ids = rows.filter((event) => isForgettable(event, { held, repeated })).map(({ id }) => id);
  const events = await countOf(
    tx,
    sql`delete from channel_events
      where project_id = ${batch.projectId} and event_id = any (${ids}::uuid[])`,
  );
  return { counts: { events }, ...passed(batch, rows) };
}

/** What of the events' ids is a run's, or what set one off. */
async function holders(
  tx: Tx,
  batch: Batch,
  events: readonly OldEvent[],
  which: "all" | "those_that_keep_payloads",
): Promise<Set<string>> {
  const runIds = events.flatMap(({ run_id }) => run_id ?? []);
  const refs = events.flatMap(({ event_id, provider_event_id }) => [event_id, provider_event_id]);
  const keeps =
    which === "all"
      ? sql`true`
      : sql`coalesce(completed_at, 'infinity'::timestamptz) >= ${dueBefore(batch)}`;
  const { rows } = await sql<{ id: string }>`
    select run_id::text as id from runs
      where project_id = ${batch.projectId} and run_id = any (${runIds}::uuid[]) and ${keeps}
    union
    select trigger_ref from runs
      where project_id = ${batch.projectId} and trigger_ref = any (${refs}::text[]) and ${keeps}`.execute(
    tx,
  );
  return new Set(rows.map(({ id }) => id));
}

/** Under which of the events' provider ids something has come in since. */
async function repeats(tx: Tx, batch: Batch, events: readonly OldEvent[]): Promise<Set<string>> {
  const channels = events.map(({ channel_id }) => channel_id);
  const ids = events.map(({ provider_event_id }) => provider_event_id);
  // One repeat of each is enough: of an alert that keeps firing there may be very many.
  const { rows } = await sql<Pick<OldEvent, "channel_id" | "provider_event_id">>`
    select of.channel_id, of.provider_event_id
    from unnest(${channels}::text[], ${ids}::text[]) as of (channel_id, provider_event_id)
      cross join lateral (
        select from channel_events e
        where e.project_id = ${batch.projectId} and e.provider_event_id = of.provider_event_id
          and e.channel_id = of.channel_id and e.received_at >= ${dueBefore(batch)} limit 1) as later`.execute(
    tx,
  );
  return new Set(rows.map(repeatKey));
}

/** Erases the content of old messages that belong to no run; those of a run are erased with it. */
export async function eraseMessages(tx: Tx, batch: Batch): Promise<Dealt> {
  const { rows } = await sql<Due>`
    select message_id as id, queued_at as at from outbound_messages
    where project_id = ${batch.projectId} and run_id is null and content <> '{}'::jsonb and send_status <> 'queued'
      and queued_at < ${dueBefore(batch)} and ${behind(batch, sql`queued_at`, sql`message_id`)}
    order by queued_at, message_id limit ${batch.size} for no key update skip locked`.execute(tx);
  const messages = await countOf(
    tx,
    sql`update outbound_messages set content = '{}'
      where project_id = ${batch.projectId} and message_id = any (${rows.map(({ id }) => id)}::uuid[])`,
  );
  return { counts: { messages }, ...passed(batch, rows) };
}

/** Deletes old messages that belong to no run. */
export async function deleteMessages(tx: Tx, batch: Batch): Promise<Dealt> {
  const { rows } = await sql<Due>`
    select message_id as id, queued_at as at from outbound_messages
    where project_id = ${batch.projectId} and run_id is null and send_status <> 'queued'
      and queued_at < ${dueBefore(batch)} and ${behind(batch, sql`queued_at`, sql`message_id`)}
    order by queued_at, message_id limit ${batch.size} for update skip locked`.execute(tx);
  const messages = await countOf(
    tx,
    sql`delete from outbound_messages
      where project_id = ${batch.projectId} and message_id = any (${rows.map(({ id }) => id)}::uuid[])`,
  );
  return { counts: { messages }, ...passed(batch, rows) };
}

/** Deletes old cases of which no event and no run is left. */
export async function deleteCases(tx: Tx, batch: Batch): Promise<Dealt> {
  const { rows } = await sql<Due>`
    select case_id as id, last_event_at as at from channel_cases
    where project_id = ${batch.projectId} and last_event_at < ${dueBefore(batch)}
      and ${behind(batch, sql`last_event_at`, sql`case_id`)}
    order by last_event_at, case_id limit ${batch.size} for update skip locked`.execute(tx);
  const cases = await countOf(
    tx,
    sql`delete from channel_cases c
      where project_id = ${batch.projectId} and case_id = any (${rows.map(({ id }) => id)}::uuid[])
        and not exists (select from runs r where r.project_id = ${batch.projectId} and r.case_id = c.case_id)
        and not exists (select from channel_events e where e.project_id = ${batch.projectId} and e.case_id = c.case_id)`,
  );
  return { counts: { cases }, ...passed(batch, rows) };
}

const BULK_RESULTS = 2_000;

/** Deletes actions on many runs that were done long ago: some of the oldest one's results, and the action with the last. */
export async function deleteBulkActions(tx: Tx, batch: Batch): Promise<Dealt> {
  const { rows } = await sql<Due>`
    select bulk_id as id, created_at as at from run_bulk_actions
    where project_id = ${batch.projectId} and status = 'done' and created_at < ${dueBefore(batch)}
      and completed_at < ${dueBefore(batch)} and ${behind(batch, sql`created_at`, sql`bulk_id`)}
    order by created_at, bulk_id limit 1`.execute(tx);
  const action = rows[0];
  if (!action) return { counts: {}, next: undefined, done: true };
  const ofAction = sql<boolean>`project_id = ${batch.projectId} and bulk_id = ${action.id}::uuid`;
  const bulk_results = await countOf(
    tx,
    sql`delete from run_bulk_results where ${ofAction} and run_id in (
      select run_id from run_bulk_results where ${ofAction} order by run_id limit ${BULK_RESULTS})`,
  );
  // It is found again, with the rest of its results.
  if (bulk_results === BULK_RESULTS) {
    return { counts: { bulk_results }, next: batch.after, done: false };
  }
  const bulk_actions = await countOf(tx, sql`delete from run_bulk_actions where ${ofAction}`);
  return { counts: { bulk_actions, bulk_results }, next: action, done: false };
}
