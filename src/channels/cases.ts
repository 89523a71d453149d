import { type RawBuilder, sql } from "kysely";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import { jsonbText, type Tx } from "../platform/database/index.ts";
import type { Place } from "./correlation.ts";
import type { ChannelRef } from "./event-queries.ts";

/** Whether a case `c` takes events now: its time is not over, or a run of it is open. */
export const CASE_IS_OPEN = (project: RawBuilder<unknown>) => sql`(c.closes_at > now() or exists (
      select from runs r where r.project_id = ${project} and r.case_id = c.case_id and r.completed_at is null))`;

const openQuery = fixedQuery<
  { project: string; channel: string; keys: string[] },
  {
    case_key: string;
    case_id: string;
    run_id: string | null;
    title: string;
    event_count: number;
    is_storm: boolean;
  }
>(
  (slot) => sql`
    select c.case_key, c.case_id, c.run_id, c.title, c.event_count, c.storm_at is not null as is_storm
    from unnest(${slot("keys")}::text[]) as k (key)
    cross join lateral (
      select case_key, case_id, run_id, title, event_count, storm_at, closes_at from channel_cases
      where project_id = ${slot("project")} and channel_id = ${slot("channel")} and case_key = k.key
      order by opened_at desc limit 1
    ) c
    where ${CASE_IS_OPEN(slot("project"))}`,
);

/** A case that takes events now. */
export interface OpenCase extends Place {
  title: string;
  events: number;
  isStorm: boolean;
}

/** For each key the case that takes events now. */
export async function openCases(
  tx: Tx,
  { projectId, channelId }: ChannelRef,
  keys: readonly string[],
): Promise<Map<string, OpenCase>> {
  if (keys.length === 0) return new Map();
  const rows = await openQuery(tx, { project: projectId, channel: channelId, keys: [...keys] });
  return new Map(
    rows.map((row) => [
      row.case_key,
      {
        caseId: row.case_id,
        runId: row.run_id,
        title: row.title,
        events: row.event_count,
        isStorm: row.is_storm,
      },
    ]),
  );
}

/** What a delivery adds to a case, which it may open. */
export interface CaseNews {
  caseId: string;
  key: string;
  runId: string | null;
  title: string;
  events: number;
  resolved: number;
  /** There are so many of them by now that it is a storm. */
  isStorm: boolean;
}

const noteQuery = fixedQuery<
  { project: string; channel: string; window: number; news: string },
  unknown
>(
  (slot) => sql`
    insert into channel_cases as c (project_id, case_id, channel_id, case_key, run_id, title, event_count, resolved_count,
      opened_at, last_event_at, closes_at, storm_at)
    select ${slot("project")}, r.case_id, ${slot("channel")}, r.key, r.run_id, r.title, r.events, r.resolved, now(), now(),
      now() + make_interval(secs => ${slot("window")}), case when r.is_storm then now() end
    from jsonb_to_recordset(${slot("news")}::jsonb)
      as r (case_id uuid, key text, run_id uuid, title text, events integer, resolved integer, is_storm boolean)
    order by r.case_id
    on conflict (project_id, case_id) do update set event_count = c.event_count + excluded.event_count,
      resolved_count = c.resolved_count + excluded.resolved_count, last_event_at = now(),
      run_id = coalesce(c.run_id, excluded.run_id),
      storm_at = coalesce(c.storm_at, excluded.storm_at)`,
);

/** Writes what a delivery adds to its cases, and opens those that are new. */
export async function noteCases(
  tx: Tx,
  { projectId, channelId }: ChannelRef,
  windowSeconds: number,
  news: readonly CaseNews[],
): Promise<void> {
  if (news.length === 0) return;
  await noteQuery(tx, {
    project: projectId,
    channel: channelId,
    window: windowSeconds,
    news: jsonbText(
      news.map(({ caseId, key, runId, title, events, resolved, isStorm }) => ({
        case_id: caseId,
        key,
        run_id: runId,
        title,
        events,
        resolved,
        is_storm: isStorm,
      })),
    ),
  });
}
