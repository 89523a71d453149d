import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { type ListeningServer, listen } from "./http-server.ts";

export interface CountingServer extends ListeningServer {
  /** How often each call ran, by its argument `n`. */
  ran: Map<string, number>;
}

interface Message {
  id?: number | string;
  method: string;
  params?: { protocolVersion?: string; arguments?: { n?: unknown } };
}

/**
 * A tool server of the 2025 era by hand, which costs next to nothing: it counts what really ran. Each fourth call takes a
 * while, so that something is under way whenever something happens.
 */
export async function serveCounting(tools: readonly string[]): Promise<CountingServer> {
  const ran = new Map<string, number>();
  const listed = tools.map((name) => ({
    name,
    description: name,
    inputSchema: { type: "object" },
  }));
  let calls = 0;

  async function resultOf({ method, params }: Message): Promise<object | undefined> {
    if (method === "tools/call") {
      const n = String(params?.arguments?.n);
      ran.set(n, (ran.get(n) ?? 0) + 1);
      calls += 1;
      if (calls % 4 === 0) await pause(10);
      return { content: [{ type: "text", text: n }] };
    }
    if (method === "tools/list") return { tools: listed };
    if (method !== "initialize") return undefined;
    const serverInfo = { name: "counting", version: "1.0.0" };
    return {
      protocolVersion: params?.protocolVersion,
      capabilities: { tools: {} },
      serverInfo,
    };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const message = (await json(request)) as Message;
    if (message.id === undefined) return void response.writeHead(202).end();
    const result = await resultOf(message);
    const error = { code: -32601, message: "Method not found" };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ jsonrpc: "2.0", id: message.id, ...(result ? { result } : { error }) }),
    );
  }

  const server = await listen((request, response) => {
    // Whoever asked is gone, killed in the middle of it.
    answer(request, response).catch(() => response.destroy());
  });
  return { ...server, ran };
}
