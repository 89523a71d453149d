import type { CallOutcome, TaskState } from "../calls/index.ts";
import type { Logger } from "../platform/log.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { Telemetry } from "../platform/telemetry.ts";
import type { ClientPeer, Round, ToolDefinition } from "../toolservers/index.ts";

/** What the gateway has to know of whoever calls. */
export interface McpCaller {
  keyId: string;
  /** The project the agent works in, as it is shown in traces. */
  projectId?: string;
  /** How long a call of this key may be held open while a person thinks, in seconds. */
  holdSeconds: number;
}

/** The run a request wants to belong to. */
export interface RunWish {
  /** Named by the header `AwoooP-Run` or by `_meta["awooop/run"]`. */
  runId?: string;
  /** The MCP session of a 2025-era client. */
  sessionKey?: string;
  /** From the W3C trace context (`traceparent`). */
  traceId?: string;
}

/** One call as the gateway hands it on. */
export interface McpCall<C extends McpCaller> {
  caller: C;
  runId: string;
  /** The run was not named: where the key has asked about this very call in another of its runs, it is made in that one. */
  mayMove: boolean;
  /** A person has answered: what is known of the run beforehand won't do. */
  isAnswered?: boolean;
  /** The tool's name as the caller gave it, known or not; of a reading, its method. */
  tool: string;
  args: Record<string, unknown>;
  /** No tool is called, but a resource, a prompt or a completion asked for: `args` are the request's parameters. */
  isReading: boolean;
  /** The agent's own words, from `_meta["awooop/reason"]`. */
  agentReason?: string;
  /** W3C trace context for the tool server. */
  meta?: Record<string, unknown>;
  /** Aborted when the client goes away; what has been sent is seen to its end all the same. */
  signal: AbortSignal;
  /** The client, for what the tool server asks and says meanwhile. */
  peer: ClientPeer;
  /** The client's answers to what the tool server asked. */
  round?: Round;
  /** The call that goes on with these answers, and how many it has had before. */
  resume?: { callId: string; round: number };
}

/** The call that a task is about, by its run and its question. */
export interface TaskOf {
  runId: string;
  /** A UUID. */
  approvalId: string;
}

/** What tool servers say to all who use them. */
export interface McpNews {
  method: string;
  params: Record<string, unknown>;
}

/** That something of a kind changed, named by its id. */
export interface McpChange {
  kind: string;
  id: string;
}

/** What an agent's contract grants beside tools. */
export interface McpGrants {
  resources: boolean;
  prompts: boolean;
}

type Items = Promise<Record<string, unknown>[]>;

/** All that the gateway asks of the rest; it holds no rules itself. */
export interface McpDeps<C extends McpCaller> {
  /** @throws AppError E-AUTH, E-FORBIDDEN */
  authenticate(request: Request): Promise<C>;
  /** The same by the value of the Authorization header alone. */
  authenticateBearer(header: string): Promise<C>;
  /**
   * Says nothing while the agent may work.
   *
   * @throws AppError E-FROZEN who has stopped it, when and why
   */
  requireThawed(caller: C): Promise<void>;
  /** The tools of the agent's active contract, as the agent may see them. */
  agentTools(caller: C): Promise<ToolDefinition[]>;
  /** A tool's pinned schema by the name that the agent sees; undefined where it may not call one of that name. */
  toolSchema(caller: C, tool: string): Promise<Record<string, unknown> | undefined>;
  /** Whether the agent's active contract grants resources and prompts at all. */
  grants(caller: C): Promise<McpGrants>;
  resources(caller: C): Items;
  resourceTemplates(caller: C): Items;
  prompts(caller: C): Items;
  /**
   * Listens to what the agent's tool servers say to all, and to what makes its lists others: changed lists, updated
   * resources.
   *
   * @returns how to stop
   */
  watch(caller: C, listener: (news: McpNews) => void): Promise<() => void>;
  /**
   * Hears of what changed in the agent's project; of undefined when that may have been missed.
   *
   * @returns how to stop
   */
  hear(caller: C, listener: (change: McpChange | undefined) => void): () => void;
  /**
   * Has a resource's tool server tell of its updates.
   *
   * @returns how to stop
   * @throws AppError E-CONTRACT-TOOL when the contract does not grant it, E-UPSTREAM-… when the tool server refuses
   */
  subscribe(caller: C, uri: string): Promise<() => void>;
  /** Joins or opens the client run that a call belongs to. */
  openRun(caller: C, wish: RunWish): Promise<{ runId: string }>;
  callTool(call: McpCall<C>): Promise<CallOutcome>;
  /** Notes that the end of a call has reached its client; it is not waited for. */
  noteDelivered(kept: NonNullable<CallOutcome["kept"]>): void;
  /**
   * Waits until a question is no longer open.
   *
   * @param approvalId a UUID
   * @returns `open` when the time ran out or the signal aborted
   */
  waitForDecision(
    caller: C,
    approvalId: string,
    wait: { timeoutMs: number; signal: AbortSignal },
  ): Promise<"decided" | "open" | "not_found">;
  /** Calls that wait for a person, for clients that take a task for an answer. */
  tasks: {
    /** @returns undefined for one that this key has not asked for, or that is forgotten */
    get(caller: C, of: TaskOf): Promise<TaskState | undefined>;
    /** Withdraws the wait, if it is still one; false where `get` finds none. */
    withdraw(caller: C, of: TaskOf): Promise<boolean>;
  };
  sealer: Pick<Sealer, "seal" | "open">;
  log: Logger;
  /** Where there is a collector of traces. */
  telemetry?: Telemetry | undefined;
}
