export type { McpCall, McpCaller, McpDeps, RunWish } from "./deps.ts";
export { createMcpEdge, type McpEdge, type McpEdgeOptions } from "./edge.ts";
