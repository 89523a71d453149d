import type { Actor } from "../audit/index.ts";
import type { Scope } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { Role } from "./contract.ts";

/** Who is asking, and what their key opens. */
export interface Caller {
  keyId: string;
  actor: Actor;
  role: Role;
  /** The projects the key opens; `all` is a platform operator. */
  projects: readonly string[] | "all";
  /** The agent contract an agent key works under. */
  agentId: string | null;
  /** How long a call of this key may be held open while a person thinks, in seconds. */
  holdSeconds: number;
  mayActForOthers: boolean;
  surface: Surface;
}

/** The way in: a browser session, a bearer key on the API, the gateway, the command line, a chat. */
export type Surface = "console" | "api" | "mcp" | "cli" | "telegram" | "slack";

/** What every handler under /api/v1 finds in its context. */
export type ApiEnv = { Variables: { caller: Caller; language: "en" | "zh-TW" } };

/** The rights of the caller's transactions. */
export function scopeOf(caller: Caller): Scope {
  return caller.projects === "all"
    ? { role: "platform" }
    : { role: "app", projects: caller.projects };
}

/** Whether the caller's key opens the project (which need not exist). */
export function sees(caller: Caller, projectId: string): boolean {
  return caller.projects === "all" || caller.projects.includes(projectId);
}

/** Whether the caller administers the platform itself: an admin of every project. */
export function isPlatformAdmin(caller: Caller): boolean {
  return caller.role === "admin" && caller.projects === "all";
}

const RANK: Record<Role, number> = { agent: 0, viewer: 1, operator: 2, admin: 3 };

/** Whether the caller's key has a role or a higher one. */
export function isAtLeast(caller: Caller, least: "viewer" | "operator" | "admin"): boolean {
  return RANK[caller.role] >= RANK[least];
}

/** The lower of two roles. */
export function lowerRole(one: Role, other: Role): Role {
  return RANK[one] < RANK[other] ? one : other;
}

/**
 * Refuses callers below a role. An agent's key is below all of them.
 *
 * @throws AppError E-FORBIDDEN
 */
export function requireRole(caller: Caller, least: "viewer" | "operator" | "admin"): void {
  if (isAtLeast(caller, least)) return;
  throw new AppError(
    "E-FORBIDDEN",
    `This needs the role ${least}; the key "${caller.actor.id}" has the role ${caller.role}.`,
  );
}

/**
 * Refuses everyone but administrators of the whole platform.
 *
 * @throws AppError E-FORBIDDEN
 */
export function requirePlatformAdmin(caller: Caller): void {
  if (isPlatformAdmin(caller)) return;
  throw new AppError(
    "E-FORBIDDEN",
    "This needs an admin key of the platform, one that is not limited to projects.",
  );
}

/**
 * Refuses a project the caller's key does not open, in the words used for one that does not exist.
 *
 * @throws AppError E-NOT-FOUND
 */
export function requireProject(caller: Caller, projectId: string): void {
  if (!sees(caller, projectId)) throw unknownProject(projectId);
}

/** The answer for a project that does not exist, or that the caller may not know of. */
export function unknownProject(projectId: string): AppError {
  return new AppError("E-NOT-FOUND", `There is no project "${projectId}".`);
}
