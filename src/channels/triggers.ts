import { createHash } from "node:crypto";
import type { MigrationMode } from "../platform/contract.ts";
import { lowerMode } from "../runs/index.ts";

/** How a trigger starts a run: with real writes, as a shadow run, or not at all. */
export interface Start {
  start: "live" | "shadow" | "none";
  /** Where it is no matter of course: why, in words. */
  why?: string;
}

/**
 * Where on 0..99 a trigger stands: the same alert always on the same side of a canary's line, and on another side for
 * each agent and project.
 */
export function canaryPlace(projectId: string, agentId: string, fingerprint: string): number {
  const digest = createHash("sha256").update(`${projectId}/${agentId}/${fingerprint}`).digest();
  return digest.readUInt32BE(0) % 100;
}

/** How a trigger that matched starts a run. */
export function decideStart(trigger: {
  project: { projectId: string; isActive: boolean; mode: MigrationMode; canaryPercent: number };
  agent: { agentId: string; mode: MigrationMode };
  fingerprint: string;
}): Start {
  const { project, agent, fingerprint } = trigger;
  if (!project.isActive) return { start: "none" };
  const mode = lowerMode(project.mode, agent.mode);
  if (mode === "legacy") return { start: "none" };
  const whose = mode === project.mode ? "project's" : "agent's";
  if (mode === "shadow") return { start: "shadow", why: `the ${whose} mode is shadow` };
  if (mode === "active") return { start: "live" };
  const place = canaryPlace(project.projectId, agent.agentId, fingerprint);
  const isLive = place < project.canaryPercent;
  const side = isLive ? "below" : "not below";
  const why = `the ${whose} mode is canary: this alert's place is ${place} of 0 to 99, ${side} ${project.canaryPercent}, so it runs ${isLive ? "live" : "as a shadow"}`;
  return { start: isLive ? "live" : "shadow", why };
}
