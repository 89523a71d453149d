import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { firing } from "./alertmanager.ts";
import type { RunDetail } from "./operator-api.ts";
import type { Health } from "./shop/health.ts";
import type { PagerMessage } from "./shop/pager.ts";
import { PROJECT, SHOP_HOST, type Stage } from "./stage.ts";

const hookAnswer = z.object({ events: z.array(z.object({ run_id: z.string().nullable() })) });

const POLL_MS = 150;
const FINAL_STATES = ["completed", "failed", "cancelled", "timed_out"];

/** What the shop says of itself on its health page. */
export async function shopHealth(shopUrl: string): Promise<{ code: number; health: Health }> {
  const response = await fetch(`${shopUrl}/healthz`);
  return { code: response.status, health: (await response.json()) as Health };
}

/** The messages that reached the shop's pager with a signature that holds. */
export async function pagerMessages(shopUrl: string): Promise<PagerMessage[]> {
  const response = await fetch(`${shopUrl}/pager`);
  return ((await response.json()) as { messages: PagerMessage[] }).messages;
}

/** Posts what Alertmanager would post when the cache disk is nearly full; returns the run's id. */
export function alertDiskAlmostFull(stage: Stage, percent: number): Promise<string> {
  return postAlert(stage, "DiskAlmostFull", {
    summary: `Disk almost full on ${SHOP_HOST}`,
    description: `${stage.workspace.shopCache} on ${SHOP_HOST} is ${percent} % full.`,
  });
}

/** Posts the alert on which the other agent reaches for a tool outside its contract; returns the run's id. */
export function alertCacheServiceSlow(stage: Stage): Promise<string> {
  return postAlert(stage, "CacheServiceSlow", {
    summary: `Cache service slow on ${SHOP_HOST}`,
    description: `Pages on ${SHOP_HOST} are rendered anew for every customer.`,
  });
}

async function postAlert(
  { api, secrets, workspace }: Stage,
  alertname: string,
  annotations: Record<string, string>,
): Promise<string> {
  const labels = {
    alertname,
    instance: SHOP_HOST,
    job: "shop",
    path: workspace.shopCache,
    severity: "critical",
  };
  const response = await fetch(`${api.baseUrl}/hooks/${PROJECT}/alerts`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${secrets.alertsToken}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(firing({ labels, annotations, startsAt: new Date() })),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`The alert was not taken: ${response.status} ${answer}`);
  const runId = hookAnswer.parse(JSON.parse(answer)).events[0]?.run_id;
  if (!runId) throw new Error(`The alert ${alertname} started no run: ${answer}`);
  return runId;
}

/**
 * Asks `look` until it gives a value; throws after `timeoutMs` with what was waited for, and at
 * once when a program of the stage has ended.
 */
export async function until<T>(
  stage: Stage,
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    await stage.assertRunning();
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) {
      throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}.`);
    }
    await pause(POLL_MS);
  }
}

/** The run once it is in a final state, else `undefined`. */
export async function ended(stage: Stage, runId: string): Promise<RunDetail | undefined> {
  const detail = await stage.api.run(runId);
  return FINAL_STATES.includes(detail.run.state) ? detail : undefined;
}

/** Whether nothing of a run is still on its way out. */
export function allSent(detail: RunDetail): boolean {
  return detail.outbound_messages.every((message) => message.send_status !== "queued");
}
