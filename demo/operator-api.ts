import { z } from "zod";

const REQUEST_TIMEOUT_MS = 10_000;

const timelineItem = z.looseObject({
  ts: z.string(),
  kind: z.string(),
  title: z.string(),
  status: z.string().nullable(),
  summary: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()).nullable(),
});

const runDetail = z.object({
  run: z.looseObject({
    run_id: z.string(),
    agent_id: z.string(),
    state: z.string(),
    cost_usd: z.number(),
    error_code: z.string().nullable(),
    error_detail: z.string().nullable(),
  }),
  outbound_messages: z.array(
    z.looseObject({
      message_type: z.string(),
      send_status: z.string(),
      send_error: z.string().nullable(),
      content_preview: z.string().nullable(),
    }),
  ),
  mcp_calls: z.array(
    z.looseObject({
      tool_name: z.string(),
      result_status: z.string(),
      block_gate: z.number().nullable(),
      block_reason: z.string().nullable(),
    }),
  ),
  timeline: z.array(timelineItem),
});

const approvalList = z.object({
  items: z.array(z.looseObject({ run_id: z.string(), approval_id: z.string() })),
});
const applied = z.object({
  results: z.array(z.looseObject({ contract_id: z.string(), status: z.string() })),
});
const decision = z.object({ new_state: z.string() });
const anything = z.unknown();

export type TimelineItem = z.infer<typeof timelineItem>;
export type RunDetail = z.infer<typeof runDetail>;

/** The server answered, but not with success; the message says what, where and why. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The part of the public operator API that the demo lives on, for one project. */
export class OperatorApi {
  readonly baseUrl: string;
  readonly #key: string;
  readonly #project: string;

  constructor(baseUrl: string, key: string, project: string) {
    this.baseUrl = baseUrl;
    this.#key = key;
    this.#project = project;
  }

  async createProject(displayName: string): Promise<void> {
    const body = { project_id: this.#project, display_name: displayName, migration_mode: "active" };
    await this.#send("POST", "/tenants", anything, body);
  }

  async putSecret(name: string, value: string): Promise<void> {
    await this.#send("PUT", `/secrets/${name}`, anything, { project_id: this.#project, value });
  }

  async applyContracts(documents: unknown[]): Promise<number> {
    const { results } = await this.#send("POST", "/contracts/apply", applied, { documents });
    return results.length;
  }

  run(runId: string): Promise<RunDetail> {
    const query = new URLSearchParams({ project_id: this.#project });
    return this.#send("GET", `/runs/${runId}?${query}`, runDetail);
  }

  /** The id of the question that a run waits with, if it waits. */
  async openQuestion(runId: string): Promise<string | undefined> {
    const query = new URLSearchParams({ project_id: this.#project, run_id: runId });
    const { items } = await this.#send("GET", `/approvals?${query}`, approvalList);
    return items.find((item) => item.run_id === runId)?.approval_id;
  }

  /** Approves; returns the state that the run is in then. */
  async approve(runId: string, approvalId: string, reason: string): Promise<string> {
    const body = {
      project_id: this.#project,
      decision: "approve",
      approval_id: approvalId,
      reason,
    };
    const answer = await this.#send("POST", `/approvals/${runId}/decide`, decision, body);
    return answer.new_state;
  }

  async #send<T>(method: string, path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    const response = await fetch(`${this.baseUrl}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        "accept-language": "en",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    const where = `${method} /api/v1${path}`;
    if (!response.ok) throw new ApiError(response.status, `${where}: ${response.status} ${text}`);
    const parsed = schema.safeParse(text === "" ? undefined : JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw new Error(`${where} answered something else than documented: ${parsed.error.message}`);
  }
}
