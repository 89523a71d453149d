import type { Found } from "./findings.ts";

const BASE = "/api/v1";

/** What is wrong with a field, `body.tools.0.effect`. */
export type FieldFault = Found & { path: string };

/** A field as people know it: without the part of the request that it is in. */
export const fieldOf = (path: string): string => path.replace(/^(?:body|query|param)(?:\.|$)/, "");

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

  /** What is wrong with single fields, as far as that is what was wrong. */
  get errors(): readonly FieldFault[] {
    return Array.isArray(this.body.errors) ? (this.body.errors as FieldFault[]) : [];
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

/**
 * Asks the operator API; `path` begins after its base. A feature keeps its own requests beside its pages.
 *
 * @throws Problem for every answer that is no success, and with status 0 when none came
 */
export async function send<T>(path: string, sending: Sending = {}): Promise<T> {
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
