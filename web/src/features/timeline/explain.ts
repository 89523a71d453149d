import type { Call, RunDetail } from "../../app/api.ts";
import { sentenceIn } from "../calls/in-words.ts";
import type { Entry } from "./entries.ts";
import type { Totals } from "./spans.ts";
import { stoppedCall } from "./why.ts";

/** One sentence of what came of a run; the texts are under `explain` in the locales. */
export type Sentence =
  | { key: "said"; text: string }
  | { key: "completed" | "simulated"; ms: number; count: number }
  | { key: "wrote"; count: number }
  | { key: "wrote_nothing" }
  | { key: "approved" | "edited"; who: string; ms: number }
  | { key: "rejected"; who: string; reason: string }
  | { key: "changes"; who: string; reason: string }
  | { key: "blocked"; call: Call; gate: number }
  | { key: "unknown"; tool: string }
  /** Why, `whyInWords` says. */
  | { key: "failed" | "cancelled" | "timed_out" };

const EXECUTED = new Set(["success", "error", "unknown"]);

/** Sentences before numbers: why a run that has ended ended so. Empty while it goes on. */
export function explain(detail: RunDetail, entries: readonly Entry[], totals: Totals): Sentence[] {
  const { run, mcp_calls: calls } = detail;
  const unknown = calls.filter((call) => call.result_status === "unknown");
  const open: Sentence[] = unknown.map((call) => ({ key: "unknown", tool: call.tool_name }));
  switch (run.state) {
    case "completed":
      return [...completed(detail, totals), ...decided(entries), ...open];
    case "failed": {
      const stopped = stoppedCall(run, calls);
      const first: Sentence = stopped?.block_gate
        ? { key: "blocked", call: stopped, gate: stopped.block_gate }
        : { key: "failed" };
      return [first, ...writes(detail), ...open];
    }
    case "cancelled":
    case "timed_out": {
      const answers = decided(entries);
      const first: Sentence[] = answers.some((a) => a.key === "rejected")
        ? []
        : [{ key: run.state }];
      return [...first, ...answers, ...writes(detail), ...open];
    }
    default:
      return open;
  }
}

function completed(detail: RunDetail, totals: Totals): Sentence[] {
  const { run } = detail;
  const final = detail.outbound_messages.findLast((m) => m.message_type === "final");
  const said = sentenceIn(run.result) ?? final?.content_preview;
  return [
    ...(said ? [{ key: "said", text: said } as const] : []),
    {
      key: run.is_shadow ? "simulated" : "completed",
      ms: totals.total,
      count: run.budget.calls_used,
    },
    ...(run.is_shadow ? [] : writes(detail)),
  ];
}

function writes({ mcp_calls: calls, counts }: RunDetail): Sentence[] {
  // Of a long run not all calls are known.
  if (calls.length < counts.mcp_calls) return [];
  const count = calls.filter(
    (call) => call.effect === "write" && EXECUTED.has(call.result_status),
  ).length;
  return [count === 0 ? { key: "wrote_nothing" } : { key: "wrote", count }];
}

function decided(entries: readonly Entry[]): Sentence[] {
  return entries.flatMap((entry, i): Sentence[] => {
    if (entry.type !== "decision") return [];
    const { approver, decision, reason } = entry.decision;
    const who = approver ?? "?";
    if (decision === "reject") return [{ key: "rejected", who, reason: reason ?? "" }];
    if (decision === "request_changes") return [{ key: "changes", who, reason: reason ?? "" }];
    const wait = entries[i - 1];
    const from = wait?.type === "wait" ? Date.parse(wait.ts) : Date.parse(entry.ts);
    const ms = Date.parse(entry.ts) - from;
    if (decision === "edit") return [{ key: "edited", who, ms }];
    return decision === "approve" ? [{ key: "approved", who, ms }] : [];
  });
}
