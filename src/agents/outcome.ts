import type { SettledOutcome } from "../calls/index.ts";
import type { StepOutput } from "./journal.ts";

const TRIES = 3;
const REASON_CHARS = 2_000;

/** How a call's end stands in the journal. */
export interface CallEntry {
  status: "success" | "simulated" | "error" | "blocked" | "unknown";
  output?: StepOutput;
  errorCode?: string;
  blockReason?: string;
  wasBlocked?: boolean;
}

/** The journal's words for how a call ended. */
export function entryOf(outcome: SettledOutcome): CallEntry {
  if (outcome.kind === "blocked") {
    const { code: errorCode, reason: blockReason } = outcome;
    return { status: "blocked", wasBlocked: true, errorCode, blockReason };
  }
  if (outcome.kind !== "result") {
    const status = outcome.kind === "unknown" ? "unknown" : "error";
    return { status, errorCode: outcome.code, blockReason: outcome.reason };
  }
  const output = readResult(outcome.result);
  if (outcome.simulated) return { status: "simulated", output };
  if (outcome.result.isError !== true) return { status: "success", output };
  const said = output.text.trim().slice(0, REASON_CHARS) || "nothing";
  const blockReason = `The tool answered with an error: ${said}`;
  return { status: "error", output, errorCode: "E-UPSTREAM-TOOL", blockReason };
}

/**
 * What a `CallToolResult` holds for expressions: the structured content, else the JSON that its only text is, else
 * null; and all its texts, joined by line breaks.
 */
export function readResult(result: Record<string, unknown>): StepOutput {
  const texts = textsOf(result.content);
  const text = texts.join("\n");
  if (result.isError === true && result.structuredContent === undefined) {
    return { output: null, text };
  }
  const output = result.structuredContent ?? (texts.length === 1 ? parsed(text) : null);
  return { output, text };
}

function textsOf(content: unknown): string[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((part: unknown) =>
    typeof part === "object" && part !== null && "text" in part && typeof part.text === "string"
      ? [part.text]
      : [],
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export interface Situation {
  onError: "fail" | "continue" | "retry";
  /** Whether the contract calls the tool a read. */
  isRead: boolean;
  /** Which try this was, from 1. */
  tries: number;
  /** The worker is shutting down or has lost its lease. */
  isStopping: boolean;
}

/**
 * What follows a call's end: its journal entry stands (`record`), the same call is made again (`again`), or the step
 * stays pending for the next worker, because this one stops or the agent is frozen (`leave`). A write that may have been
 * received is never made again.
 */
export function followUp(outcome: SettledOutcome, now: Situation): "record" | "again" | "leave" {
  if (outcome.kind === "blocked" && outcome.code === "E-FROZEN") return "leave";
  const isFailure =
    outcome.kind === "error" || (outcome.kind === "result" && outcome.result.isError === true);
  if (!isFailure || (outcome.kind === "result" && outcome.simulated)) return "record";
  const isHarmless = now.isRead || (outcome.kind === "error" && !outcome.sent);
  if (!isHarmless) return "record";
  if (now.isStopping && outcome.kind === "error") return "leave";
  return now.onError === "retry" && now.tries < TRIES ? "again" : "record";
}
