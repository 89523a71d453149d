import { createHash } from "node:crypto";
import type { MigrationMode } from "../platform/contract.ts";
import { lowerMode, type StartKey, startWords } from "../runs/index.ts";

/** How a trigger starts a run: with real writes, as a shadow run, or not at all. */
export interface Start {
  start: "live" | "shadow" | "none";
  /** Where it is no matter of course: why, in English words that `readStart` reads. */
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
  const whose = mode === project.mode ? "project" : "agent";
  const because = (key: StartKey, params = {}) => startWords({ key, params }, "en");
  if (mode === "shadow") return { start: "shadow", why: because(`${whose}_shadow`) };
  if (mode === "active") return { start: "live" };
  const params = {
    place: canaryPlace(project.projectId, agent.agentId, fingerprint),
    percent: project.canaryPercent,
  };
  const start = params.place < params.percent ? "live" : "shadow";
  return { start, why: because(`${whose}_canary_${start}`, params) };
}
