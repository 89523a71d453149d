import type { ToolServerBody } from "./contract.ts";
import { DEFAULT_MEMORY_MB } from "./launcher.ts";

/** For a connection alone, and for the next byte; where a contract does not say otherwise. */
export const CONNECT_SECONDS = 10;
export const IDLE_SECONDS = 300;

/** What a tool server is held to, defaults filled in; null is without limit. */
export function settingsOf(body: ToolServerBody): Record<string, string | number | null> {
  const { timeout_seconds } = body;
  if (body.transport === "http") {
    return {
      timeout_seconds,
      connect_timeout_seconds: body.connect_timeout_seconds ?? CONNECT_SECONDS,
      idle_timeout_seconds: body.idle_timeout_seconds ?? IDLE_SECONDS,
    };
  }
  return {
    timeout_seconds,
    sharing: body.sharing ?? "project",
    memory_mb: body.limits?.memory_mb ?? DEFAULT_MEMORY_MB,
    cpu_seconds: body.limits?.cpu_seconds ?? null,
    open_files: body.limits?.open_files ?? null,
  };
}

/** Where a tool server is, without what may be secret about it. */
export function addressOf(body: ToolServerBody): string {
  if (body.transport === "stdio") return [body.command, ...body.args].join(" ");
  const { origin, pathname } = new URL(body.url);
  return origin + pathname;
}
