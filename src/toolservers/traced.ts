import type { OpenSpan, Telemetry } from "../platform/telemetry.ts";
import type { ToolServerRef } from "./connector.ts";
import type { ToolServerPool } from "./pool.ts";

/**
 * The pool, with a span for each request to a tool server, named and described as OpenTelemetry's conventions for MCP
 * say; the tool server gets it as its parent. Without a collector it is the pool itself.
 */
export function tracePool(telemetry: Telemetry | undefined, pool: ToolServerPool): ToolServerPool {
  if (telemetry === undefined) return pool;
  const within = async <A extends Answered>(
    asked: Asked,
    meta: Record<string, unknown> | undefined,
    ask: (span: OpenSpan) => Promise<A>,
  ): Promise<A> => {
    const span = begin(telemetry, asked, meta);
    try {
      const answer = await ask(span);
      finish(span, answer);
      return answer;
    } catch (error) {
      span.end("E-INTERNAL");
      throw error;
    }
  };
  const handOn = (meta: Record<string, unknown> | undefined, { context }: OpenSpan) => ({
    meta: { ...meta, ...context },
  });
  return {
    onNotification: (listener) => pool.onNotification(listener),
    close: () => pool.close(),
    listTools: (ref, options) =>
      within({ ref, method: "tools/list" }, undefined, () => pool.listTools(ref, options)),
    callTool: (ref, tool, args, options) =>
      within({ ref, method: "tools/call", tool }, options?.meta, (span) =>
        pool.callTool(ref, tool, args, { ...options, ...handOn(options?.meta, span) }),
      ),
    ask: (ref, method, params, options) =>
      within({ ref, method }, options?.meta, (span) =>
        pool.ask(ref, method, params, { ...options, ...handOn(options?.meta, span) }),
      ),
  };
}

interface Asked {
  ref: ToolServerRef;
  method: string;
  tool?: string;
}

type Answered = { kind: string } & Partial<{
  result: Record<string, unknown>;
  code: string;
  rpc: { code: number };
}>;

function begin(
  telemetry: Telemetry,
  { ref, method, tool }: Asked,
  parent: Record<string, unknown> | undefined,
): OpenSpan {
  return telemetry.begin({
    name: tool === undefined ? method : `${method} ${tool}`,
    kind: "client",
    parent,
    attributes: {
      "mcp.method.name": method,
      "awooop.project_id": ref.projectId,
      "awooop.tool_server": ref.serverId,
      ...whereOf(ref.body),
      ...(tool === undefined
        ? {}
        : { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool }),
    },
  });
}

/** Its host only: a path or a query may carry a secret. */
function whereOf(body: unknown) {
  const { url: address } = Object(body) as { url?: unknown };
  const url = typeof address === "string" ? URL.parse(address) : null;
  if (url === null) return { "network.transport": "pipe" };
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  return { "network.transport": "tcp", "server.address": url.hostname, "server.port": port };
}

function finish(span: OpenSpan, answer: Answered): void {
  if (answer.rpc) span.set({ "rpc.response.status_code": String(answer.rpc.code) });
  span.end(answer.result?.isError === true ? "tool_error" : answer.code);
}
