/** A client of the 2026-07-28 protocol by hand, for what the SDK's own client can't be told to send. */
export const TASKS = "io.modelcontextprotocol/tasks";

const REVISION = "2026-07-28";
const CLIENT = { name: "test-agent", version: "1.0.0" };

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
type Json = any;

export interface RawAnswer {
  status: number;
  result?: Json;
  error?: Json;
}

/** What every request of the revision carries: the version, who asks, and what they can do. */
function framing(capabilities: Record<string, unknown>): Record<string, unknown> {
  return {
    "io.modelcontextprotocol/protocolVersion": REVISION,
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": capabilities,
  };
}

function headersOf(key: string, method: string, params: Json): Record<string, string> {
  const name = params?.name ?? params?.uri ?? params?.taskId;
  return {
    authorization: `Bearer ${key}`,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": REVISION,
    "mcp-method": method,
    ...(typeof name === "string" ? { "mcp-name": name } : {}),
  };
}

/** Sends one request; the answer is the last message of the stream, or the body. */
export async function ask(
  to: { url: string; key: string; headers?: Record<string, string> },
  method: string,
  params: Record<string, unknown> = {},
  capabilities: Record<string, unknown> = { extensions: { [TASKS]: {} } },
): Promise<RawAnswer> {
  const { _meta, ...rest } = params;
  const meta = { ...framing(capabilities), ...(_meta as object | undefined) };
  const response = await fetch(to.url, {
    method: "POST",
    headers: { ...headersOf(to.key, method, params), ...to.headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...rest, _meta: meta } }),
  });
  const text = await response.text();
  const data =
    text
      .match(/^data: (\{.*\})$/gm)
      ?.at(-1)
      ?.slice("data: ".length) ?? text;
  const { result, error } = JSON.parse(data);
  return { status: response.status, result, error };
}

/** A stream of `subscriptions/listen`, with all messages that have come so far. */
export interface RawStream {
  id: string;
  heard: Json[];
  /** Settles when the server has ended it. */
  ended: Promise<void>;
  close(): void;
}

let streams = 0;

/** Listens, with an id of its own. */
export async function listenRaw(
  to: { url: string; key: string },
  params: Record<string, unknown>,
  capabilities: Record<string, unknown> = { extensions: { [TASKS]: {} } },
): Promise<RawStream> {
  const method = "subscriptions/listen";
  const id = `listen-${++streams}`;
  const leaving = new AbortController();
  const response = await fetch(to.url, {
    method: "POST",
    headers: headersOf(to.key, method, params),
    body: JSON.stringify({
      ...{ jsonrpc: "2.0", id, method },
      params: { ...params, _meta: framing(capabilities) },
    }),
    signal: leaving.signal,
  });
  const heard: Json[] = [];
  const read = async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) {
        const data = /^data: (.*)$/m.exec(frame)?.[1];
        if (data !== undefined) heard.push(JSON.parse(data));
      }
    }
  };
  const ended = read().catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error;
  });
  return { id, heard, ended, close: () => leaving.abort() };
}
