import type { WhenSent } from "../platform/http/index.ts";
import type { TraceContext } from "../platform/telemetry.ts";
import type { McpCaller } from "./deps.ts";
import type { RpcId } from "./jsonrpc.ts";
import type { PeerOptions } from "./peer.ts";

/** A request's headers, by their names in lower case. */
export type HeaderLookup = Pick<Headers, "get">;

/** A request of either era, as far as both have it in common. */
export interface Incoming<C extends McpCaller> {
  caller: C;
  id?: RpcId;
  method: string;
  /** Without what belongs to the protocol's envelope. */
  params: Record<string, unknown>;
  headers: HeaderLookup;
  requestState?: string | undefined;
  inputResponses?: Record<string, unknown> | undefined;
  /** The way back to the client. */
  client: Omit<PeerOptions, "progressToken">;
  signal: AbortSignal;
  /** Calls back once the whole answer has been sent. */
  whenSent: WhenSent;
  /** The trace that the call goes on in, where we keep one. */
  trace?: TraceContext;
}
