/** The id of a JSON-RPC request. */
export type RpcId = string | number;

/** A JSON-RPC message on its way to a client. */
export type RpcMessage = Record<string, unknown> & { jsonrpc: "2.0" };

/** The headers say something else than the body; of the 2026-07-28 protocol. */
export const HEADER_MISMATCH = -32020;
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const INVALID_PARAMS = -32602;

export function notification(method: string, params: Record<string, unknown>): RpcMessage {
  return { jsonrpc: "2.0", method, params };
}

export function requestMessage(
  id: RpcId,
  method: string,
  params: Record<string, unknown>,
): RpcMessage {
  return { jsonrpc: "2.0", id, method, params };
}

export function resultMessage(id: RpcId, result: Record<string, unknown>): RpcMessage {
  return { jsonrpc: "2.0", id, result };
}

export function errorMessage(
  id: RpcId | null,
  error: { code: number; message: string; data?: unknown },
): RpcMessage {
  const { code, message, data } = error;
  return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}
