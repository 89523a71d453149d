import { callTime } from "./call-time.ts";
import type { Entry } from "./entries.ts";

export type BarTone = "read" | "write" | "failed" | "shadow" | "person" | "point";

/** A stretch of time in a row; one without length is a moment. Milliseconds. */
export interface TimeBar {
  id: string;
  from: number;
  until: number;
  tone: BarTone;
}

/** A row of the waterfall: one entry, or the tries of one call. */
export interface WaterfallRow {
  /** The entry it opens: the last try. */
  entry: Entry;
  bars: TimeBar[];
}

/** The rows in order of time; further tries of the same call stand in the row of the first. */
export function waterfallRows(entries: readonly Entry[], now: number): WaterfallRow[] {
  const rows: WaterfallRow[] = [];
  const byCall = new Map<string, WaterfallRow>();
  for (const entry of entries) {
    const bar = barOf(entry, now);
    const same = sameCall(entry);
    const row = same === undefined ? undefined : byCall.get(same);
    if (row) {
      row.bars.push(bar);
      row.entry = entry;
      continue;
    }
    const made = { entry, bars: [bar] };
    rows.push(made);
    if (same !== undefined) byCall.set(same, made);
  }
  return rows;
}

/** What tries of one call have in common; a call that went well is not tried again. */
function sameCall(entry: Entry): string | undefined {
  if (entry.type !== "call" || !entry.call) return undefined;
  const { server, tool_name, args_hash } = entry.call;
  return `${server} ${tool_name} ${args_hash}`;
}

function barOf(entry: Entry, now: number): TimeBar {
  const at = Date.parse(entry.ts);
  const point = { id: entry.id, from: at, until: at, tone: "point" } as const;
  if (entry.type === "wait") {
    const until = entry.until === null ? now : Date.parse(entry.until);
    return { ...point, until: Math.max(at, until), tone: "person" };
  }
  if (entry.type === "step") {
    const took = entry.item.metadata.latency_ms ?? 0;
    return { ...point, from: at - took, tone: took > 0 ? "read" : "point" };
  }
  if (entry.type !== "call" || !entry.call) return point;
  return { id: entry.id, ...callTime(entry.call, now), tone: toneOf(entry) };
}

function toneOf({ call }: Extract<Entry, { type: "call" }>): BarTone {
  const status = call?.result_status ?? "";
  if (["error", "unknown", "blocked"].includes(status)) return "failed";
  if (status === "simulated") return "shadow";
  return call?.effect === "write" ? "write" : "read";
}
