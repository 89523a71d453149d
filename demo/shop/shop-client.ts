import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

const REQUEST_TIMEOUT_MS = 5_000;
const RESTART_TIMEOUT_MS = 10_000;

const healthSchema = z.looseObject({
  status: z.enum(["healthy", "degraded"]),
  summary: z.string(),
  started_at: z.string(),
});

export type Status = {
  healthy: boolean;
  status: "healthy" | "degraded" | "unreachable";
  http_status: number | null;
  summary: string;
  response_ms: number;
  detail: Record<string, unknown> | null;
};

/** What the health page says; never throws, an unreachable shop is `unreachable`. Times in ms. */
export async function fetchStatus(shopUrl: string): Promise<Status> {
  const began = performance.now();
  const elapsed = () => Math.round(performance.now() - began);
  try {
    const response = await request(shopUrl, "/healthz");
    const detail = healthSchema.parse(await response.json());
    return {
      healthy: response.status === 200,
      status: detail.status,
      http_status: response.status,
      summary: `${detail.summary} The health page answers ${response.status}.`,
      response_ms: elapsed(),
      detail,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      healthy: false,
      status: "unreachable",
      http_status: null,
      summary: `The health page gives no usable answer: ${reason}`,
      response_ms: elapsed(),
      detail: null,
    };
  }
}

/** Restarts the shop; returns its new start time once it answers, throws after ten seconds. */
export async function restartShop(shopUrl: string, adminToken: string): Promise<string> {
  const response = await request(shopUrl, "/restart", {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
  });
  if (response.status !== 202) throw new Error(`The shop refused to restart: ${response.status}.`);
  const before = z.object({ started_at: z.string() }).parse(await response.json()).started_at;
  const deadline = Date.now() + RESTART_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const { detail } = await fetchStatus(shopUrl);
    const now = detail?.started_at;
    if (typeof now === "string" && now !== before) return now;
    await pause(50);
  }
  throw new Error("The shop did not come back within 10 seconds.");
}

function request(shopUrl: string, path: string, init: RequestInit = {}): Promise<Response> {
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  return fetch(new URL(path, shopUrl), { ...init, signal });
}
