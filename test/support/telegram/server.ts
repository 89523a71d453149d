import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { BotState } from "./bot-state.ts";

/** The answer to a call that is not done (core.telegram.org/bots/api#making-requests). */
export interface Refusal {
  error_code: number;
  description: string;
  parameters?: { retry_after?: number; migrate_to_chat_id?: number };
}

/** A call as the server got it. */
export interface Called {
  method: string;
  // biome-ignore lint/suspicious/noExplicitAny: parameters of any method
  parameters: any;
}

/**
 * Telegram's Bot API over HTTP, and the people who chat with its bots. It refuses what Telegram refuses, as far as that
 * concerns bots that write texts with buttons.
 */
export interface TelegramServer {
  url: string;
  bot(token: string): BotState;
  /** All calls but those that fetch updates, oldest first. */
  calls: Called[];
  /** Refuses the next call of the method, by this bot or any. */
  refuseNext(method: string, refusal: Refusal, token?: string): void;
  /** Takes the next call of the method and closes the connection without an answer. */
  dropNext(method: string): void;
  close(): Promise<void>;
}

type Fault = Refusal | "drop";

export async function openTelegram(): Promise<TelegramServer> {
  const bots = new Map<string, BotState>();
  const calls: Called[] = [];
  const faults = new Map<string, Fault[]>();
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      send(response, 500, { ok: false, error_code: 500, description: String(error) });
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, token = "", method = ""] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? "") ?? [];
    const parameters = await readJson(request);
    const bot = bots.get(token);
    if (method !== "getUpdates") calls.push({ method, parameters });
    const fault = faults.get(method)?.shift() ?? faults.get(`${token} ${method}`)?.shift();
    if (fault === "drop") return void request.socket.destroy();
    if (fault) return send(response, fault.error_code, { ok: false, ...fault });
    if (!bot) return send(response, 401, refusal(401, "Unauthorized"));
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const result = await bot.call(method, parameters, gone.signal);
    if ("error_code" in result) return send(response, result.error_code, { ok: false, ...result });
    send(response, 200, { ok: true, result: result.result });
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fault = (method: string, what: Fault) =>
    faults.set(method, [...(faults.get(method) ?? []), what]);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bot(token) {
      const known = bots.get(token) ?? new BotState(token);
      bots.set(token, known);
      return known;
    },
    calls,
    refuseNext: (method, refusal, token) =>
      fault(token === undefined ? method : `${token} ${method}`, refusal),
    dropNext: (method) => fault(method, "drop"),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refusal(error_code: number, description: string) {
  return { ok: false, error_code, description };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString("utf8");
  return text === "" ? {} : JSON.parse(text);
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json" }).end(text);
}
