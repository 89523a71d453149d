export { cleanDefinition, cleanItem, cleanResult, oddTextWithin } from "./clean.ts";
export type { ToolServerRef } from "./connector.ts";
export { toolServerBody } from "./contract.ts";
export { type Flag, flagText } from "./flags-contract.ts";
export { hintOf } from "./hints.ts";
export { openToolServers } from "./open.ts";
export type { RpcError, UpstreamError } from "./outcome.ts";
export { isTooLongForHeaders, paramHeaderMismatch, paramHeaders } from "./paramheaders.ts";
export {
  type ClientPeer,
  isLogLevel,
  PeerError,
  type PeerMethod,
  type PeerRequest,
} from "./peer.ts";
export { pinHash, type ToolDefinition } from "./pins.ts";
export {
  createToolServerPool,
  type ToolResult,
  type ToolServerPool,
  type ToolServerPoolOptions,
} from "./pool.ts";
export { listPins, pinnedTools, readPin, syncPins, type ToolPin, toolSchemas } from "./queries.ts";
export { reviewRoutes } from "./review-routes.ts";
export { acceptedLately } from "./reviews.ts";
export type { InputRequired, Round } from "./rounds.ts";
export { toolServerRoutes } from "./routes.ts";
export { tracePool } from "./traced.ts";
export type { ServerNotification } from "./unsolicited.ts";
