import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, ProtocolError, Server } from "@modelcontextprotocol/server";
import { type ListeningServer, listen } from "./http-server.ts";

type Args = Record<string, unknown>;

export interface ScriptedServer extends ListeningServer {
  /** What each tool answers; may be changed at any time. */
  answers: Record<string, (args: Args, nth: number) => unknown>;
  /** The arguments of each tool's calls, in the order they came in. */
  calls: Record<string, Args[]>;
}

/** A Streamable HTTP tool server whose tools answer as the test says. */
export async function serveScripted(tools: readonly string[]): Promise<ScriptedServer> {
  const answers: ScriptedServer["answers"] = {};
  const calls: ScriptedServer["calls"] = Object.fromEntries(tools.map((tool) => [tool, []]));
  const listed = tools.map((name) => ({
    name,
    description: name,
    inputSchema: { type: "object" },
  }));
  const build = () => {
    const server = new Server(
      { name: "scripted", version: "1.0.0" },
      { capabilities: { tools: {} } },
    );
    server.fallbackRequestHandler = async (request) => {
      if (request.method === "tools/list") return { tools: listed };
      const { name, arguments: args = {} } = request.params as { name: string; arguments?: Args };
      const seen = calls[name];
      if (!seen) throw new ProtocolError(-32602, `Unknown tool: ${name}`);
      seen.push(args);
      const answer = await answers[name]?.(args, seen.length);
      return (answer ?? { content: [] }) as Args;
    };
    return server;
  };
  const handle = toNodeHandler(createMcpHandler(build, { legacy: "stateless" }));
  const server = await listen((request, response) => void handle(request, response));
  return { ...server, answers, calls };
}
