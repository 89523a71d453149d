import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { z } from "zod";
import { isTooDeep } from "../platform/contract.ts";
import type { RunWish } from "./deps.ts";

/** One `tools/call` request, taken apart. */
export interface CallFacts {
  tool: string;
  args: Record<string, unknown>;
  agentReason: string | undefined;
  progressToken: string | number | undefined;
  run: RunWish;
  /** W3C trace context for the tool server. */
  traceMeta: Record<string, unknown> | undefined;
}

const MAX_REASON = 2000;

const params = z.looseObject({
  name: z
    .string("name must be a text")
    .min(1, "name must not be empty")
    .max(256, "name is too long"),
  arguments: z.record(z.string(), z.unknown(), "arguments must be an object").default({}),
  _meta: z
    .looseObject({
      progressToken: z.union([z.string(), z.number()]).optional().catch(undefined),
      traceparent: z.string().optional().catch(undefined),
      tracestate: z.string().optional().catch(undefined),
      "awooop/run": z.string("awooop/run must be a run's id").optional(),
      "awooop/reason": z.string("awooop/reason must be a text").optional(),
    })
    .default({}),
});

/** What JSON.stringify makes of NUL and of half a surrogate pair; neither can be recorded, so neither is a call. */
const UNRECORDABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

const TRACE_PARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const SESSION_ID = /^[\x21-\x7e]{1,128}$/;

/** The session named by a 2025-era client, which joins its calls to one run. */
function sessionKey(headers: Headers): string | undefined {
  const id = headers.get("mcp-session-id");
  return id !== null && SESSION_ID.test(id) ? id : undefined;
}

/**
 * Reads the parameters of a `tools/call` request and its HTTP headers.
 *
 * @throws ProtocolError -32602 saying what is wrong with the parameters
 */
export function readCall(asked: unknown, headers: Headers): CallFacts {
  const found = params.safeParse(asked ?? {});
  if (!found.success) throw invalid(found.error.issues[0]?.message ?? "params are not valid");
  const { name, arguments: args, _meta: meta } = found.data;
  if (isTooDeep(args)) throw invalid("arguments are nested too deeply");
  if (UNRECORDABLE.test(JSON.stringify([name, args]))) {
    throw invalid("name and arguments must be Unicode text without NUL");
  }
  const reason = meta["awooop/reason"]
    ?.toWellFormed()
    .replaceAll("\0", "")
    .trim()
    .slice(0, MAX_REASON);
  const traceparent = meta.traceparent ?? headers.get("traceparent") ?? undefined;
  const traceId = TRACE_PARENT.exec(traceparent ?? "")?.[1];
  const tracestate = meta.tracestate ?? headers.get("tracestate") ?? undefined;
  const runId = headers.get("awooop-run") ?? meta["awooop/run"];
  const session = sessionKey(headers);
  return {
    tool: name,
    args,
    agentReason: reason === "" ? undefined : reason,
    progressToken: meta.progressToken,
    run: {
      ...(runId === undefined ? {} : { runId }),
      ...(session === undefined ? {} : { sessionKey: session }),
      ...(traceId === undefined ? {} : { traceId }),
    },
    traceMeta:
      traceId === undefined
        ? undefined
        : { traceparent, ...(tracestate === undefined ? {} : { tracestate }) },
  };
}

function invalid(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Invalid params: ${message}`);
}
