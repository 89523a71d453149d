import { z } from "zod";
import { paging, projectId, text, timestamp } from "../platform/contract.ts";

/** How a tool server is; `unknown` as long as no process has reached for it. */
const serverState = z.enum(["up", "down", "backing_off", "breaker_open", "unknown"]);

export const toolServersQuery = z.object({ project_id: projectId.optional(), ...paging });
export const toolServerParams = z.object({ server_id: text(1, 200) });
export const toolServerQuery = z.object({ project_id: projectId });

/** What one process has found. */
const health = z.object({
  state: serverState,
  /** What went wrong last; it may be over. */
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  last_ok_at: timestamp.nullable(),
  last_failure_at: timestamp.nullable(),
  /** When it is tried again; null while nothing waits. */
  next_try_at: timestamp.nullable(),
  observed_at: timestamp.nullable(),
});

/** A registered tool server: the active revision of its contract, and how it was found last. */
const toolServer = z.object({
  project_id: z.string(),
  server_id: z.string(),
  revision_id: z.string(),
  version: z.string(),
  transport: z.enum(["http", "stdio"]),
  /** The URL without its query, or the program: nothing that is secret. */
  address: z.string(),
  tools: z.number().int(),
  changed_tools: z.number().int(),
  health,
});
export type ToolServer = z.infer<typeof toolServer>;

export const toolServersAnswer = z.object({
  tool_servers: z.array(toolServer),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});

const pinnedTool = z.object({
  name: z.string(),
  description: z.string().nullable(),
  pin_hash: z.string(),
  pinned_at: timestamp,
  seen_at: timestamp,
  /** What it is now, while that is not what was pinned: it is refused. */
  changed: z.object({ hash: z.string(), at: timestamp }).nullable(),
  /** Since when the server has not listed it any more. */
  absent_since: timestamp.nullable(),
  /** What reads oddly in what was pinned. */
  flags: z.array(z.string()),
});

const agentOfServer = z.object({
  agent_id: z.string(),
  revision_id: z.string(),
  tools: z.array(z.string()),
  /** Whether it may also call reads that its contract does not list. */
  observes: z.boolean(),
});

const callFigures = z.object({
  calls: z.number().int(),
  /** Of them: failed on the way, or the tool said so, or of unknown fate. */
  errors: z.number().int(),
  /** Of them: stopped by a gate. */
  blocked: z.number().int(),
  /** From the request to its end, of calls that were sent. */
  latency_p50_ms: z.number().nullable(),
  latency_p95_ms: z.number().nullable(),
});

/** What one process has found, and of what. */
const processHealth = health.extend({
  process_id: z.string(),
  /** The contract it reached the server by. */
  revision_id: z.string(),
  /** How often it started the program again. */
  restarts: z.number().int(),
  protocol_version: z.string().nullable(),
  server_name: z.string().nullable(),
  server_version: z.string().nullable(),
  /** Of a program: which of its limits the system holds it to. */
  held_to: z.array(z.string()).nullable(),
});

export const toolServerDetail = toolServer.extend({
  /** The time-outs, limits and sharing of its contract, defaults filled in. */
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  processes: z.array(processHealth),
  pins: z.array(pinnedTool),
  agents: z.array(agentOfServer),
  calls: callFigures.extend({
    /** What is counted here began then: 24 hours ago, or later where there are too many calls to count them all. */
    since: timestamp,
    hours: z.array(callFigures.extend({ hour: timestamp })),
  }),
});
export type ToolServerDetail = z.infer<typeof toolServerDetail>;
