import { z } from "zod";
import { money, paging, projectId, text, timestamp, uuid } from "../platform/contract.ts";
import { says } from "../platform/findings-contract.ts";
import { runStateSchema } from "../runs/contract.ts";

/** The kinds of a timeline's items. */
const TIMELINE_KINDS = ["run", "inbound", "step", "approval", "mcp", "outbound"] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

/** How many items of a list `GET /runs/{run_id}` carries at most. */
export const LIST_MAX = 100;

export const runParams = z.object({ run_id: uuid });
export const runQuery = z.object({ project_id: projectId.optional() });
export const timelineQuery = z
  .object({
    project_id: projectId.optional(),
    order: z.enum(["asc", "desc"]).default("asc").describe("asc: oldest first; desc: newest first"),
    kind: z.enum(TIMELINE_KINDS).optional(),
    records: z
      .enum(["true", "false"])
      .optional()
      .describe(
        "Whether the steps, events, messages and calls behind the page's items come with it",
      ),
    around: text(1, 200)
      .optional()
      .describe("An item's id: the page that has it in its middle; 404 when the run has none such"),
    ...paging,
  })
  .refine((query) => query.around === undefined || query.cursor === undefined, {
    path: ["around"],
    message: says("around_or_cursor"),
  });

const count = z.number().int().min(0);
const words = z.string().nullable();
const effect = z.enum(["read", "write"]);
const gate = z.number().int().min(1).max(5).nullable();
const verdicts = z.array(z.record(z.string(), z.unknown()));
const milliseconds = z.number().int().nullable();

const runSchema = z.object({
  run_id: z.string(),
  project_id: z.string(),
  agent_id: z.string(),
  state: runStateSchema,
  is_shadow: z.boolean(),
  trace_id: z.string(),
  trigger_type: words,
  trigger_ref: words,
  cost_usd: money,
  step_count: count,
  attempt_count: count,
  max_attempts: count,
  error_code: words,
  error_detail: words,
  created_at: timestamp,
  started_at: timestamp.nullable(),
  completed_at: timestamp.nullable(),
  timeout_at: timestamp.nullable(),
  heartbeat_at: timestamp.nullable(),
  title: z.string(),
  driver: z.enum(["worker", "client"]),
  revision_id: z.string(),
  /** The pinned revision's `major.minor`. */
  contract_version: z.string(),
  retry_of: z.string().nullable(),
  result: z.unknown(),
  /** When inputs, results and arguments were erased, as the project's settings say; null while they are kept. */
  payload_erased_at: timestamp.nullable(),
  worker_id: words,
  /** Why its mode made it a shadow run, or let it run live; null where that was a matter of course. */
  start: z
    .object({
      key: z.string(),
      params: z.record(z.string(), z.union([z.string(), z.number()])),
      text: z.string(),
    })
    .nullable(),
  budget: z.object({
    calls_limit: count.nullable(),
    calls_used: count,
    cost_limit_usd: money.nullable(),
    reserved_usd: money,
  }),
});

const stepSchema = z.object({
  step_id: z.string(),
  step_seq: count,
  tool_name: words,
  result_status: z.string(),
  was_blocked: z.boolean(),
  block_reason: words,
  error_code: words,
  latency_ms: milliseconds,
  created_at: timestamp,
  completed_at: timestamp.nullable(),
  step_key: z.string(),
  kind: z.string(),
  input: z.unknown(),
  output: z.unknown(),
  call_id: z.string().nullable(),
  approval_id: z.string().nullable(),
  summary: words,
});

const eventSchema = z.object({
  event_id: z.string(),
  channel_type: z.string(),
  provider_event_id: z.string(),
  content_preview: words,
  is_duplicate: z.boolean(),
  received_at: timestamp,
  channel_id: z.string(),
  fingerprint: words,
});

const messageSchema = z.object({
  message_id: z.string(),
  channel_type: z.string(),
  message_type: z.string(),
  content_preview: words,
  send_status: z.string(),
  send_error: words,
  provider_message_id: words,
  queued_at: timestamp,
  sent_at: timestamp.nullable(),
  triggered_by_state: words,
  channel_id: z.string(),
  subject_kind: words,
});

