import type {
  ApprovalList,
  DecideAnswer,
  DecideManyAnswer,
  RunDetail,
  RunList,
  RunState,
  Session,
  TimelinePage,
} from "./api.ts";

const BASE = "/api/v1";

/** An answer that is not a success, as the server's problem+json says it. Status 0: no answer came. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly body: Record<string, unknown>;

  constructor(status: number, body: Record<string, unknown>) {
    const text = (key: string) => (typeof body[key] === "string" ? (body[key] as string) : "");
    super(text("title") || `HTTP ${status}`);
    this.status = status;
    this.code = text("code");
    this.detail = text("detail");
    this.body = body;
  }

  /** Nothing reached the server, or no answer came back; sending the same request again is right. */
  get isConnection(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

interface Sending {
  method?: string;
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

async function send<T>(path: string, sending: Sending = {}): Promise<T> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(sending.query ?? {})) {
    if (value !== undefined && value !== null && value !== "") query.set(key, String(value));
  }
  const headers: Record<string, string> = {
    accept: "application/json",
    "accept-language": document.documentElement.lang || "en",
    ...sending.headers,
  };
  if (sending.body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(`${BASE}${path}${query.size > 0 ? `?${query}` : ""}`, {
      method: sending.method ?? "GET",
      headers,
      credentials: "same-origin",
      ...(sending.body === undefined ? {} : { body: JSON.stringify(sending.body) }),
      ...(sending.signal ? { signal: sending.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, {});
  }
  if (response.status === 204) return undefined as T;
  const body: unknown = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, (body ?? {}) as Record<string, unknown>);
  return body as T;
}

export interface RunFilters {
  project_id?: string | undefined;
  q?: string | undefined;
  state?: RunState | undefined;
  agent_id?: string | undefined;
  is_shadow?: boolean | undefined;
  created_after?: string | undefined;
}

export interface DecisionRequest {
  projectId: string;
  runId: string;
  approvalId: string;
  decision: "approve" | "reject" | "request_changes" | "edit";
  reason: string;
  /** For an edit: what is to be executed. */
  args?: Record<string, unknown>;
  /** What one has seen: the arguments may be edited by somebody else meanwhile. */
  argsHash: string;
  /** Made once for a decision and kept over re-sends, so that a lost answer never decides twice. */
  idempotencyKey: string;
}

/** Several decisions alike, each about its own call. */
export interface ManyDecisions {
  projectId: string;
  decision: "approve" | "reject";
  reason: string;
  questions: { run_id: string; approval_id: string; args_hash: string }[];
  idempotencyKey: string;
}

const runPath = (runId: string, rest = "") => `/runs/${encodeURIComponent(runId)}${rest}`;

export const api = {
  session: (signal?: AbortSignal) => send<Session>("/session", { signal }),
  signIn: (key: string) => send<Session>("/session", { method: "POST", body: { key } }),
  signOut: () => send<void>("/session", { method: "DELETE" }),

  runs: (filters: RunFilters, page: { cursor?: string; limit: number }, signal?: AbortSignal) =>
    send<RunList>("/runs", { query: { ...filters, ...page }, signal }),
  run: (projectId: string | undefined, runId: string, signal?: AbortSignal) =>
    send<RunDetail>(runPath(runId), { query: { project_id: projectId }, signal }),
  timeline: (
    projectId: string,
    runId: string,
    page: { cursor?: string; limit: number; order: "asc" | "desc"; kind?: string },
    signal?: AbortSignal,
  ) =>
    send<TimelinePage>(runPath(runId, "/timeline"), {
      query: { project_id: projectId, ...page },
      signal,
    }),
  cancelRun: (projectId: string, runId: string, reason: string) =>
    send<unknown>(runPath(runId, "/cancel"), {
      method: "POST",
      body: { project_id: projectId, reason },
    }),
  retryRun: (projectId: string, runId: string) =>
    send<{ run_id: string }>(runPath(runId, "/retry"), {
      method: "POST",
      body: { project_id: projectId },
    }),

  approvals: (query: { project_id?: string | undefined; run_id?: string }, signal?: AbortSignal) =>
    send<ApprovalList>("/approvals", { query: { ...query, limit: 200 }, signal }),
  decide: (request: DecisionRequest) =>
    send<DecideAnswer>(`/approvals/${encodeURIComponent(request.runId)}/decide`, {
      method: "POST",
      headers: { "idempotency-key": request.idempotencyKey },
      body: {
        project_id: request.projectId,
        approval_id: request.approvalId,
        decision: request.decision,
        args_hash: request.argsHash,
        ...(request.reason === "" ? {} : { reason: request.reason }),
        ...(request.args === undefined ? {} : { arguments: request.args }),
      },
    }),
  decideMany: (request: ManyDecisions) =>
    send<DecideManyAnswer>("/approvals/decide-many", {
      method: "POST",
      headers: { "idempotency-key": request.idempotencyKey },
      body: {
        project_id: request.projectId,
        decision: request.decision,
        questions: request.questions,
        ...(request.reason === "" ? {} : { reason: request.reason }),
      },
    }),

  agents: (projectId: string | undefined, signal?: AbortSignal) =>
    send<{ contracts: { contract_id: string }[] }>("/contracts", {
      query: { project_id: projectId, contract_family: "agent", lifecycle_status: "active" },
      signal,
    }),
};
