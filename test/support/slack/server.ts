import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../wait.ts";

/** A message as it stands in a conversation. */
export interface PostedMessage {
  channel: string;
  ts: string;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: blocks of any kind
  blocks: any[];
  thread_ts?: string;
  client_msg_id?: string;
  /** Whom alone it is shown to. */
  user?: string;
  edits: number;
}

/** What Slack was asked. */
export interface SlackCall {
  method: string;
  // biome-ignore lint/suspicious/noExplicitAny: arguments of any kind
  args: any;
}

/** What happens to the next call instead of what it asks for. */
export type Mishap =
  | { kind: "rate_limited"; retryAfter: number | undefined }
  | { kind: "error"; error: string }
  | { kind: "status"; status: number }
  /** It is done, and the connection breaks before the answer. */
  | { kind: "lost_answer" };

export interface SlackServer {
  /** To be a channel's `api_url`. */
  apiUrl: string;
  token: string;
  calls: SlackCall[];
  messages: PostedMessage[];
  /** Forms that stand open, by the trigger that opened them. */
  // biome-ignore lint/suspicious/noExplicitAny: views of any kind
  views: { trigger_id: string; view: any }[];
  mishaps: Mishap[];
  conversations: Set<string>;
  waitFor<T>(probe: () => T | undefined | false, what: string): Promise<T>;
  close(): Promise<void>;
}

const MOST_BLOCKS = 50;
const MOST_SECTION = 3_000;

/**
 * A server that answers as Slack's Web API does for the few methods that are used here (docs.slack.dev/reference/methods): forms
 * in, `ok` or an error code out, its limits on blocks, its 429.
 */
export async function openSlackServer(): Promise<SlackServer> {
  const server = createServer((request, response) => {
    answer(state, request, response).catch((error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const state: SlackServer = {
    apiUrl: `http://127.0.0.1:${port}/api/`,
    token: "xoxb-1-test-token-of-the-app",
    calls: [],
    messages: [],
    views: [],
    mishaps: [],
    conversations: new Set(["C024BE91L", "D0123456"]),
    waitFor: (probe, what) => waitFor(probe, { timeoutMs: 20_000, what }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return state;
}

async function answer(
  slack: SlackServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts).toString();
  const [, , name = ""] = (request.url ?? "").split("/");
  const args = argumentsIn(body);
  slack.calls.push({ method: name, args });
  const mishap = slack.mishaps.shift();
  if (mishap && mishap.kind !== "lost_answer") return refuse(response, mishap);
  const isKnown = request.headers.authorization === `Bearer ${slack.token}`;
  const result = isKnown ? call(slack, name, args) : { ok: false, error: "invalid_auth" };
  if (mishap) request.socket.destroy();
  else response.setHeader("content-type", "application/json").end(JSON.stringify(result));
}

/** A form whose values are texts, or JSON where they are no texts. */
function argumentsIn(body: string) {
  const entries = [...new URLSearchParams(body)].map(([field, value]) => {
    const isJson = field === "blocks" || field === "view";
    return [field, isJson ? JSON.parse(value) : value] as const;
  });
  return Object.fromEntries(entries);
}

function refuse(response: ServerResponse, mishap: Exclude<Mishap, { kind: "lost_answer" }>): void {
  if (mishap.kind === "error") {
    response.end(JSON.stringify({ ok: false, error: mishap.error }));
    return;
  }
  response.statusCode = mishap.kind === "status" ? mishap.status : 429;
  if (mishap.kind === "rate_limited" && mishap.retryAfter !== undefined)
    response.setHeader("retry-after", String(mishap.retryAfter));
  response.end("");
}

let serial = 0;

// biome-ignore lint/suspicious/noExplicitAny: arguments of any kind
function call(slack: SlackServer, method: string, args: any): object {
  if (method === "views.open") {
    slack.views.push({ trigger_id: args.trigger_id, view: args.view });
    return { ok: true, view: { id: "V1" } };
  }
  if (!slack.conversations.has(args.channel)) return { ok: false, error: "channel_not_found" };
  if (!fitsLimits(args)) return { ok: false, error: "invalid_blocks" };
  if (method === "chat.update") return update(slack, args);
  const same = slack.messages.find(
    ({ client_msg_id }) => client_msg_id !== undefined && client_msg_id === args.client_msg_id,
  );
  if (same) return { ok: true, channel: same.channel, ts: same.ts, message: same };
  serial += 1;
  const ts = `1700000000.${String(serial).padStart(6, "0")}`;
  slack.messages.push({ edits: 0, ...args, ts });
  if (method === "chat.postEphemeral") return { ok: true, message_ts: ts };
  return { ok: true, channel: args.channel, ts, message: args };
}

// biome-ignore lint/suspicious/noExplicitAny: arguments of any kind
function update(slack: SlackServer, args: any): object {
  const message = slack.messages.find(
    ({ channel, ts }) => channel === args.channel && ts === args.ts,
  );
  if (!message) return { ok: false, error: "message_not_found" };
  Object.assign(message, { text: args.text, blocks: args.blocks, edits: message.edits + 1 });
  return { ok: true, channel: args.channel, ts: args.ts };
}

// biome-ignore lint/suspicious/noExplicitAny: blocks of any kind
function fitsLimits({ blocks = [] }: { blocks?: any[] }): boolean {
  const lengths = blocks.every(({ type, text, elements }) => {
    if (type === "section") return text.text.length >= 1 && text.text.length <= MOST_SECTION;
    if (type === "header") return text.text.length >= 1 && text.text.length <= 150;
    return elements.length >= 1 && elements.length <= 25;
  });
  return blocks.length <= MOST_BLOCKS && lengths;
}
