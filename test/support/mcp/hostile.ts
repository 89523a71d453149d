/** A JSON-RPC message as it comes from a client. */
export interface Message {
  id?: unknown;
  method?: string;
  params?: { name?: string; arguments?: Record<string, unknown> };
}

const nameless = (name: string) => ({
  name,
  description: `Does ${name}.`,
  inputSchema: { type: "object" },
});

/** The bad things that a server can do over HTTP, and as a program. */
export const MISDEEDS = {
  http: [
    ..."hang hang-in-stream die crash wrong-id wrong-id-in-stream invalid-json invalid-stream deep huge".split(
      " ",
    ),
    ..."endless-body endless-events endless-comments drip".split(" "),
  ],
  stdio: [
    ..."hang die wrong-id invalid-json deep huge notification-flood junk-flood endless-line stderr-flood".split(
      " ",
    ),
    ..."eat burn deaf".split(" "),
  ],
};

/** What the hostile servers list. */
export const HOSTILE_TOOLS = [
  ...new Set(["echo", "refuse", "where", "limits", ...MISDEEDS.http, ...MISDEEDS.stdio]),
].map(nameless);

/** Arrays in arrays. */
export const DEEP = "[".repeat(100_000) + "]".repeat(100_000);

/** The answer of a server of the 2025 protocol to everything but a tool call; undefined when there is none. */
export function reply(message: Message, tools: unknown, nextCursor?: string): unknown {
  const { id, method } = message;
  const answer = (result: unknown) => ({ jsonrpc: "2.0", id, result });
  if (id === undefined) return undefined;
  if (method === "tools/list")
    return answer({ tools, ...(nextCursor === undefined ? {} : { nextCursor }) });
  if (method === "tools/call") return undefined;
  if (method !== "initialize")
    return { jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } };
  return answer({
    protocolVersion: "2025-06-18",
    capabilities: { tools: {} },
    serverInfo: { name: "hostile", version: "6.6.6" },
  });
}
