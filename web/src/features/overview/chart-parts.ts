import { useWords } from "../../app/words.ts";
import type { Overview } from "./queries.ts";
import { HOURS } from "./window.ts";

/** How high the charts are, whether they are drawn or on their way. */
export const RUNS_PX = 184;
export const LATENCY_PX = 140;

/** What is stacked, from below; pending counts as working, and what a person or the clock ended is one. */
export const STACK = [
  { key: "completed", fill: "var(--machine-2)", mark: "k-completed" },
  { key: "ended", fill: "var(--hair-2)", mark: "k-ended" },
  { key: "working", fill: "var(--ink)", mark: "k-working" },
  { key: "waiting", fill: "url(#hatch)", mark: "k-waiting" },
  { key: "failed", fill: "url(#stripe)", mark: "k-failed" },
] as const;

export function partsOf(overview: Overview) {
  return overview.runs.map((part) => ({
    at: part.at,
    completed: part.completed,
    ended: part.cancelled,
    working: part.running + part.pending,
    waiting: part.waiting_approval,
    failed: part.failed + part.timed_out,
  }));
}

/** `07:00`, in the zone of the reader, with the day where there are several. */
export function useClock({ window }: Overview) {
  const { language } = useWords();
  const format = new Intl.DateTimeFormat(language, {
    ...(HOURS[window] > 24 ? { month: "numeric", day: "numeric" } : {}),
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return (iso: string) => format.format(new Date(iso));
}

export const LINES = [
  { key: "p95_ms", stroke: "var(--machine-2)", dash: "4 2", mark: "k-p95" },
  { key: "p50_ms", stroke: "var(--ink)", dash: "", mark: "k-p50" },
] as const;
