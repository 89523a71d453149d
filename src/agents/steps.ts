import { setTimeout as pause } from "node:timers/promises";
import type { CallOutcome, CallRequest, SettledOutcome } from "../calls/index.ts";
import { enqueueMessage } from "../channels/index.ts";
import type {
  AgentBody,
  CallStep,
  CheckStep,
  MessageStep,
  RunbookStep,
} from "../contracts/index.ts";
import { CelError, resolveCel } from "../platform/cel.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import {
  appendStep,
  completeStep,
  type RunEffects,
  type RunRow,
  type StepRow,
} from "../runs/index.ts";
import { asText, isTrue } from "./expressions.ts";
import type { StepOutput } from "./journal.ts";
import type { Hold } from "./lease.ts";
import { entryOf, followUp } from "./outcome.ts";

const PAUSE_MS = 200;

/** What steps are done with. */
export interface StepContext {
  db: Database;
  effects: RunEffects;
  /** Makes one tool call through the gates. */
  call: (request: CallRequest) => Promise<CallOutcome>;
  hold: Hold;
  run: RunRow;
  body: AgentBody;
  variables: Record<string, unknown>;
  signal: AbortSignal;
}

type StepEnd = "done" | "waiting" | "frozen";

/**
 * Does one step and journals it. An expression that can't be evaluated is the step's failure.
 *
 * @returns `waiting` when a person has to decide first: the run waits and needs no worker; `frozen` when somebody has
 *   stopped the agent: the step stays as it is
 */
export async function doStep(
  context: StepContext,
  step: RunbookStep,
  pending: StepRow | undefined,
): Promise<StepEnd> {
  try {
    if (!pending && step.when && !isTrue(step.when, context.variables)) {
      await append(context, step, { status: "skipped" });
      return "done";
    }
    if ("call" in step) return await doCall(context, step, pending);
    if ("check" in step) await doCheck(context, step);
    else await doMessage(context, step);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const failure = { errorCode: "E-RUN-EXPRESSION", blockReason: error.message };
    await append(context, step, { status: "error", ...failure });
  }
  return "done";
}

type Entry = Omit<
  Parameters<typeof appendStep>[1],
  "projectId" | "runId" | "fence" | "stepKey" | "kind"
>;

function kindOf(step: RunbookStep): "tool_call" | "check" | "message" {
  if ("call" in step) return "tool_call";
  return "check" in step ? "check" : "message";
}

const scopeOf = ({ projectId }: Hold) => ({ role: "app", projects: [projectId] }) as const;

function append(context: StepContext, step: RunbookStep, entry: Entry): Promise<StepRow> {
  return context.db.transaction(scopeOf(context.hold), (tx) => appendIn(tx, context, step, entry));
}

function appendIn(
  tx: Tx,
  { hold }: StepContext,
  step: RunbookStep,
  entry: Entry,
): Promise<StepRow> {
  const { projectId, runId, fence } = hold;
  return appendStep(tx, {
    projectId,
    runId,
    fence,
    stepKey: step.key,
    kind: kindOf(step),
    ...entry,
  });
}

interface CallInput {
  args: Record<string, unknown>;
  reason?: string;
}

/** The arguments are computed once and journaled before the call; whoever goes on after a crash uses the same. */
async function doCall(
  context: StepContext,
  step: CallStep,
  pending: StepRow | undefined,
): Promise<StepEnd> {
  const { server, tool } = step.call;
  const row =
    pending ??
    (await append(context, step, { toolName: tool, input: callInput(step, context.variables) }));
  const input = row.input as unknown as CallInput;
  const { hold, signal } = context;
  const isRead = context.body.tools.some(
    (grant) => grant.server === server && grant.tool === tool && grant.effect === "read",
  );
  for (let tries = 1; ; tries++) {
    const judge = (outcome: SettledOutcome) =>
      followUp(outcome, { onError: step.on_error, isRead, tries, isStopping: signal.aborted });
    let verdict: ReturnType<typeof followUp> = "record";
    const outcome = await context.call({
      projectId: hold.projectId,
      runId: hold.runId,
      pinned: context.run,
      callKey: step.key,
      server,
      tool,
      args: input.args,
      agentReason: input.reason,
      fence: hold.fence,
      stepId: row.step_id,
      signal,
      onSettled: async (tx, settled, figures) => {
        verdict = judge(settled);
        if (verdict !== "record") return;
        await recordCall(tx, context, { step, row, settled, figures });
      },
    });
    if (outcome.kind === "waiting") return "waiting";
    if (verdict === "record") return "done";
    signal.throwIfAborted();
    if (verdict === "leave") return "frozen";
    await pause(PAUSE_MS * 2 ** (tries - 1), undefined, { signal });
  }
}

