export { agentSide } from "./agentside.ts";
export type { McpCall, McpDeps, RunWish } from "./deps.ts";
export { createMcpEdge, type McpEdge } from "./edge.ts";
