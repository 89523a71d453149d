import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from "@modelcontextprotocol/client";
import type { ErrorCode } from "../platform/errors.ts";

/** The codes a tool server's failure can have. */
export type UpstreamCode = Extract<
  ErrorCode,
  `E-UPSTREAM-${string}` | "E-STDIO-OFF" | "E-SECRET-MISSING" | "E-CONTRACT-INVALID" | "E-CALL-LOST"
>;

/**
 * A call or a list that brought no result.
 *
 * - `sent`: the request may have reached the tool server. False only when it certainly did not.
 * - `answered`: the tool server itself said that it refused or failed the request. A write that was sent and not so
 *   answered has an unknown fate.
 */
export interface UpstreamError {
  kind: "upstream_error";
  code: UpstreamCode;
  message: string;
  sent: boolean;
  answered: boolean;
  /** The HTTP status that stood for an answer, where there was one. */
  httpStatus?: number;
  /** The JSON-RPC error that the tool server answered with, of bounded size. */
  rpc?: RpcError;
}

/** A JSON-RPC error as it came. */
export interface RpcError {
  code: number;
  message: string;
  data?: unknown;
}

/** A failure that this feature found itself and can name; `toUpstreamError` takes its code and words. */
export class UpstreamFailure extends Error {
  readonly code: UpstreamCode;

  constructor(code: UpstreamCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UpstreamFailure";
    this.code = code;
  }
}

/** Where a request was when it failed. */
export interface FailurePlace {
  /** Whether its bytes may have left for the tool server. */
  sent: boolean;
  /** The time-out that applied, in milliseconds. */
  timeoutMs: number;
}

const MAX_FOREIGN_TEXT = 500;
const MAX_FOREIGN_DATA = 16 * 1024;

function rpcOf({ code, message, data }: ProtocolError): RpcError {
  const isFit = data !== undefined && JSON.stringify(data).length <= MAX_FOREIGN_DATA;
  return { code, message: foreignText(message), ...(isFit ? { data } : {}) };
}

/** Text from a tool server, short and on one line, for use inside an error message. */
export function foreignText(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  const points = [...line];
  return points.length > MAX_FOREIGN_TEXT
    ? `${points.slice(0, MAX_FOREIGN_TEXT - 1).join("")}…`
    : line;
}

function failure(error: unknown): UpstreamFailure | undefined {
  for (
    let cause = error, depth = 0;
    cause instanceof Error && depth < 8;
    cause = cause.cause, depth++
  ) {
    if (cause instanceof UpstreamFailure) return cause;
  }
  return undefined;
}

/** Milliseconds as seconds with one decimal at most. */
export function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}

/** The failure of what is asked for while everything is being closed. */
export function closing(): UpstreamFailure {
  const words = "The connections to tool servers are being closed.";
  return new UpstreamFailure("E-UPSTREAM-CONNECT", words);
}

/** An answer that came, and is not what the protocol asks for. */
export function invalid(message: string): UpstreamError {
  return {
    kind: "upstream_error",
    code: "E-UPSTREAM-PROTOCOL",
    message,
    sent: true,
    answered: false,
  };
}

function fromHttpStatus(error: SdkHttpError, sent: boolean): UpstreamError {
  const answered = error.status < 500;
  const hint =
    error.status === 401 || error.status === 403
      ? " Check the credentials in the contract's headers."
      : error.status >= 300 && error.status < 400
        ? " It points to another place; put that URL into the contract."
        : "";
  return {
    kind: "upstream_error",
    code: answered ? "E-UPSTREAM-PROTOCOL" : "E-UPSTREAM-DIED",
    message: `The tool server answered with HTTP status ${error.status}.${hint}`,
    sent,
    answered,
    httpStatus: error.status,
  };
}

function fromSdk(error: SdkError, place: FailurePlace): UpstreamError {
  const kind = "upstream_error";
  const { sent } = place;
  switch (error.code) {
    case SdkErrorCode.RequestTimeout:
      return {
        kind,
        code: "E-UPSTREAM-TIMEOUT",
        message: `The tool server did not answer within ${seconds(place.timeoutMs)} s.`,
        sent,
        answered: false,
      };
    case SdkErrorCode.UnsupportedResultType:
    case SdkErrorCode.InputRequiredRoundsExceeded:
    case SdkErrorCode.CapabilityNotSupported:
      return {
        kind,
        code: "E-UPSTREAM-PROTOCOL",
        message:
          "The tool asks for further input from a person or a model, which is not passed on.",
        sent,
        answered: true,
      };
    case SdkErrorCode.InvalidResult:
    case SdkErrorCode.ClientHttpUnexpectedContent:
      return {
        kind,
        code: "E-UPSTREAM-PROTOCOL",
        message: `The tool server's answer is not valid MCP: ${foreignText(error.message)}`,
        sent,
        answered: false,
      };
    default:
      return {
        kind,
        code: sent ? "E-UPSTREAM-DIED" : "E-UPSTREAM-CONNECT",
        message: sent
          ? "The connection to the tool server was lost before it answered."
          : `The tool server can't be reached: ${foreignText(error.message)}`,
        sent,
        answered: false,
      };
  }
}

/** Says in words and in a code what went wrong, whatever part of the way it went wrong on. */
export function toUpstreamError(error: unknown, place: FailurePlace): UpstreamError {
  const kind = "upstream_error";
  const found = failure(error);
  if (found) {
    return { kind, code: found.code, message: found.message, sent: place.sent, answered: false };
  }
  if (error instanceof SdkHttpError) return fromHttpStatus(error, place.sent);
  if (error instanceof ProtocolError) {
    return {
      kind,
      code: "E-UPSTREAM-TOOL",
      message: `The tool server answered with error ${error.code}: ${foreignText(error.message)}`,
      sent: place.sent,
      answered: place.sent,
      rpc: rpcOf(error),
    };
  }
  if (error instanceof SdkError) return fromSdk(error, place);
  if (error instanceof SyntaxError || (error instanceof Error && error.name === "ZodError")) {
    return {
      kind,
      code: "E-UPSTREAM-PROTOCOL",
      message: "The tool server's answer is not a valid JSON-RPC message.",
      sent: place.sent,
      answered: false,
    };
  }
  const words = error instanceof Error ? foreignText(error.message) : "unknown reason";
  return {
    kind,
    code: place.sent ? "E-UPSTREAM-DIED" : "E-UPSTREAM-CONNECT",
    message: place.sent
      ? "The connection to the tool server was lost before it answered."
      : `The tool server can't be reached: ${words}`,
    sent: place.sent,
    answered: false,
  };
}
