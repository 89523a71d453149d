import { type RawBuilder, sql } from "kysely";
import { type Caller, projectsTable } from "../identity/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { readList } from "../platform/database/list.ts";
import type { Place } from "../platform/http/index.ts";
import { channelBodySchema, inboundOf, sendsOut } from "./channel-body.ts";
import type { ChannelDetail, ChannelSummary } from "./channels-contract.ts";
import { healthOf } from "./health.ts";

/** What a cursor of the list holds. */
export type ChannelPlace = [channelId: string, projectId: string, revisionId: string];

const MOST_COUNTED = 10_000;
const MOST_MEASURED = 10_000;
/** More than that are not counted for one page. */
const MOST_OF_A_DAY = 200_000;
const DAY = sql`now() - interval '24 hours'`;

const messages = (status: "queued" | "sent" | "failed"): RawBuilder<unknown> =>
  sql`outbound_messages m where m.project_id = r.project_id and m.channel_id = r.contract_id
    and m.send_status = ${sql.lit(status)}`;
const countOf = (status: "queued" | "failed") =>
  sql`(select count(*)::int from (select 1 from ${messages(status)} limit ${sql.lit(MOST_COUNTED)}) m)`;
const hours = sql`channel_hours h where h.project_id = r.project_id and h.channel_id = r.contract_id`;

const COLUMNS = sql`r.project_id, r.contract_id as channel_id, r.revision_id, r.version_major, r.version_minor,
  r.lifecycle_status, r.body, came.*, refused.*, given_up.*, bot.*,
  (select h.last_event_at from ${hours} and h.last_event_at is not null order by h.hour desc limit 1) as last_event_at,
  (select m.sent_at from ${messages("sent")} order by m.queued_at desc limit 1) as last_sent_at,
  (select m.queued_at from ${messages("sent")} order by m.queued_at desc limit 1) as last_sent_queued_at,
  (select m.trying_since from ${messages("queued")} order by m.queued_at limit 1)
    < now() - interval '5 minutes' as is_stuck,
  ${countOf("queued")} as queued, ${countOf("failed")} as failed`;

const CHANNELS = sql`contract_revisions r
  cross join lateral (select coalesce(sum(h.event_count), 0)::int as events_24h,
      coalesce(sum(h.refused_count), 0)::int as refused_24h,
      coalesce(sum(h.event_count) filter (where h.hour > now() - interval '2 hours'), 0)::int as events_lately,
      coalesce(sum(h.refused_count) filter (where h.hour > now() - interval '2 hours'), 0)::int as refused_lately
    from ${hours} and h.hour > ${DAY}) came
  left join lateral (select h.last_refused_at, h.last_refused_code from ${hours} and h.last_refused_at is not null
    order by h.hour desc limit 1) refused on true
  left join lateral (select m.queued_at as last_failed_at, m.send_error as last_error from ${messages("failed")}
    order by m.queued_at desc limit 1) given_up on true
  left join lateral (select b.error as receive_error, b.failed_at as receive_failing_since from telegram_bots b
    where b.project_id = r.project_id and b.channel_id = r.contract_id) bot on true`;

const ACTIVE = sql`r.contract_family = 'channel' and r.lifecycle_status = 'active'`;

interface ChannelRow
  extends Omit<ChannelSummary, "version" | "channel_type" | "direction" | "hook_path" | "health"> {
  version_major: number;
  version_minor: number;
  body: unknown;
  events_lately: number;
  refused_lately: number;
  last_sent_queued_at: string | null;
  is_stuck: boolean | null;
}

/** A page of channels and one more, by id, with how many there are; of all the caller's projects when none is named. */
export async function listChannels(
  tx: Tx,
  caller: Caller,
  asked: {
    projectId: string | undefined;
    language: "en" | "zh-TW";
    place: Place<ChannelPlace>;
  },
) {
  const { rows, total } = await readList<ChannelRow>(
    tx,
    {
      table: "contract_revisions",
      projects: projectsTable(caller, asked.projectId),
      columns: COLUMNS,
      from: sql`${CHANNELS} where r.project_id = p.project_id and ${ACTIVE}`,
      by: {
        channel_id: sql`r.contract_id`,
        project_id: sql`r.project_id`,
        revision_id: sql`r.revision_id`,
      },
      order: "asc",
    },
    asked.place,
  );
  return { rows: rows.map((row) => shown(row, asked.language)), total };
}

