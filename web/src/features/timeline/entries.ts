import type { Call, ItemOf, RunDetail, Step, TimelineItem } from "../../app/api.ts";
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
      item: ItemOf<"mcp">;
      call: Call | undefined;
      text: string | null;
    })
  | (Base & { type: "step"; item: ItemOf<"step">; step: Step | undefined; text: string | null })
  | (Base & { type: "decision"; item: ItemOf<"approval">; decision: ParsedDecision })
  | (Base & { type: "wait"; item: ItemOf<"run">; until: string | null })
  | (Base & { type: "state"; item: ItemOf<"run"> })
  | (Base & { type: "inbound"; item: ItemOf<"inbound"> })
  | (Base & { type: "outbound"; item: ItemOf<"outbound"> });

type Known = Pick<RunDetail, "mcp_calls" | "steps">;

/** Turns timeline items (oldest first) into the lines of the story. */
export function entriesOf(items: readonly TimelineItem[], known: Known): Entry[] {
  const calls = new Map(known.mcp_calls.map((call) => [call.call_id, call]));
  const steps = new Map(known.steps.map((step) => [step.step_id, step]));
  const stepOfCall = new Map(known.steps.map((step) => [step.call_id, step]));
  const listed = items.flatMap((item) => (item.kind === "mcp" ? [item.metadata] : []));
  const callIds = new Set<string | null>(listed.map((metadata) => metadata.call_id));
  const stepIds = new Set<string | null>(listed.map((metadata) => metadata.step_id));
  const entries: Entry[] = [];
  let waiting: ItemOf<"run"> | undefined;
  const endWait = (until: string | null) => {
    if (waiting) entries.push({ ...baseOf(waiting), type: "wait", item: waiting, until });
    waiting = undefined;
  };
  for (const item of items) {
    if (item.kind === "approval" || item.kind === "run") endWait(item.ts);
    if (item.kind === "run" && item.status === "waiting_approval") waiting = item;
    else if (item.kind === "mcp") {
      const id = item.metadata.call_id;
      entries.push(callEntry(item, calls.get(id), stepOfCall.get(id)));
    } else if (item.kind !== "step") entries.push(plainEntry(item));
    // A step that is still waiting names no call yet; the call names its step.
    else if (!callIds.has(item.metadata.call_id) && !stepIds.has(item.metadata.step_id))
      entries.push(stepEntry(item, steps.get(item.metadata.step_id)));
  }
  endWait(null);
  return entries;
}

const baseOf = ({ id, ts }: TimelineItem): Base => ({ id, ts });

function callEntry(item: ItemOf<"mcp">, call: Call | undefined, step: Step | undefined): Entry {
  const text = step?.summary ?? (call ? callInWords(call) : null);
  return { ...baseOf(item), type: "call", item, call, text };
}

function stepEntry(item: ItemOf<"step">, step: Step | undefined): Entry {
  return { ...baseOf(item), type: "step", item, step, text: step?.summary ?? item.summary };
}

function plainEntry(item: ItemOf<"run" | "inbound" | "outbound" | "approval">): Entry {
  switch (item.kind) {
    case "run":
      return { ...baseOf(item), type: "state", item };
    case "approval":
      return { ...baseOf(item), type: "decision", item, decision: parseDecision(item.summary) };
    case "inbound":
      return { ...baseOf(item), type: "inbound", item };
    case "outbound":
      return { ...baseOf(item), type: "outbound", item };
  }
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

/** The line that tells of an item; a step that made a call is told of with its call. */
export const entryOf = (entries: readonly Entry[], itemId: string): Entry | undefined =>
  entries.find(({ id }) => id === itemId) ??
  entries.find(
    (entry) => entry.type === "call" && `step:${entry.item.metadata.step_id}` === itemId,
  );

/**
 * What to show beside the story before one chooses: while the run waits the call that asks, else what
 * was stopped, else the last write, else the last call.
 */
export function notableEntry(entries: readonly Entry[], waits: boolean): Entry | undefined {
  const calls = entries.filter((entry) => entry.type === "call");
  const asks = (entry: (typeof calls)[number]) =>
    entry.item.metadata.verdicts.some((v) => v.outcome === "ask");
  const isStopped = (entry: (typeof calls)[number]) =>
    ["blocked", "error", "unknown"].includes(entry.item.status) &&
    !(entry.call && onlyAsked(entry.call));
  return (
    (waits ? calls.findLast(asks) : undefined) ??
    calls.findLast(isStopped) ??
    calls.findLast((entry) => entry.item.metadata.effect === "write") ??
    calls.at(-1) ??
    entries.at(-1)
  );
}
