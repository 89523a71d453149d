/** The shapes of the operator API that the console reads. Times are RFC 3339 UTC, money is USD. */

export const RUN_STATES = [
  "pending",
  "running",
  "waiting_approval",
  "completed",
  "failed",
  "cancelled",
  "timed_out",
] as const;
export type RunState = (typeof RUN_STATES)[number];
export type Role = "viewer" | "operator" | "admin" | "agent";
export type Effect = "read" | "write";
export type GateNumber = 1 | 2 | 3 | 4 | 5;
export type GateOutcome =
  | "pass"
  | "block"
  | "ask"
  | "would_ask"
  | "approved"
  | "rejected"
  | "skipped";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Verdict {
  gate: GateNumber;
  name: string;
  outcome: GateOutcome;
  code: string | null;
  reason: string;
}

export interface Project {
  project_id: string;
  display_name: string;
  migration_mode: "legacy" | "shadow" | "canary" | "active";
  is_active: boolean;
}

export interface Session {
  actor: { id: string; kind: string; name: string };
  role: Role;
  is_platform: boolean;
  projects: Project[];
}

export interface RunRow {
  run_id: string;
  project_id: string;
  agent_id: string;
  state: RunState;
  is_shadow: boolean;
  cost_usd: number;
  step_count: number;
  created_at: string;
  timeout_at: string | null;
  title: string;
  started_at: string | null;
  completed_at: string | null;
  trigger_type: string | null;
  error_code: string | null;
  last_call: {
    tool_name: string;
    result_status: string;
    block_gate: GateNumber | null;
    verdicts: Verdict[];
  } | null;
}

export interface RunList {
  runs: RunRow[];
  total: number;
  total_is_exact?: boolean;
  next_cursor: string | null;
}

export interface Run {
  run_id: string;
  project_id: string;
  agent_id: string;
  state: RunState;
  is_shadow: boolean;
  trace_id: string | null;
  trigger_type: string | null;
  trigger_ref: string | null;
  cost_usd: number;
  step_count: number;
  attempt_count: number;
  max_attempts: number;
  error_code: string | null;
  error_detail: string | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  timeout_at: string | null;
  heartbeat_at: string | null;
  title: string;
  driver: "worker" | "client";
  revision_id: string;
  contract_version: string;
  retry_of: string | null;
  result: Json;
  budget: {
    calls_limit: number | null;
    calls_used: number;
    cost_limit_usd: number | null;
  };
}

export interface Call {
  call_id: string;
  tool_name: string;
  result_status: string;
  block_gate: GateNumber | null;
  block_code: string | null;
  block_reason: string | null;
  latency_ms: number | null;
  upstream_ms: number | null;
  created_at: string;
  completed_at: string | null;
  server: string | null;
  effect: Effect;
  args: Json;
  args_hash: string;
  result: Json;
  verdicts: Verdict[];
  agent_reason: string | null;
  step_id: string | null;
  approval_id: string | null;
  attempt: number;
  cost_usd: number;
}

export interface Step {
  step_id: string;
  step_seq: number;
  step_key: string | null;
  kind: string;
  tool_name: string | null;
  result_status: string | null;
  was_blocked: boolean;
  block_reason: string | null;
  error_code: string | null;
  latency_ms: number | null;
  created_at: string;
  completed_at: string | null;
  input: Json;
  output: Json;
  call_id: string | null;
  summary: string | null;
}

export type TimelineKind = "run" | "inbound" | "step" | "approval" | "mcp" | "outbound";

export interface TimelineItem {
  id: string;
  ts: string;
  kind: TimelineKind;
  title: string;
  title_key: string;
  status: string | null;
  summary: string | null;
  metadata: {
    event?: string | null;
    trace_id?: string | null;
    trigger_ref?: string | null;
    was_blocked?: boolean | null;
    latency_ms?: number | null;
    block_gate?: GateNumber | null;
    approval_id?: string | null;
    call_id?: string | null;
    step_id?: string | null;
    step_key?: string | null;
    effect?: Effect | null;
    server?: string | null;
    tool_name?: string | null;
    verdicts?: Verdict[] | null;
    message_type?: string | null;
  };
}

export interface InboundEvent {
  event_id: string;
  channel_type: string;
  provider_event_id: string | null;
  content_preview: string | null;
  is_duplicate: boolean;
  received_at: string;
}

export interface OutboundMessage {
  message_id: string;
  channel_type: string;
  message_type: string;
  content_preview: string | null;
  send_status: string;
  send_error: string | null;
  queued_at: string;
  sent_at: string | null;
}

export interface RunDetail {
  run: Run;
  steps: Step[];
  inbound_events: InboundEvent[];
  outbound_messages: OutboundMessage[];
  mcp_calls: Call[];
  timeline: TimelineItem[];
  counts: {
    steps: number;
    inbound_events: number;
    outbound_messages: number;
    mcp_calls: number;
    timeline: number;
  };
}

export interface TimelinePage {
  items: TimelineItem[];
  next_cursor: string | null;
  prev_cursor: string | null;
  total: number;
}

export interface Decision {
  actor: string;
  decision: string;
  reason: string | null;
  at: string;
}

export interface Approval {
  approval_id: string;
  run_id: string;
  project_id: string;
  agent_id: string;
  status: string;
  tool: string;
  server: string;
  arguments: Json;
  args_hash: string;
  effect: Effect;
  headline: string;
  undoable: boolean | null;
  blast_radius: string | null;
  estimate: string | null;
  agent_reason: string | null;
  rule: string | null;
  run_title: string;
  asked_at: string;
  expires_at: string;
  redeem_seconds: number;
  on_reject: string;
  on_expire: string;
  quorum: number;
  decisions: Decision[];
  cost_usd: number | null;
  run_cost_usd: number;
  is_shadow: boolean;
  expired: boolean;
  verdicts: Verdict[];
}

export interface ApprovalList {
  items: Approval[];
  total: number;
  next_cursor?: string | null;
}

export interface DecisionAnswer {
  run_id: string;
  decision: string;
  new_state: RunState;
  approval_token_jti: string | null;
}

export const isFinal = (state: RunState): boolean =>
  state === "completed" || state === "failed" || state === "cancelled" || state === "timed_out";