/** One channel with its last 24 hours; undefined when the project has no active one of this id. */
export async function readChannel(
  tx: Tx,
  asked: { projectId: string; channelId: string; language: "en" | "zh-TW" },
): Promise<ChannelDetail | undefined> {
  const { projectId, channelId } = asked;
  const { rows } = await sql<ChannelRow>`select ${COLUMNS} from ${CHANNELS}
    where r.project_id = ${projectId} and r.contract_id = ${channelId} and ${ACTIVE}`.execute(tx);
  const [row] = rows;
  if (!row) return undefined;
  const day = await readDay(tx, projectId, channelId);
  return { ...shown(row, asked.language), ...day };
}

type Day = Pick<ChannelDetail, "hours" | "sent_24h" | "failed_24h" | "latency">;

async function readDay(tx: Tx, projectId: string, channelId: string): Promise<Day> {
  const ofChannel = sql`project_id = ${projectId} and channel_id = ${channelId}`;
  const { rows: found } = await sql<Day["hours"][number]>`
    with sent as (select date_trunc('hour', sent_at, 'UTC') as hour, count(*)::int as count from (
        select sent_at from outbound_messages where ${ofChannel} and sent_at > ${DAY}
        order by sent_at desc limit ${sql.lit(MOST_OF_A_DAY)}) m group by 1),
      failed as (select date_trunc('hour', queued_at, 'UTC') as hour, count(*)::int as count from (
        select queued_at from outbound_messages where ${ofChannel} and send_status = 'failed' and queued_at > ${DAY}
        order by queued_at desc limit ${sql.lit(MOST_OF_A_DAY)}) m group by 1)
    select hour, coalesce(h.event_count, 0)::int as events, coalesce(h.refused_count, 0)::int as refused,
      coalesce(sent.count, 0) as sent, coalesce(failed.count, 0) as failed
    from generate_series(date_trunc('hour', ${DAY}, 'UTC'), now(), interval '1 hour') as hour
    left join (select hour, event_count, refused_count from channel_hours
      where ${ofChannel} and hour >= date_trunc('hour', ${DAY}, 'UTC')) h using (hour)
    left join sent using (hour) left join failed using (hour) order by hour`.execute(tx);
  const { rows: measured } = await sql<ChannelDetail["latency"]>`
    select count(*)::int as measured, percentile_disc(0.5) within group (order by ms) as p50_ms,
      percentile_disc(0.95) within group (order by ms) as p95_ms
    from (select (extract(epoch from sent_at - queued_at) * 1000)::int as ms from outbound_messages
      where ${ofChannel} and sent_at > ${DAY} order by sent_at desc limit ${sql.lit(MOST_MEASURED)}) m`.execute(
    tx,
  );
  const sum = (of: "sent" | "failed") => found.reduce((all, hour) => all + hour[of], 0);
  return {
    hours: found,
    sent_24h: sum("sent"),
    failed_24h: sum("failed"),
    latency: measured[0] ?? { measured: 0, p50_ms: null, p95_ms: null },
  };
}

function shown(row: ChannelRow, language: "en" | "zh-TW"): ChannelSummary {
  const { version_major, version_minor, body, ...more } = row;
  const { events_lately, refused_lately, last_sent_queued_at, is_stuck, ...known } = more;
  const channel = channelBodySchema.parse(body);
  // What failed while it still received says nothing any more.
  const isReceiving = channel.type === "telegram" && channel.receive !== undefined;
  const facts = isReceiving
    ? known
    : { ...known, receive_error: null, receive_failing_since: null };
  const { last_failed_at, last_sent_at, last_event_at } = facts;
  const isPosted = inboundOf(channel) !== undefined;
  const isOut = channel.type === "console" || sendsOut(channel);
  const dayAgo = new Date(Date.now() - 86_400_000).toISOString();
  const isRecent = (at: string | null) => at !== null && at > dayAgo;
  return {
    ...facts,
    version: `${version_major}.${version_minor}`,
    channel_type: channel.type,
    direction: isPosted || isReceiving ? (isOut ? "both" : "in") : "out",
    hook_path: isPosted ? `/hooks/${facts.project_id}/${facts.channel_id}` : null,
    health: healthOf(
      {
        events: events_lately,
        refused: refused_lately,
        isUsed: isRecent(last_event_at) || isRecent(last_sent_at),
        isLastGivenUp:
          isRecent(last_failed_at) && (last_failed_at ?? "") > (last_sent_queued_at ?? ""),
        isDeaf: facts.receive_error !== null,
        isStuck: is_stuck ?? false,
      },
      language,
    ),
  };
}
