import { z } from "zod";
import { groupName, MIGRATION_MODES, text } from "../platform/contract.ts";
import { asIssue, says } from "../platform/findings-contract.ts";

const KEY = /^[a-z][a-z0-9_]{0,62}$/;

/** A CEL expression (cel.dev); it stands wherever a value may stand. */
const celSchema = z.strictObject({ $cel: text(1, 4_000) });
export type Cel = z.infer<typeof celSchema>;

/** A text, or the expression that makes it. */
const words = z.union([text(1, 4_000), celSchema], says("no_words"));
export type Words = z.infer<typeof words>;

/** A text for people, in both languages. */
const bilingual = z.strictObject({ en: words, "zh-TW": words.optional() });

const jsonSchema = z.record(z.string(), z.unknown());

/** Dollars, as exactly as they are kept: what gate 4 lets pass, the reservation must let pass too. */
const usd = z
  .number()
  .min(0)
  .max(1_000_000)
  .refine((amount) => Number(amount.toFixed(6)) === amount, says("six_decimals"));

/** What happens when nobody has decided for so long: channels are told again, and a group may decide as well. */
const escalation = z.strictObject({
  after_seconds: z.number().int().min(1).max(604_800),
  /** Those that the agent notifies, where it is not said. */
  channels: z.array(text(1, 128)).max(20).optional(),
  to_group: text(1, 63).optional(),
});
export type EscalationStep = z.infer<typeof escalation>;

/** How a person is asked about a call of this tool. */
const ask = z.strictObject({
  headline: bilingual.optional(),
  undoable: z.boolean().optional(),
  /** Whether it may be approved in a chat; where it is not said, what can't be undone may not. */
  chat: z.enum(["allow", "console_only"]).optional(),
  blast_radius: bilingual.optional(),
  estimate: bilingual.optional(),
  escalate: z
    .array(escalation)
    .max(10)
    .refine(
      (steps) =>
        steps.every(({ after_seconds }, at) => after_seconds > (steps[at - 1]?.after_seconds ?? 0)),
      says("escalation_order"),
    )
    .optional(),
});

/** Whether a contract lets a question be approved in a chat: what it says, else what can be undone. */
export function isChatAllowed({ chat, undoable }: z.infer<typeof ask> = {}): boolean {
  return (chat ?? (undoable === false ? "console_only" : "allow")) === "allow";
}

const callCount = z.number().int().min(1).max(10_000_000);

/** What all runs of an agent may use of a tool together, in calendar windows (UTC). */
const toolLimits = z.strictObject({
  calls_per_minute: callCount.optional(),
  calls_per_day: callCount.optional(),
  cost_usd_per_day: usd.optional(),
});

/** Whose approval counts. */
const approvers = z.strictObject({
  group: groupName.optional(),
  editor_counts: z.boolean().optional(),
});

const toolGrant = z.strictObject({
  server: text(1, 128),
  tool: text(1, 128),
  effect: z.enum(["read", "write"]).default("write"),
  approval: z.enum(["never", "always"]).optional(),
  cost_per_call: usd.default(0),
  timeout_seconds: z.number().min(0.1).max(3_600).default(30),
  args: jsonSchema.optional(),
  simulate: z.record(z.string(), z.unknown()).optional(),
  on_reject: z.enum(["cancel", "return"]).optional(),
  on_expire: z.enum(["cancel", "fail", "return"]).optional(),
  expires_seconds: z.number().int().min(1).max(604_800).default(900),
  redeem_seconds: z.number().int().min(1).max(86_400).default(300),
  quorum: z.number().int().min(1).max(20).default(1),
  /** Who may approve; without a group, whoever may decide at all. */
  approvers: approvers.optional(),
  /** At least two different people, whatever the quorum. */
  two_person: z.boolean().optional(),
  limits: toolLimits.optional(),
  ask: ask.optional(),
});

/** What an agent may do with one tool; a tool whose effect is not said is a write. */
export type ToolGrant = z.infer<typeof toolGrant>;

/** What a grant says that says nothing but which tool it is of and whether it writes. */
export const PLAIN_GRANT: Omit<ToolGrant, "server" | "tool"> = toolGrant
  .omit({ server: true, tool: true })
  .parse({});

/** Servers whose tools an agent may try while its contract is still being found. */
const observe = z.strictObject({ servers: z.array(text(1, 128)).min(1).max(20) });

/** What `*` may stand in: a URI of a resource, a name of a prompt. */
const patterns = (max: number) => z.array(text(1, max)).min(1).max(100);

const resourceGrant = z.strictObject({ server: text(1, 128), uris: patterns(2_048) });
const promptGrant = z.strictObject({ server: text(1, 128), names: patterns(128).default(["*"]) });

