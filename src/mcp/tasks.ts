import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { SettledOutcome, TaskState } from "../calls/index.ts";
import { approvalName } from "../platform/ids.ts";
import type { Sealer } from "../platform/sealing.ts";
import { answerOf, type ToolAnswer } from "./answers.ts";
import type { McpCaller, McpChange, McpDeps } from "./deps.ts";

/**
 * The tasks extension of the 2026-07-28 protocol (SEP-2663): a call that waits for a person is answered with a task, and
 * the client asks how it stands until it is over.
 */
export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

const POLL_MS = 2_000;
const CONTEXT = "mcp task id";

/** What a task's id says, unreadable for others: a client can neither guess one nor use another's. */
const taskId = z.object({ keyId: z.string(), runId: z.string(), approvalId: z.string() });
type TaskId = z.infer<typeof taskId>;

/** Whether a client has declared, with this request, that it takes a task for an answer. */
export function takesTasks(clientCapabilities: unknown): boolean {
  const found = z
    .looseObject({ extensions: z.looseObject({ [TASKS_EXTENSION]: z.looseObject({}) }) })
    .safeParse(clientCapabilities);
  return found.success;
}

/** The answer to a call that waits for a person, in the form of a task. */
export async function createTask<C extends McpCaller>(
  deps: McpDeps<C>,
  caller: C,
  of: { runId: string; approvalId: string },
): Promise<ToolAnswer> {
  const { runId, approvalId } = of;
  const state = await deps.tasks.get(caller, { runId, approvalId });
  if (!state) throw new Error("a call waits without its question");
  const id = sealId(deps.sealer, { keyId: caller.keyId, runId, approvalId });
  // A person may have decided meanwhile; the end is told when the client asks for it.
  return { resultType: "task", ...about(id, state), ...WORKING, statusMessage: messageOf(state) };
}

const WORKING = { status: "working" };

/** One request about a task. */
interface TaskRequest<C extends McpCaller> {
  caller: C;
  params: Record<string, unknown>;
  client: { era: "legacy" | "modern"; capabilities?: Record<string, unknown> | undefined };
}

type TaskMethod = <C extends McpCaller>(
  deps: McpDeps<C>,
  request: TaskRequest<C>,
) => Promise<Record<string, unknown>>;

/** The extension's methods. */
export const TASK_METHODS: Readonly<Record<string, TaskMethod>> = {
  async "tasks/get"(deps, request) {
    const { sealed, of } = taskOf(deps, request);
    const state = await deps.tasks.get(request.caller, of);
    if (!state) throw unknownTask();
    return detailed(sealed, state);
  },
  async "tasks/cancel"(deps, request) {
    const { of } = taskOf(deps, request);
    if (!(await deps.tasks.withdraw(request.caller, of))) throw unknownTask();
    return {};
  },
  async "tasks/update"(deps, request) {
    const { of } = taskOf(deps, request);
    // A person is asked in the console, never the client: there is no request of ours that it could answer.
    if (!(await deps.tasks.get(request.caller, of))) throw unknownTask();
    return {};
  },
};

/** A task whose changes a client listens to. */
export interface WatchedTask {
  taskId: string;
  /** Tells how it stands now, and from then on each time that this is something else. */
  begin(tell: (task: Record<string, unknown>) => void): void;
  /** To be called with whatever changed: an approval by its id, or undefined when that was missed. */
  hear(change: McpChange | undefined): void;
  stop(): void;
}

/** @returns undefined when the key has no such task */
export async function createWatchedTask<C extends McpCaller>(
  deps: McpDeps<C>,
  caller: C,
  sealed: string,
): Promise<WatchedTask | undefined> {
  const of = openId(deps.sealer, sealed);
  if (of?.keyId !== caller.keyId || !(await deps.tasks.get(caller, of))) return undefined;
  let tell: ((task: Record<string, unknown>) => void) | undefined;
  let told: string | undefined;
  let expiry: NodeJS.Timeout | undefined;
  let isOver = false;
  const look = async () => {
    const state = isOver ? undefined : await deps.tasks.get(caller, of);
    clearTimeout(expiry);
    // Nobody need write down that its time is over for it to be told.
    if (state?.status === "waiting" && !isOver) expiry = setTimeout(lookAgain, untilOver(state));
    if (!state || !tell || told === state.status) return;
    told = state.status;
    tell(detailed(sealed, state));
  };
  // One after the other, or an older state could be told after a newer one.
  let looking: Promise<void> = Promise.resolve();
  const lookAgain = () => {
    looking = looking.then(look).catch((error: unknown) => {
      deps.log.warn({ err: error }, "a task could not be looked at");
    });
  };
  return {
    taskId: sealed,
    begin(listener) {
      tell = listener;
      lookAgain();
    },
    hear(change) {
      if (!change || (change.kind === "approval" && change.id === of.approvalId)) lookAgain();
    },
    stop() {
      isOver = true;
      clearTimeout(expiry);
    },
  };
}

