import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";

/** What came of a call, as a client sees it. */
export interface RawAnswer {
  status: number;
  /** The `CallToolResult`, if there is one. */
  result: ToolResult | undefined;
}

interface ToolResult {
  isError?: boolean;
  content?: { type: string; text?: string }[];
  _meta?: Record<string, unknown>;
}

export interface RawCaller {
  /**
   * Makes one call as a client without sessions does.
   *
   * @throws when no whole answer came: nobody knows then what became of the call
   */
  call(
    to: { url: string; key: string; run?: string },
    tool: string,
    args: object,
  ): Promise<RawAnswer>;
  close(): void;
}

const GIVEN_UP_MS = 60_000;

/**
 * A client of the 2025-era protocol that costs next to nothing: many of them call at once.
 *
 * @param options.keepAlive whether connections are used again; one that was idle may be closed by the server in that
 *   very moment, and then nobody knows what became of the call
 */
export function openRawCaller(options: { keepAlive: boolean }): RawCaller {
  const agent = new Agent({ keepAlive: options.keepAlive, maxSockets: 256 });
  let id = 0;
  return {
    async call({ url, key, run }, name, args) {
      id += 1;
      const body = JSON.stringify({
        jsonrpc: "2.0",
        id,
        method: "tools/call",
        params: { name, arguments: args },
      });
      const headers = {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-06-18",
        authorization: `Bearer ${key}`,
        ...(run === undefined ? {} : { "awooop-run": run }),
      };
      const response = await send(new URL(`${url}/mcp`), agent, headers, body);
      const said = await text(response);
      if (!response.complete) throw new Error("the answer was cut off");
      return { status: response.statusCode ?? 0, result: resultOf(said) };
    },
    close: () => agent.destroy(),
  };
}

function send(
  url: URL,
  agent: Agent,
  headers: Record<string, string>,
  body: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers, timeout: GIVEN_UP_MS }, resolve);
    sent.on("timeout", () => sent.destroy(new Error("no answer came")));
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The result in a JSON answer or in the last event of a stream. */
function resultOf(said: string): ToolResult | undefined {
  const events = said.split("\n").filter((line) => line.startsWith("data: {"));
  const json = said.startsWith("{") ? said : events.at(-1)?.slice("data: ".length);
  if (json === undefined) return undefined;
  return (JSON.parse(json) as { result?: ToolResult }).result;
}

/** The code of a refusal of the gateway's own; undefined for the tool's answer. */
export function codeOf({ result }: RawAnswer): string | undefined {
  const code = result?._meta?.["awooop/code"];
  return typeof code === "string" ? code : undefined;
}
