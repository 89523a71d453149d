import { z } from "zod";
import { timestamp } from "../platform/contract.ts";

const VALUE_TYPES = ["string", "number", "boolean", "null", "object", "array"] as const;

const argumentRow = z.object({
  /** `spec.hosts[0].name` */
  path: z.string(),
  type: z.enum(VALUE_TYPES),
  /** As JSON: a text keeps its quotes. What nobody would see is shown as `\u{200b}`. */
  value: z.string(),
  /** How many characters the value has in the whole, where it is cut; else null. */
  length: z.number().int().nullable(),
});
export type ArgumentRow = z.infer<typeof argumentRow>;

const changes = z.object({
  rows: z.array(
    z.object({
      path: z.string(),
      /** As JSON; null for what was added. */
      before: z.string().nullable(),
      /** As JSON; null for what is gone. */
      after: z.string().nullable(),
    }),
  ),
  /** How many more there are. */
  more: z.number().int(),
  /** They differ only in what is not shown, such as a secret. */
  hidden: z.boolean(),
});
/** What differs between two sets of arguments. */
export type Changes = z.infer<typeof changes>;

/** A decision as it is shown. */
const decision = z.object({
  actor: z.string(),
  decision: z.string(),
  reason: z.string().nullable(),
  at: timestamp,
});

/** What came of a call; `never`: it was not executed and will not be, `not_yet`: it may be still. */
const ended = z.enum([
  ...(["success", "error", "unknown", "blocked", "simulated"] as const),
  ...(["executing", "never", "not_yet"] as const),
]);
export type Ended = z.infer<typeof ended>;

const earlierQuestion = z.object({
  approval_id: z.string(),
  run_id: z.string(),
  agent_id: z.string(),
  status: z.string(),
  decided_at: timestamp,
  decisions: z.array(decision),
  /** It was about the very same arguments, and not only about such that look alike. */
  same_arguments: z.boolean(),
  ended,
});

const words = { key: z.string(), params: z.record(z.string(), z.unknown()), text: z.string() };

/** What a person is told about a call beside the call itself; the same for the console, the CLI and a chat. */
export const questionFacts = {
  agent: z.object({
    id: z.string(),
    display_name: z.string(),
    /** Which contract: `disk-janitor 1.2`. */
    contract: z.string(),
  }),
  /** What started the run and what it did so far, in a paragraph. */
  why: z.string(),
  arguments_table: z.object({ rows: z.array(argumentRow), more: z.number().int() }),
  /** What demands a person. */
  demanded_by: z.object({
    kind: z.enum(["contract", "policy", "unknown"]),
    /** `disk-janitor 1.2`, or the policies: `guardrails 1.2 @writes-need-a-person`. */
    name: z.string().nullable(),
    ...words,
    key: z.string().nullable(),
  }),
  /** What of the call is worth a second look; facts only. */
  risks: z.array(z.object({ ...words, tone: z.enum(["stop", "look"]) })),
  /** By the database's clock; 0 once it has expired. */
  seconds_left: z.number().int(),
  /** What is left for the run, this call not counted; null where nothing limits it. */
  left: z.object({ cost_usd: z.number().nullable(), calls: z.number().int().nullable() }),
  /** The last decisions about calls of the same tool whose arguments look alike, newest first. */
  earlier: z.array(earlierQuestion),
  /** From 1; each wish for changes that the agent answers with another proposal makes the next. */
  revision: z.number().int(),
  /** The question in whose place this one was asked, and what was wished of it. */
  revision_of: z
    .object({
      approval_id: z.string(),
      decisions: z.array(decision),
      changes,
    })
    .nullable(),
  /** The question that was asked in the place of this one. */
  revised_by: z.string().nullable(),
  /** What a person changed in the arguments that the agent asked for. */
  edit: z.object({ by: z.string().nullable(), at: timestamp.nullable(), changes }).nullable(),
  decided_at: timestamp.nullable(),
  /** Why the question is open no more though nobody decided. */
  void_reason: z.string().nullable(),
  /** The call that was executed. */
  executed: z.object({ call_id: z.string(), at: timestamp, ended }).nullable(),
};
