import { sql } from "kysely";
import { announcing } from "../platform/database/changes.ts";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import { jsonbText, type Tx } from "../platform/database/index.ts";
import { newId } from "../platform/ids.ts";
import type { CorrelationRule } from "./body-parts.ts";
import { CASE_IS_OPEN } from "./cases.ts";
import type { DeliveryAnswer } from "./contract.ts";
import type { Keyed } from "./correlation.ts";
import { type ChannelRef, lockEvents } from "./event-queries.ts";

interface Folding {
  channel: ChannelRef & { channelType: string };
  rule: CorrelationRule;
  events: readonly Keyed[];
}

/**
 * The short way of a storm: folds events into open cases that have a run already, where no agent has to be asked and nobody to be
 * told. It means for each event what `correlate` says of it, in one statement, so that nobody waits for the database
 * between looking and writing.
 *
 * @param events no two of one provider id
 * @returns one entry per event; undefined when one of them is not that simple: then nothing of it is stored
 */
export async function foldIntoCases(
  tx: Tx,
  { channel, rule, events }: Folding,
): Promise<DeliveryAnswer["events"] | undefined> {
  const rows = events.map(({ event, key }) => ({
    event_id: newId(),
    provider_event_id: event.providerEventId,
    chat_id: event.chatId ?? null,
    sender: event.sender,
    payload: event.payload,
    preview: event.preview,
    fingerprint: event.fingerprint,
    is_firing: event.isFiring,
    key,
  }));
  const [, stored] = await Promise.all([
    lockEvents(tx, channel, events),
    foldQuery(tx, {
      project: channel.projectId,
      channel: channel.channelId,
      type: channel.channelType,
      events: jsonbText(rows),
      ids: rows.map(({ provider_event_id }) => provider_event_id),
      last: rows.at(-1)?.event_id ?? "",
      storm: rule.storm_events,
    }),
  ]);
  const byId = new Map(
    stored.map(({ event_id, is_duplicate, run_id }) => [event_id, { is_duplicate, run_id }]),
  );
  return rows.length === byId.size
    ? rows.map(
        ({ event_id }) => ({ event_id, ...byId.get(event_id) }) as DeliveryAnswer["events"][number],
      )
    : undefined;
}

/**
 * `placed` is where each event belongs; one that came before must have gone to the same place. A case that becomes a storm now
 * takes nothing here, for that has to be said.
 */
const foldQuery = fixedQuery<
  {
    project: string;
    channel: string;
    type: string;
    events: string;
    ids: string[];
    last: string;
    storm: number;
  },
  DeliveryAnswer["events"][number]
>(
  (slot) => sql`
    with event as (
      select * from jsonb_to_recordset(${slot("events")}::jsonb) as r (event_id uuid, provider_event_id text, chat_id text,
        sender text, payload jsonb, preview text, fingerprint text, is_firing boolean, key text)
    ), added as (
      select key, count(*)::integer as events, (count(*) filter (where not is_firing))::integer as resolved
      from event group by key
    ), taking as (
      select a.key, a.events, a.resolved, c.case_id, c.run_id from added a
      cross join lateral (
        select case_id, run_id, closes_at, event_count, storm_at from channel_cases
        where project_id = ${slot("project")} and channel_id = ${slot("channel")} and case_key = a.key
        order by opened_at desc limit 1
      ) c
      where c.run_id is not null and (c.storm_at is not null or c.event_count + a.events < ${slot("storm")}::integer)
        and ${CASE_IS_OPEN(slot("project"))}
    ), first as (
      select provider_event_id, run_id, case_id from channel_events
      where project_id = ${slot("project")} and channel_id = ${slot("channel")}
        and provider_event_id = any (${slot("ids")}::text[]) and not is_duplicate
    ), placed as (
      select e.*, t.case_id, t.run_id, e.is_firing or f.provider_event_id is not null as is_duplicate,
        t.case_id is not null and (f.provider_event_id is null or (f.case_id = t.case_id and f.run_id = t.run_id)) as fits
      from event e left join taking t using (key) left join first f using (provider_event_id)
    ), possible as (
      select from placed having bool_and(coalesce(fits, false))
    ), noted as (
      update channel_cases c set event_count = c.event_count + t.events, resolved_count = c.resolved_count + t.resolved,
        last_event_at = now()
      from taking t, possible where c.project_id = ${slot("project")} and c.case_id = t.case_id
    ), stored as (
      insert into channel_events (event_id, project_id, channel_type, channel_id, provider_event_id, channel_chat_id, sender,
        payload, content_preview, fingerprint, is_duplicate, run_id, case_id, received_at)
      select event_id, ${slot("project")}, ${slot("type")}, ${slot("channel")}, provider_event_id, chat_id, sender, payload,
        preview, fingerprint, is_duplicate, run_id, case_id, now()
      from placed, possible
      returning event_id, is_duplicate, run_id
    )
    select event_id, is_duplicate, run_id, ${announcing(slot("project"), "channel_event", slot("last"))},
      ${announcing(slot("project"), "run", sql`run_id`)}
    from stored`,
);
