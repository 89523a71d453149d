import type { ToolDefinition } from "./pins.ts";

/** What a tool server says of one of its tools. Its own claim: nothing proves it. */
export type ToolHint = "read_only" | "destructive" | "unsaid";

/**
 * What a tool's annotations claim (MCP, `ToolAnnotations`). Only a clear word counts: a tool that calls itself both
 * read-only and destructive is taken for the worse.
 */
export function hintOf({ annotations }: Pick<ToolDefinition, "annotations">): ToolHint {
  if (annotations?.destructiveHint === true) return "destructive";
  return annotations?.readOnlyHint === true ? "read_only" : "unsaid";
}
