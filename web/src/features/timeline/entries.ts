import type { Call, RunDetail, Step, TimelineItem, Verdict } from "../../app/api.ts";
import { type ParsedDecision, parseDecision } from "../approvals/parse-decision.ts";
import { argsInWords, onlyAsked, resultInWords } from "../calls/in-words.ts";

interface Base {
  id: string;
  ts: string;
}

/** One line of the story. A step that made a call is folded into it, so that a call stands once. */
export type Entry =
  | (Base & {
      type: "call";
      item: TimelineItem;
      tool: string;
      call: Call | undefined;
      step: Step | undefined;
      verdicts: Verdict[];
      text: string | null;
    })
  | (Base & { type: "step"; item: TimelineItem; step: Step | undefined; text: string | null })
  | (Base & { type: "decision"; item: TimelineItem; decision: ParsedDecision })
  | (Base & { type: "wait"; item: TimelineItem; until: string | null })
  | (Base & { type: "inbound" | "outbound" | "state"; item: TimelineItem });

type Known = Pick<RunDetail, "mcp_calls" | "steps">;

/** Turns timeline items (oldest first) into the lines of the story. */
export function entriesOf(items: readonly TimelineItem[], known: Known): Entry[] {
  const calls = new Map(known.mcp_calls.map((call) => [call.call_id, call]));
  const steps = new Map(known.steps.map((step) => [step.step_id, step]));
  const stepOfCall = new Map(known.steps.map((step) => [step.call_id, step]));
  const listed = items.filter((item) => item.kind === "mcp").map((item) => item.metadata);
  const callIds = new Set(listed.map((metadata) => metadata.call_id ?? ""));
  const stepIds = new Set(listed.map((metadata) => metadata.step_id ?? ""));
  const entries: Entry[] = [];
  let waiting: TimelineItem | undefined;
  const endWait = (until: string | null) => {
    if (waiting)
      entries.push({ id: waiting.id, ts: waiting.ts, type: "wait", item: waiting, until });
    waiting = undefined;
  };
  for (const item of items) {
    const base = { id: item.id, ts: item.ts, item };
    const callId = item.metadata.call_id;
    if (item.kind === "approval" || item.kind === "run") endWait(item.ts);
    if (item.kind === "mcp") {
      const call = callId ? calls.get(callId) : undefined;
      const step = callId ? stepOfCall.get(callId) : undefined;
      entries.push(callEntry(base, call, step));
    } else if (item.kind === "step") {
      // A step that is still waiting names no call yet; the call names its step.
      if (callIds.has(callId ?? "?") || stepIds.has(item.metadata.step_id ?? "?")) continue;
      const step = item.metadata.step_id ? steps.get(item.metadata.step_id) : undefined;
      entries.push({ ...base, type: "step", step, text: step?.summary ?? item.summary });
    } else if (item.kind === "approval") {
      entries.push({ ...base, type: "decision", decision: parseDecision(item.summary) });
    } else if (item.kind === "run") {
      if (item.status === "waiting_approval") waiting = item;
      else entries.push({ ...base, type: "state" });
    } else entries.push({ ...base, type: item.kind });
  }
  endWait(null);
  return entries;
}

function callEntry(
  base: { id: string; ts: string; item: TimelineItem },
  call: Call | undefined,
  step: Step | undefined,
): Entry {
  const { item } = base;
  return {
    ...base,
    type: "call",
    call,
    step,
    tool: call?.tool_name ?? item.metadata.tool_name ?? item.title,
    verdicts: call?.verdicts ?? item.metadata.verdicts ?? [],
    text: item.summary ?? step?.summary ?? (call ? callInWords(call) : null),
  };
}

const callInWords = (call: Call): string => resultInWords(call) ?? argsInWords(call.args);

export const SHOWN = ["all", "calls", "messages", "state"] as const;
export type Shown = (typeof SHOWN)[number];

const TYPES: Record<Shown, readonly Entry["type"][]> = {
  all: ["call", "step", "decision", "wait", "inbound", "outbound", "state"],
  calls: ["call"],
  messages: ["inbound", "outbound"],
  state: ["state", "wait", "decision"],
};

export const entriesShown = (entries: readonly Entry[], shown: Shown): Entry[] =>
  entries.filter((entry) => TYPES[shown].includes(entry.type));

/**
 * What to show beside the story before one chooses: while the run waits the call that asks, else what
 * was stopped, else the last write, else the last call.
 */
export function notableEntry(entries: readonly Entry[], waits: boolean): Entry | undefined {
  const calls = entries.filter((entry) => entry.type === "call");
  const asks = (entry: (typeof calls)[number]) => entry.verdicts.some((v) => v.outcome === "ask");
  const isStopped = (entry: (typeof calls)[number]) =>
    ["blocked", "error", "unknown"].includes(entry.item.status ?? "") &&
    !(entry.call && onlyAsked(entry.call));
  return (
    (waits ? calls.findLast(asks) : undefined) ??
    calls.findLast(isStopped) ??
    calls.findLast((entry) => entry.item.metadata.effect === "write") ??
    calls.at(-1) ??
    entries.at(-1)
  );
}