const SOONEST_MS = 250;
const LATEST_MS = 3_600_000;

/** When to look at a waiting task again, in milliseconds; the database's clock may be another than ours. */
function untilOver({ knownUntil }: TaskState): number {
  return Math.min(Math.max(Date.parse(knownUntil) - Date.now(), SOONEST_MS), LATEST_MS);
}

function taskOf<C extends McpCaller>(
  { sealer }: McpDeps<C>,
  { caller, params, client }: TaskRequest<C>,
): { sealed: string; of: TaskId } {
  if (client.era === "legacy")
    throw new ProtocolError(ProtocolErrorCode.MethodNotFound, "Method not found");
  if (!takesTasks(client.capabilities)) {
    throw new MissingRequiredClientCapabilityError({
      requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
    });
  }
  const found = z.object({ taskId: z.string().max(2_000) }).safeParse(params);
  if (!found.success) {
    const message = "Invalid params: taskId must be the id of a task";
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
  }
  const sealed = found.data.taskId;
  const of = openId(sealer, sealed);
  if (of?.keyId !== caller.keyId) throw unknownTask();
  return { sealed, of };
}

function unknownTask(): ProtocolError {
  const message = "There is no such task of this key, or it is over and forgotten.";
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}

function about(id: string, state: TaskState) {
  const createdAt = new Date(state.createdAt);
  const ttlMs = Math.max(1, Math.ceil(Date.parse(state.knownUntil) - createdAt.getTime()));
  return {
    taskId: id,
    createdAt: createdAt.toISOString(),
    lastUpdatedAt: new Date(state.updatedAt).toISOString(),
    ttlMs,
    pollIntervalMs: POLL_MS,
  };
}

function messageOf(state: TaskState): string {
  switch (state.status) {
    case "waiting":
      return `awaiting approval ${approvalName(state.approvalId)}: a person has to approve this call, until ${state.knownUntil}`;
    case "executing":
      return "a person has answered; the call is under way";
    case "held":
      return `a person has answered; not executed yet: ${state.reason}`;
    case "withdrawn":
      return `not executed: ${state.reason}`;
    case "ended":
      return state.outcome.kind === "result"
        ? "the call has ended"
        : `${state.outcome.code}: ${state.outcome.reason}`;
  }
}

/** A task as `tasks/get` tells it: whatever a call would have been answered with is the result of a completed one. */
function detailed(id: string, state: TaskState): ToolAnswer {
  const base = { ...about(id, state), statusMessage: messageOf(state) };
  switch (state.status) {
    case "waiting":
    case "executing":
    case "held":
      return { ...base, ...WORKING };
    case "withdrawn":
      return { ...base, status: "cancelled" };
    case "ended":
      return { ...base, ...endOf(state.outcome) };
  }
}

/** A JSON-RPC error of the tool server makes a failed task, all else a completed one. */
function endOf(outcome: SettledOutcome): Record<string, unknown> {
  try {
    const result = { resultType: "complete", ...answerOf(outcome) };
    return { status: "completed", result };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { code, message, data } = error;
    return { status: "failed", error: { code, message, ...(data === undefined ? {} : { data }) } };
  }
}

function sealId(sealer: Pick<Sealer, "seal">, id: TaskId): string {
  return sealer.seal(JSON.stringify(id), CONTEXT).toString("base64url");
}

function openId(sealer: Pick<Sealer, "open">, sealed: string): TaskId | undefined {
  try {
    return taskId.parse(JSON.parse(sealer.open(Buffer.from(sealed, "base64url"), CONTEXT)));
  } catch {
    return undefined;
  }
}
