import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { z } from "zod";
import { isTooDeep } from "../platform/contract.ts";
import type { RunWish } from "./deps.ts";
import type { HeaderLookup } from "./incoming.ts";

/** One call of a tool, or one reading, taken apart. */
export interface CallFacts {
  /** The tool's name; of a reading, its method. */
  tool: string;
  args: Record<string, unknown>;
  isReading: boolean;
  agentReason: string | undefined;
  progressToken: string | number | undefined;
  run: RunWish;
  /** W3C trace context for the tool server. */
  traceMeta: Record<string, unknown> | undefined;
}

const MAX_REASON = 2000;

const callParams = z.looseObject({
  name: z
    .string("name must be a text")
    .min(1, "name must not be empty")
    .max(256, "name is too long"),
  arguments: z.record(z.string(), z.unknown(), "arguments must be an object").default({}),
});

const named = (what: string) =>
  z.string(`${what} must be a text`).min(1, `${what} must not be empty`).max(2048);

/** The parameters of what can be asked for beside tools; what the protocol adds later passes too. */
const readingParams: Readonly<Record<string, z.ZodType<Record<string, unknown>>>> = {
  "resources/read": z.looseObject({ uri: named("uri") }),
  "prompts/get": z.looseObject({
    name: named("name"),
    arguments: z.record(z.string(), z.unknown(), "arguments must be an object").optional(),
  }),
  "completion/complete": z.looseObject({
    ref: z.looseObject({ type: named("ref.type") }, "ref must be an object"),
    argument: z.looseObject({}, "argument must be an object"),
  }),
};

const metaParam = z
  .looseObject({
    progressToken: z.union([z.string(), z.number()]).optional().catch(undefined),
    traceparent: z.string().optional().catch(undefined),
    tracestate: z.string().optional().catch(undefined),
    "awooop/run": z.string("awooop/run must be a run's id").optional(),
    "awooop/reason": z.string("awooop/reason must be a text").optional(),
  })
  .default({});

/** What JSON.stringify makes of NUL and of half a surrogate pair; neither can be recorded, so neither is a call. */
const UNRECORDABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

const TRACE_PARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const SESSION_ID = /^[\x21-\x7e]{1,128}$/;

/** The session named by a 2025-era client, which joins its calls to one run. */
function sessionKey(headers: HeaderLookup): string | undefined {
  const id = headers.get("mcp-session-id");
  return id !== null && SESSION_ID.test(id) ? id : undefined;
}

/**
 * Reads the parameters of a `tools/call` request and its HTTP headers.
 *
 * @throws ProtocolError -32602 saying what is wrong with the parameters
 */
export function readCall(asked: unknown, headers: HeaderLookup): CallFacts {
  const { name, arguments: args } = plainly(asked) ?? parse(callParams, asked ?? {});
  return factsOf({ tool: name, args, isReading: false }, asked, headers);
}

/**
 * Reads the parameters of a request for a resource, a prompt or a completion.
 *
 * @throws ProtocolError -32602 saying what is wrong with the parameters
 */
export function readReading(method: string, asked: unknown, headers: HeaderLookup): CallFacts {
  const shape = readingParams[method];
  if (!shape) throw new Error(`${method} is no reading`);
  const { _meta, ...args } = parse(shape, asked ?? {});
  return factsOf({ tool: method, args, isReading: true }, asked, headers);
}

/** What most calls look like, told without a schema; undefined for what has to be looked at more closely. */
function plainly(asked: unknown): z.infer<typeof callParams> | undefined {
  const { name, arguments: args = {} } = Object(asked) as { name?: unknown; arguments?: unknown };
  if (typeof name !== "string" || name === "" || name.length > 256) return undefined;
  if (typeof args !== "object" || args === null || Array.isArray(args)) return undefined;
  return { name, arguments: args as Record<string, unknown> };
}

const NO_META: z.infer<typeof metaParam> = {};
const KNOWN_META = Object.keys(metaParam.unwrap().shape);

function metaOf(asked: unknown): z.infer<typeof metaParam> {
  const meta = (Object(asked) as { _meta?: unknown })._meta;
  const isPlain = typeof meta === "object" && meta !== null && !Array.isArray(meta);
  if (isPlain && KNOWN_META.every((key) => (meta as Record<string, unknown>)[key] === undefined))
    return NO_META;
  return parse(metaParam, meta);
}

function parse<T>(shape: z.ZodType<T>, asked: unknown): T {
  const found = shape.safeParse(asked);
  if (!found.success) throw invalid(found.error.issues[0]?.message ?? "params are not valid");
  return found.data;
}

function factsOf(
  call: Pick<CallFacts, "tool" | "args" | "isReading">,
  asked: unknown,
  headers: HeaderLookup,
): CallFacts {
  if (isTooDeep(call.args)) throw invalid("arguments are nested too deeply");
  if (UNRECORDABLE.test(JSON.stringify([call.tool, call.args]))) {
    throw invalid("name and arguments must be Unicode text without NUL");
  }
  const meta = metaOf(asked);
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
    ...call,
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