const callSchema = z.object({
  call_id: z.string(),
  tool_name: z.string(),
  result_status: z.string(),
  block_gate: gate,
  block_reason: words,
  latency_ms: milliseconds,
  created_at: timestamp,
  server: words,
  effect,
  args: z.unknown(),
  args_hash: z.string(),
  result: z.unknown(),
  verdicts,
  agent_reason: words,
  step_id: z.string().nullable(),
  approval_id: z.string().nullable(),
  attempt: count,
  cost_usd: money,
  upstream_ms: milliseconds,
  completed_at: timestamp.nullable(),
  block_code: words,
  is_shadow: z.boolean(),
  error_code: words,
  /** What reads oddly in the result, by the names of src/toolservers/flags-contract.ts. */
  flags: z.array(z.string()),
});

const itemBase = {
  /** The same for as long as the item exists. */
  id: z.string(),
  ts: timestamp,
};
const itemText = {
  title: z.string(),
  /** What the title says, the same in every language. */
  title_key: z.string(),
  status: z.string(),
  summary: words,
};

const stepMetadata = z.object({
  was_blocked: z.boolean(),
  latency_ms: milliseconds,
  step_key: z.string(),
  call_id: z.string().nullable(),
  step_id: z.string(),
  kind: z.string(),
});

const timelineItem = z.discriminatedUnion("kind", [
  z.object({
    ...itemBase,
    kind: z.literal("run"),
    ...itemText,
    /** Of the creation, the start, a further change and the end, in this order. */
    metadata: z.union([
      z.strictObject({ trace_id: z.string(), trigger_ref: words }),
      z.strictObject({ worker_id: words }),
      z.strictObject({ event: z.string(), from_state: words }),
      z.strictObject({ from_state: words }),
    ]),
  }),
  z.object({
    ...itemBase,
    kind: z.literal("inbound"),
    ...itemText,
    metadata: z.object({ provider_event_id: z.string() }),
  }),
  z.object({ ...itemBase, kind: z.literal("step"), ...itemText, metadata: stepMetadata }),
  z.object({
    ...itemBase,
    kind: z.literal("approval"),
    ...itemText,
    metadata: stepMetadata.extend({ approval_id: z.string().nullable() }),
  }),
  z.object({
    ...itemBase,
    kind: z.literal("mcp"),
    ...itemText,
    metadata: z.object({
      block_gate: gate,
      latency_ms: milliseconds,
      call_id: z.string(),
      step_id: z.string().nullable(),
      server: words,
      tool_name: z.string(),
      effect,
      verdicts,
      approval_id: z.string().nullable(),
      cost_usd: money,
    }),
  }),
  z.object({
    ...itemBase,
    kind: z.literal("outbound"),
    ...itemText,
    metadata: z.object({
      message_type: z.string(),
      provider_message_id: words,
      triggered_by_state: words,
      subject_kind: words,
      channel_id: z.string(),
    }),
  }),
]);
export type TimelineItem = z.infer<typeof timelineItem>;

const countsSchema = z.object({
  steps: count,
  inbound_events: count,
  outbound_messages: count,
  mcp_calls: count,
  timeline: count,
});

const recordsSchema = z.object({
  steps: z.array(stepSchema),
  inbound_events: z.array(eventSchema),
  outbound_messages: z.array(messageSchema),
  mcp_calls: z.array(callSchema),
});
export type Records = z.infer<typeof recordsSchema>;

export const runAnswer = z.object({
  run: runSchema,
  steps: recordsSchema.shape.steps.max(LIST_MAX),
  inbound_events: recordsSchema.shape.inbound_events.max(LIST_MAX),
  outbound_messages: recordsSchema.shape.outbound_messages.max(LIST_MAX),
  mcp_calls: recordsSchema.shape.mcp_calls.max(LIST_MAX),
  timeline: z.array(timelineItem).max(LIST_MAX),
  /** How many exist. */
  counts: countsSchema,
  /** Which lists hold fewer than exist. */
  truncated: z.object({
    steps: z.boolean(),
    inbound_events: z.boolean(),
    outbound_messages: z.boolean(),
    mcp_calls: z.boolean(),
    timeline: z.boolean(),
  }),
});
export type RunAnswer = z.infer<typeof runAnswer>;

export const timelineAnswer = z.object({
  items: z.array(timelineItem),
  /** What stands behind the items, each in the order of its list; null unless it was asked for. */
  records: recordsSchema.nullable(),
  /** Further in the order asked for. */
  next_cursor: z.string().nullable(),
  /** Back towards where that order begins. */
  prev_cursor: z.string().nullable(),
  total: count,
  total_is_exact: z.boolean(),
});
