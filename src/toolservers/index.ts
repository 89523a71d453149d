export type { ToolServerRef } from "./connector.ts";
export { type ToolServerBody, toolServerBody } from "./contract.ts";
export type { UpstreamCode, UpstreamError } from "./outcome.ts";
export { pinHash, type ToolDefinition } from "./pins.ts";
export {
  type CallOptions,
  createToolServerPool,
  type ToolResult,
  type ToolServerPool,
  type ToolServerPoolOptions,
} from "./pool.ts";
export { listPins, readPin, syncPins, type ToolPin } from "./queries.ts";