function callInput(step: CallStep, variables: Record<string, unknown>): CallInput {
  const args = resolveCel(step.call.args, variables) as Record<string, unknown>;
  const { reason } = step.call;
  return reason === undefined ? { args } : { args, reason: asText(reason, variables) };
}

interface Settled {
  step: CallStep;
  row: StepRow;
  settled: SettledOutcome;
  figures: { latencyMs: number; costUsd: number };
}

async function recordCall(
  tx: Tx,
  context: StepContext,
  { step, row, settled, figures }: Settled,
): Promise<void> {
  const entry = entryOf(settled);
  const { projectId, runId } = context.hold;
  const summary = summaryOf(context, step, entry.status, entry.output);
  await completeStep(tx, {
    projectId,
    runId,
    stepId: row.step_id,
    callId: settled.callId,
    ...figures,
    ...entry,
    ...(summary === undefined ? {} : { summary }),
  });
}

/** The step in the contract's words; a summary that can't be made is left out rather than failing what is done. */
function summaryOf(
  context: StepContext,
  step: RunbookStep,
  status: string,
  left: StepOutput | undefined,
): string | undefined {
  if (step.summary === undefined) return undefined;
  const own = { status, output: left?.output ?? null, text: left?.text ?? "" };
  const steps = { ...(context.variables.steps as object), [step.key]: own };
  try {
    return redact(asText(step.summary, { ...context.variables, steps }));
  } catch (error) {
    if (error instanceof CelError) return undefined;
    throw error;
  }
}

async function doCheck(context: StepContext, step: CheckStep): Promise<void> {
  const passed = isTrue(step.check, context.variables);
  const message = passed ? "" : falseMessage(context, step);
  const output: StepOutput = { output: passed, text: message, passed };
  const isFine = passed || step.else?.action === "complete";
  const summary = summaryOf(context, step, isFine ? "success" : "error", output);
  await append(context, step, {
    status: isFine ? "success" : "error",
    output,
    ...(isFine ? {} : { errorCode: "E-RUN-CHECK", blockReason: message }),
    ...(summary === undefined ? (passed ? {} : { summary: redact(message) }) : { summary }),
  });
}

function falseMessage({ variables }: StepContext, step: CheckStep): string {
  return step.else ? asText(step.else.message, variables) : "the check was false.";
}

/** The message and its journal entry are one transaction: it is sent once, whatever happens. */
async function doMessage(context: StepContext, step: MessageStep): Promise<void> {
  const { hold, run, effects } = context;
  const { channel, type, subject_kind } = step.message;
  const text = asText(step.message.text, context.variables);
  const output: StepOutput = { output: null, text };
  const summary = summaryOf(context, step, "success", output) ?? redact(text);
  await context.db.transaction(scopeOf(hold), async (tx) => {
    await appendIn(tx, context, step, { status: "success", output, summary });
    await enqueueMessage(tx, effects, {
      projectId: hold.projectId,
      runId: hold.runId,
      channelId: channel,
      type,
      text,
      triggeredByState: "running",
      isShadow: run.is_shadow,
      ...(subject_kind === undefined ? {} : { subjectKind: subject_kind }),
    });
  });
}
