import { sql } from "kysely";
import { type Database, jsonbText } from "../platform/database/index.ts";
import { AppError, type ErrorCode } from "../platform/errors.ts";
import type { Logger } from "../platform/log.ts";
import type { Closer } from "../platform/storage.ts";
import type { DeliveryAnswer } from "./contract.ts";
import type { ChannelRef } from "./event-queries.ts";

const PAUSE_MS = 2_000;

/** Counts what comes in on channels; a count must not make taking an event in any slower. */
export interface ChannelFigures {
  /** Counts what a delivery to a channel that there is brought, which `took` is told of, or that it was refused. */
  counting<T>(
    channel: ChannelRef,
    take: (took: (answer: DeliveryAnswer) => DeliveryAnswer) => Promise<T>,
  ): Promise<T>;
  /** Only of channels that there are: nobody must be able to fill the table with names. */
  refused(channel: ChannelRef, code: ErrorCode): void;
  /** Writes what has been counted until now; what can't be written is kept for the next time. */
  write(): Promise<void>;
}

interface Count {
  project_id: string;
  channel_id: string;
  events: number;
  refused: number;
  code: ErrorCode | null;
}

/** What was counted is written every two seconds, in one statement for all channels; a process that is killed takes it along, one that ends writes it. */
export function createChannelFigures(
  { db, log }: { db: Database; log: Logger },
  closers: Closer[],
): ChannelFigures {
  let counts = new Map<string, Count>();
  let timer: NodeJS.Timeout | undefined;
  const countOf = ({ projectId, channelId }: ChannelRef): Count => {
    timer ??= setTimeout(() => void write(), PAUSE_MS).unref();
    const name = `${projectId} ${channelId}`;
    const known = counts.get(name);
    if (known) return known;
    const count = {
      project_id: projectId,
      channel_id: channelId,
      events: 0,
      refused: 0,
      code: null,
    };
    counts.set(name, count);
    return count;
  };
  async function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const written = counts;
    counts = new Map();
    if (written.size === 0) return;
    await store(db, [...written.values()]).catch((error: unknown) => {
      log.warn({ err: error }, "what came in on channels could not be counted yet");
      for (const { project_id, channel_id, ...old } of written.values()) {
        const count = countOf({ projectId: project_id, channelId: channel_id });
        count.events += old.events;
        count.refused += old.refused;
        count.code ??= old.code;
      }
    });
  }
  const refused = (channel: ChannelRef, code: ErrorCode) => {
    const count = countOf(channel);
    count.refused += 1;
    count.code = code;
  };
  closers.push({ name: "figures of channels", close: write });
  return {
    async counting(channel, take) {
      try {
        return await take((answer) => {
          countOf(channel).events += answer.events.length;
          return answer;
        });
      } catch (error) {
        if (error instanceof AppError) refused(channel, error.code);
        throw error;
      }
    },
    refused,
    write,
  };
}

/** In one order, so that two processes never wait for each other in a ring. */
async function store(db: Database, counts: readonly Count[]): Promise<void> {
  const projects = [...new Set(counts.map(({ project_id }) => project_id))];
  await db.transaction({ role: "app", projects }, async (tx) => {
    await sql`
      insert into channel_hours as old (project_id, channel_id, hour, event_count, refused_count, last_event_at,
        last_refused_at, last_refused_code)
      select project_id, channel_id, date_trunc('hour', now(), 'UTC'), events, refused,
        case when events > 0 then now() end, case when refused > 0 then now() end, code
      from jsonb_to_recordset(${jsonbText(counts)}::jsonb)
        as r (project_id text, channel_id text, events bigint, refused bigint, code text)
      order by 1, 2
      on conflict (project_id, channel_id, hour) do update set
        event_count = old.event_count + excluded.event_count,
        refused_count = old.refused_count + excluded.refused_count,
        last_event_at = greatest(old.last_event_at, excluded.last_event_at),
        last_refused_at = greatest(old.last_refused_at, excluded.last_refused_at),
        last_refused_code = coalesce(excluded.last_refused_code, old.last_refused_code)`.execute(
      tx,
    );
  });
}
