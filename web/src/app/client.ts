import type {
  ApprovalList,
  Bulk,
  BulkResults,
  DecideAnswer,
  DecideManyAnswer,
  DryRun,
  RunDetail,
  RunList,
  RunState,
  Session,
  TimelinePage,
} from "./api.ts";

import { send } from "./send.ts";

export interface RunFilters {
  project_id?: string | undefined;
  q?: string | undefined;
  state?: RunState | undefined;
  agent_id?: string | undefined;
  is_shadow?: boolean | undefined;
  trigger_type?: string | undefined;
  created_after?: string | undefined;
}

/** How a list of runs is sorted; without, the newest is first. */
export interface RunsOrder {
  sort?: "created_at" | "cost_usd";
  order?: "asc" | "desc";
}

/** An action on many runs of a project: on those that are named, or on all that the filters match. */
export interface BulkRequest {
  projectId: string;
  action: "cancel" | "retry";
  runs: readonly string[] | RunFilters;
  reason: string;
}

function bulkBody({ projectId, action, runs, reason }: BulkRequest, more: object) {
  const { project_id: _, ...filter } = "length" in runs ? { run_ids: runs, project_id: "" } : runs;
  const isAll = Object.values(filter).every((value) => value === undefined);
  return {
    project_id: projectId,
    action,
    reason,
    filter,
    ...(isAll ? { all: true } : {}),
    ...more,
  };
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

  runs: (
    filters: RunFilters & RunsOrder,
    page: { cursor?: string; page?: number; limit: number },
    signal?: AbortSignal,
  ) => send<RunList>("/runs", { query: { ...filters, ...page }, signal }),
  countBulk: (request: BulkRequest) =>
    send<DryRun>("/runs/bulk", { method: "POST", body: bulkBody(request, { dry_run: true }) }),
  startBulk: (request: BulkRequest, atMost: number, idempotencyKey: string) =>
    send<Bulk>("/runs/bulk", {
      method: "POST",
      headers: { "idempotency-key": idempotencyKey },
      body: bulkBody(request, { at_most: atMost }),
    }),
  bulk: (bulkId: string, signal?: AbortSignal) =>
    send<Bulk>(`/runs/bulk/${encodeURIComponent(bulkId)}`, { signal }),
  bulkRefusals: (bulkId: string, signal?: AbortSignal) =>
    send<BulkResults>(`/runs/bulk/${encodeURIComponent(bulkId)}/results`, {
      query: { outcome: "refused", limit: 50 },
      signal,
    }),
  run: (projectId: string | undefined, runId: string, signal?: AbortSignal) =>
    send<RunDetail>(runPath(runId), { query: { project_id: projectId }, signal }),
  timeline: (
    projectId: string,
    runId: string,
    page: {
      cursor?: string;
      around?: string;
      limit: number;
      order: "asc" | "desc";
      kind?: string;
      records?: true;
    },
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
  closedApprovals: (
    query: { project_id?: string | undefined; cursor?: string; limit: number },
    signal?: AbortSignal,
  ) => send<ApprovalList>("/approvals", { query: { ...query, status: "closed" }, signal }),
  questions: (
    query: {
      project_id: string;
      run_id: string;
      status: "open" | "closed";
      cursor?: string;
      limit: number;
    },
    signal?: AbortSignal,
  ) => send<ApprovalList>("/approvals", { query, signal }),
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
