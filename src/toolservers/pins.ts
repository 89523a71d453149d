import { canonicalHash } from "../platform/canonical.ts";

/** A tool as its server describes it, every field as it came, known to this version or not. */
export interface ToolDefinition {
  name: string;
  description?: string;
  inputSchema: Record<string, unknown>;
  outputSchema?: Record<string, unknown>;
  annotations?: Record<string, unknown>;
  [field: string]: unknown;
}

/**
 * What a tool promises, as one hash: SHA-256 over the canonical JSON (RFC 8785) of its name, description, schemas and
 * annotations. A tool whose hash differs from the pinned one is not the tool that was approved.
 */
export function pinHash(tool: ToolDefinition): string {
  const { name, description, inputSchema, outputSchema, annotations } = tool;
  return canonicalHash({ name, description, inputSchema, outputSchema, annotations });
}
