type Json = Record<string, unknown>;

export interface RawAnswer {
  status: number;
  headers: Headers;
  /** All JSON-RPC messages of the answer, be it JSON or a stream. */
  messages: Message[];
  /** The last of them. */
  last: Message;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into messages of any shape
type Message = any;

interface To {
  url: string;
  key: string;
  session?: string;
}

function messagesOf(text: string): Message[] {
  const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ""));
  if (events.length > 0) return events;
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

async function answerOf(response: Response): Promise<RawAnswer> {
  const messages = messagesOf(await response.text());
  return { status: response.status, headers: response.headers, messages, last: messages.at(-1) };
}

const HEADERS = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};

let ids = 0;

/** POSTs one message as a 2025-era client would; the response is not read yet. */
export function postLegacy({ url, key, session }: To, message: Json): Promise<Response> {
  const headers = {
    ...HEADERS,
    authorization: `Bearer ${key}`,
    ...(session === undefined ? {} : { "mcp-session-id": session }),
  };
  return fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify({ jsonrpc: "2.0", ...message }),
  });
}

/** One request of a 2025-era client, and its whole answer. */
export async function askLegacy(to: To, method: string, params: Json = {}): Promise<RawAnswer> {
  ids += 1;
  return answerOf(await postLegacy(to, { id: ids, method, params }));
}

/** Greets the gateway; answers the session's id. */
export async function openSession(to: To, capabilities: Json = {}): Promise<string> {
  const clientInfo = { name: "raw", version: "1" };
  const params = { protocolVersion: "2025-11-25", capabilities, clientInfo };
  const { headers } = await askLegacy(to, "initialize", params);
  return headers.get("mcp-session-id") ?? "";
}

/** One request of a 2026-07-28 client, and its whole answer. */
export async function askModern(
  { url, key }: To,
  method: string,
  params: Json = {},
  capabilities: Json = {},
): Promise<RawAnswer> {
  ids += 1;
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": capabilities,
    ...(params._meta as Json | undefined),
  };
  const name = params.name ?? params.uri;
  const headers = {
    ...HEADERS,
    authorization: `Bearer ${key}`,
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(typeof name === "string" ? { "mcp-name": name } : {}),
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: ids, method, params: { ...params, _meta } });
  return answerOf(await fetch(url, { method: "POST", headers, body }));
}

/** The events of a stream, one by one as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data !== undefined) yield JSON.parse(data);
    }
  }
}
