import { ProtocolError } from "@modelcontextprotocol/server";
import type { OpenSpan, Telemetry, TraceContext } from "../platform/telemetry.ts";
import type { McpCaller } from "./deps.ts";
import type { EdgeDeps } from "./edgedeps.ts";
import type { Incoming } from "./incoming.ts";

type Answer = Record<string, unknown>;
type Work<C extends McpCaller> = (deps: EdgeDeps<C>, incoming: Incoming<C>) => Promise<Answer>;

/**
 * Answers a request within a span, named and described as OpenTelemetry's conventions for MCP say. It goes on the
 * caller's trace, and what is done for it goes on this span.
 */
export async function withSpan<C extends McpCaller>(
  telemetry: Telemetry,
  deps: EdgeDeps<C>,
  incoming: Incoming<C>,
  work: Work<C>,
): Promise<Answer> {
  const { method } = incoming;
  const target = NAMED.has(method) ? text(incoming.params.name) : undefined;
  const span = telemetry.begin({
    name: target === undefined ? method : `${method} ${target}`,
    kind: "server",
    parent: traceOf(incoming),
    attributes: attributesOf(incoming, target),
  });
  try {
    const answer = await work(tracingWaits(telemetry, deps, span), {
      ...incoming,
      trace: span.context,
    });
    span.end(errorTypeOf(answer));
    return answer;
  } catch (error) {
    if (error instanceof ProtocolError) {
      span.set({ "rpc.response.status_code": String(error.code) });
      span.end(String(error.code));
    } else span.end("E-INTERNAL");
    throw error;
  }
}

/** Methods whose target has a name; addresses of resources are no names, there are too many. */
const NAMED = new Set(["tools/call", "prompts/get"]);

const text = (value: unknown) => (typeof value === "string" ? value.slice(0, 256) : undefined);

function attributesOf<C extends McpCaller>(
  { id, caller, method, headers, client }: Incoming<C>,
  target: string | undefined,
) {
  const session = "session" in client ? client.session : undefined;
  const version = session?.version ?? headers.get("mcp-protocol-version");
  return {
    "mcp.method.name": method,
    "network.transport": "tcp",
    "network.protocol.name": "http",
    "awooop.key_id": caller.keyId,
    ...(id === undefined ? {} : { "jsonrpc.request.id": String(id) }),
    ...(caller.projectId === undefined ? {} : { "awooop.project_id": caller.projectId }),
    ...(version === null ? {} : { "mcp.protocol.version": version }),
    ...(session === undefined ? {} : { "mcp.session.id": session.id }),
    ...(target === undefined ? {} : targetOf(method, target)),
  };
}

function targetOf(method: string, target: string): Record<string, string> {
  return method === "prompts/get"
    ? { "gen_ai.prompt.name": target }
    : { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": target };
}

/** The trace the request is part of: MCP's own word counts before the transport's. */
function traceOf<C extends McpCaller>({ params, headers }: Incoming<C>): Partial<TraceContext> {
  const meta: Record<string, unknown> = Object(params._meta);
  const traceparent = text(meta.traceparent) ?? headers.get("traceparent");
  const tracestate = meta.tracestate ?? headers.get("tracestate");
  return {
    ...(traceparent === null ? {} : { traceparent }),
    ...(typeof tracestate === "string" ? { tracestate } : {}),
  };
}

/** What a person takes to decide is most of the time that such a call takes, so it is a span of its own. */
function tracingWaits<C extends McpCaller>(
  telemetry: Telemetry,
  deps: EdgeDeps<C>,
  { context }: OpenSpan,
): EdgeDeps<C> {
  return {
    ...deps,
    async waitForDecision(caller, approvalId, wait) {
      const span = telemetry.begin({
        name: "awooop.approval.wait",
        kind: "internal",
        parent: { ...context },
        attributes: { "awooop.approval_id": approvalId },
      });
      const standing = await deps.waitForDecision(caller, approvalId, wait).catch((error) => {
        span.end("E-INTERNAL");
        throw error;
      });
      span.set({ "awooop.approval.standing": standing });
      span.end();
      return standing;
    },
  };
}

function errorTypeOf(answer: Answer): string | undefined {
  if (answer.isError !== true) return undefined;
  const { "awooop/code": code } = Object(answer._meta) as Record<string, unknown>;
  return text(code) ?? "tool_error";
}
