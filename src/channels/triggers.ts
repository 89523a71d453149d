import { createHash } from "node:crypto";
import type { MigrationMode } from "../platform/contract.ts";
import { lowerMode } from "../runs/index.ts";

/** How a trigger starts a run: with real writes, as a shadow run, or not at all. */
export type Start = "live" | "shadow" | "none";

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
  if (!project.isActive) return "none";
  const mode = lowerMode(project.mode, agent.mode);
  if (mode === "legacy") return "none";
  if (mode === "shadow") return "shadow";
  if (mode === "active") return "live";
  const place = canaryPlace(project.projectId, agent.agentId, fingerprint);
  return place < project.canaryPercent ? "live" : "shadow";
}
