import type { Call } from "../../app/api.ts";

/** The machine's part of a call, in milliseconds; what a person took before it stands beside it. */
export function callTime(call: Call, now: number): { from: number; until: number } {
  const end = call.completed_at ? Date.parse(call.completed_at) : Number.NaN;
  const sent = call.upstream_ms;
  const from = Number.isNaN(end) || sent === null ? Date.parse(call.created_at) : end - sent;
  if (Number.isNaN(end)) {
    const until = call.result_status === "executing" ? now : from + (call.latency_ms ?? 0);
    return { from, until };
  }
  return { from, until: sent === null ? Math.min(end, from + (call.latency_ms ?? 0)) : end };
}
