import type { ToolServerDetail } from "./queries.ts";

type Calls = ToolServerDetail["calls"];
type Hour = Calls["hours"][number];

const HOUR_MS = 3_600_000;
const MOST_HOURS = 25;

/** An hour with what was neither wrong nor stopped. */
type Counted = Hour & { good: number };

const none = (hour: string): Hour => ({
  hour,
  calls: 0,
  errors: 0,
  blocked: 0,
  latency_p50_ms: null,
  latency_p95_ms: null,
});

/** Every hour from the first that has calls to the last; the answer leaves out those without any. */
export function hoursOf(calls: Pick<Calls, "hours">): Counted[] {
  const known = new Map(calls.hours.map((hour) => [Date.parse(hour.hour), hour]));
  const last = Math.max(...known.keys());
  const first = Math.max(Math.min(...known.keys()), last - (MOST_HOURS - 1) * HOUR_MS);
  if (!Number.isFinite(last)) return [];
  return Array.from({ length: (last - first) / HOUR_MS + 1 }, (_, at) => {
    const time = first + at * HOUR_MS;
    const hour = known.get(time) ?? none(new Date(time).toISOString());
    return { ...hour, good: hour.calls - hour.errors - hour.blocked };
  });
}