const stepBase = {
  key: z.string().regex(KEY, says("no_step_key")),
  when: celSchema.optional(),
  on_error: z.enum(["fail", "continue", "retry"]).default("fail"),
  summary: words.optional(),
};

const callStep = z.strictObject({
  ...stepBase,
  call: z.strictObject({
    server: text(1, 128),
    tool: text(1, 128),
    args: z.record(z.string(), z.unknown()).default({}),
    reason: words.optional(),
  }),
});

const checkStep = z.strictObject({
  ...stepBase,
  check: celSchema,
  else: z.strictObject({ message: words, action: z.enum(["complete", "fail"]) }).optional(),
});

const messageStep = z.strictObject({
  ...stepBase,
  message: z.strictObject({
    channel: text(1, 128),
    type: z.enum(["interim", "final", "error", "notice"]).default("interim"),
    subject_kind: text(1, 64).optional(),
    text: words,
  }),
});

const step = z.union([callStep, checkStep, messageStep], says("no_step"));
export type CallStep = z.infer<typeof callStep>;
export type CheckStep = z.infer<typeof checkStep>;
export type MessageStep = z.infer<typeof messageStep>;
export type RunbookStep = z.infer<typeof step>;

const runbook = z.strictObject({
  steps: z.array(step).min(1).max(200),
  result: z.unknown().optional(),
});

const limits = z.strictObject({
  calls: z.number().int().min(0).max(1_000_000).optional(),
  cost_usd: usd.optional(),
  calls_per_minute: callCount.optional(),
  timeout_seconds: z.number().int().min(1).max(2_592_000).default(3_600),
  max_attempts: z.number().int().min(1).max(100).default(3),
  /** What all runs of the agent may use together. */
  agent: toolLimits.optional(),
});

/** The body of an `agent` contract: what the agent may do, and for a runbook agent what it does. */
export const agentBodySchema = z
  .strictObject({
    display_name: text(1, 200),
    description: text(0, 4_000).default(""),
    mode: z.enum(MIGRATION_MODES).default("active"),
    driver: z.enum(["worker", "client"]),
    title: words.optional(),
    triggers: z
      .array(z.strictObject({ channel: text(1, 128), when: text(1, 4_000).optional() }))
      .max(50)
      .default([]),
    limits: limits.prefault({}),
    tools: z.array(toolGrant).max(500).default([]),
    observe: observe.optional(),
    /** Resources it may list and read; of a server that is not named here, none. */
    resources: z.array(resourceGrant).max(50).optional(),
    /** Prompts it may list and get; of a server that is not named here, none. */
    prompts: z.array(promptGrant).max(50).optional(),
    notify: z.array(text(1, 128)).max(20).default([]),
    runbook: runbook.optional(),
  })
  .superRefine((body, context) => {
    const grants = body.tools.map((grant) => `${grant.server}/${grant.tool}`);
    duplicates(grants).forEach(([name, at]) => {
      context.addIssue({ ...asIssue("listed_twice", { name }), path: ["tools", at] });
    });
    for (const list of ["resources", "prompts"] as const) {
      duplicates((body[list] ?? []).map(({ server }) => server)).forEach(([name, at]) => {
        context.addIssue({ ...asIssue("listed_twice", { name }), path: [list, at, "server"] });
      });
    }
    body.tools.forEach(({ ask, expires_seconds }, tool) => {
      (ask?.escalate ?? []).forEach(({ after_seconds }, at) => {
        if (after_seconds < expires_seconds) return;
        const path = ["tools", tool, "ask", "escalate", at, "after_seconds"];
        const issue = asIssue("escalates_too_late", { seconds: expires_seconds });
        context.addIssue({ ...issue, path });
      });
    });
    body.tools.forEach((grant, at) => {
      if (grant.two_person !== true || grant.effect === "write") return;
      context.addIssue({ ...asIssue("for_writes_only"), path: ["tools", at, "two_person"] });
    });
    const keys = body.runbook?.steps.map((entry) => entry.key) ?? [];
    duplicates(keys).forEach(([name, at]) => {
      context.addIssue({
        ...asIssue("key_twice", { name }),
        path: ["runbook", "steps", at, "key"],
      });
    });
    if (body.driver === "worker" && body.observe) {
      context.addIssue({ ...asIssue("for_clients_only"), path: ["observe"] });
    }
    if (body.driver === "worker" && !body.runbook) {
      context.addIssue({ ...asIssue("runbook_needed"), path: ["runbook"] });
    }
  });

/** A validated `agent` contract body, with its defaults. */
export type AgentBody = z.infer<typeof agentBodySchema>;

function duplicates(names: readonly string[]): [string, number][] {
  return names.flatMap((name, at) =>
    names.indexOf(name) < at ? [[name, at] as [string, number]] : [],
  );
}
