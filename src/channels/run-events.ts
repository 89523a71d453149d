import type { Tx } from "../platform/database/index.ts";
import { cutToSize } from "./cut-to-size.ts";

/** So many of a run's events its agent sees, the newest. */
const MOST_SEEN = 50;
const SEEN_CHARS = 4_096;

/** What came in about a run, as its agent sees it. */
interface RunEvents {
  /** Oldest first: the one that started the run, and what joined it since. */
  events: {
    at: string;
    /** Folded into what was there. */
    is_duplicate: boolean;
    title: string | null;
    /** As a trigger sees it, cut to four thousand characters. */
    payload: unknown;
  }[];
  /** The case they belong to; null where no rule puts events together. */
  incident: { event_count: number; resolved_count: number; is_storm: boolean } | null;
}

/** Reads what has come in about a run until now. */
export async function readRunEvents(
  tx: Tx,
  run: { project_id: string; run_id: string; case_id: string | null },
): Promise<RunEvents> {
  const { project_id, run_id, case_id } = run;
  const [rows, found] = await Promise.all([
    tx
      .selectFrom("channel_events")
      .select(["received_at", "is_duplicate", "content_preview", "payload"])
      .where("project_id", "=", project_id)
      .where((of) => (case_id === null ? of("run_id", "=", run_id) : of("case_id", "=", case_id)))
      .orderBy("received_at", "desc")
      .limit(MOST_SEEN)
      .execute(),
    case_id === null
      ? undefined
      : tx
          .selectFrom("channel_cases")
          .select(["event_count", "resolved_count", "storm_at"])
          .where("project_id", "=", project_id)
          .where("case_id", "=", case_id)
          .executeTakeFirst(),
  ]);
  return {
    events: rows.reverse().map(({ received_at, is_duplicate, content_preview, payload }) => ({
      at: received_at,
      is_duplicate,
      title: content_preview,
      payload: cutToSize(payload, SEEN_CHARS),
    })),
    incident: found
      ? {
          event_count: found.event_count,
          resolved_count: found.resolved_count,
          is_storm: found.storm_at !== null,
        }
      : null,
  };
}
