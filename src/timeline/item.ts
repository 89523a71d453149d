import { redact } from "../platform/redact.ts";
import type { TimelineItem } from "./contract.ts";
import { type Language, titleOf } from "./titles.ts";

type Effect = "read" | "write";
type Verdicts = Record<string, unknown>[];

/** What an item is made from: columns of its row, under their names. */
export type ItemFacts =
  | {
      kind: "run";
      moment: "created";
      state: string;
      trigger_type: string | null;
      agent_id: string;
      trace_id: string;
      trigger_ref: string | null;
    }
  | { kind: "run"; moment: "started"; worker_id: string | null }
  | {
      kind: "run";
      moment: "changed";
      state: string;
      event: string;
      from_state: string;
      actor_id: string;
      reason: string | null;
    }
  | {
      kind: "run";
      moment: "ended";
      state: string;
      error_detail: string | null;
      error_code: string | null;
      from_state: string | null;
    }
  | {
      kind: "inbound";
      channel_type: string;
      is_duplicate: boolean;
      content_preview: string | null;
      provider_event_id: string;
    }
  | (StepFacts & { kind: "step"; tool_name: string | null })
  | (StepFacts & { kind: "approval"; tool_name: string })
  | {
      kind: "mcp";
      tool_name: string;
      result_status: string;
      block_reason: string | null;
      block_gate: number | null;
      latency_ms: number | null;
      call_id: string;
      step_id: string | null;
      server: string | null;
      effect: Effect;
      verdicts: Verdicts;
      approval_id: string | null;
      cost_usd: number;
    }
  | {
      kind: "outbound";
      channel_type: string;
      message_type: string;
      subject_kind: string | null;
      content_preview: string | null;
      send_status: string;
      send_error: string | null;
      provider_message_id: string | null;
      triggered_by_state: string | null;
      channel_id: string;
    };

interface StepFacts {
  step_key: string;
  step_kind: string;
  result_status: string;
  block_reason: string | null;
  error_code: string | null;
  was_blocked: boolean;
  latency_ms: number | null;
  call_id: string | null;
  step_id: string;
  approval_id: string | null;
}

/** What an item says, apart from when and under which title; a discriminated union by `kind`. */
type Said = Pick<TimelineItem, "status" | "summary"> &
  { [K in TimelineItem["kind"]]: { kind: K; metadata: MetadataOf<K> } }[TimelineItem["kind"]];
type MetadataOf<K> = Extract<TimelineItem, { kind: K }>["metadata"];

/** The timeline item for a row, its texts redacted. */
export function itemOf(
  row: { id: string; ts: string; facts: ItemFacts },
  language: Language,
): TimelineItem {
  const { status, summary, ...said } = sayOf(row.facts);
  const { title, title_key } = titleOf(row.facts, language);
  const item = {
    id: row.id,
    ts: row.ts,
    kind: said.kind,
    title,
    title_key,
    status,
    summary,
    metadata: said.metadata,
  };
  return redact(item) as TimelineItem;
}

function sayOf(facts: ItemFacts): Said {
  switch (facts.kind) {
    case "run":
      return runSaid(facts);
    case "inbound":
      return {
        kind: "inbound",
        status: facts.is_duplicate ? "duplicate" : "received",
        summary: facts.content_preview,
        metadata: { provider_event_id: facts.provider_event_id },
      };
    case "step":
      return { kind: "step", ...stepSaid(facts), metadata: stepMetadata(facts) };
    case "approval":
      return {
        kind: "approval",
        ...stepSaid(facts),
        metadata: { ...stepMetadata(facts), approval_id: facts.approval_id },
      };
    case "mcp":
      return callSaid(facts);
    case "outbound":
      return {
        kind: "outbound",
        status: facts.send_status,
        summary: facts.content_preview ?? facts.send_error,
        metadata: {
          message_type: facts.message_type,
          provider_message_id: facts.provider_message_id,
          triggered_by_state: facts.triggered_by_state,
          subject_kind: facts.subject_kind,
          channel_id: facts.channel_id,
        },
      };
  }
}

function runSaid(facts: Extract<ItemFacts, { kind: "run" }>): Said {
  switch (facts.moment) {
    case "created":
      return {
        kind: "run",
        status: facts.state,
        summary: `${facts.trigger_type ?? "unknown"}, ${facts.agent_id}`,
        metadata: { trace_id: facts.trace_id, trigger_ref: facts.trigger_ref },
      };
    case "started":
      return {
        kind: "run",
        status: "running",
        summary: facts.worker_id,
        metadata: { worker_id: facts.worker_id },
      };
    case "changed":
      return {
        kind: "run",
        status: facts.state,
        summary: facts.reason ? `${facts.actor_id}: ${facts.reason}` : facts.actor_id,
        metadata: { event: facts.event, from_state: facts.from_state },
      };
    case "ended":
      return {
        kind: "run",
        status: facts.state,
        summary: facts.error_detail ?? facts.error_code,
        metadata: { from_state: facts.from_state },
      };
  }
}

function stepSaid(facts: StepFacts) {
  return { status: facts.result_status, summary: facts.block_reason ?? facts.error_code };
}

function stepMetadata(facts: StepFacts) {
  return {
    was_blocked: facts.was_blocked,
    latency_ms: facts.latency_ms,
    step_key: facts.step_key,
    call_id: facts.call_id,
    step_id: facts.step_id,
    kind: facts.step_kind,
  };
}

function callSaid(facts: Extract<ItemFacts, { kind: "mcp" }>): Said {
  return {
    kind: "mcp",
    status: facts.result_status,
    summary: facts.block_reason,
    metadata: {
      block_gate: facts.block_gate,
      latency_ms: facts.latency_ms,
      call_id: facts.call_id,
      step_id: facts.step_id,
      server: facts.server,
      tool_name: facts.tool_name,
      effect: facts.effect,
      verdicts: facts.verdicts,
      approval_id: facts.approval_id,
      cost_usd: facts.cost_usd,
    },
  };
}
