import type { IncomingMessage, ServerResponse } from "node:http";
import { listen } from "./mcp/http-server.ts";

/** What a model makes of what it was told last: a tool to use, or an answer. */
export type Move = { tool: string; args: Record<string, unknown> } | { answer: string };

/** What it was told last: the result of a tool, or nothing yet but the task. */
export type Script = (last: string | undefined) => Move;

export interface ModelServer {
  /** For `OPENAI_BASE_URL`. */
  baseUrl: string;
  /** What each request told it last, as the script saw it. */
  heard: (string | undefined)[];
  close(): Promise<void>;
}

/**
 * A model that follows a script and speaks OpenAI's HTTP: `POST /chat/completions` and `POST /responses`, not streamed.
 * It refuses what the API would refuse: no key, no model, and a move of its script that the caller offers no tool for.
 */
export async function serveModel(script: Script): Promise<ModelServer> {
  const heard: ModelServer["heard"] = [];
  const server = await listen((request, response) => {
    answer(request, script, heard).then(
      (body) => send(response, 200, body),
      (error: unknown) => send(response, 400, { error: { message: (error as Error).message } }),
    );
  });
  return { baseUrl: server.url.replace(/\/mcp$/, "/v1"), heard, close: () => server.close() };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

// biome-ignore lint/suspicious/noExplicitAny: the wire's JSON, looked into below
type Wire = any;

async function answer(
  request: IncomingMessage,
  script: Script,
  heard: ModelServer["heard"],
): Promise<object> {
  const body: Wire = JSON.parse(Buffer.concat(await request.toArray()).toString("utf8"));
  if (!/^Bearer \S+$/.test(request.headers.authorization ?? "")) throw new Error("no key");
  if (typeof body.model !== "string" || body.model === "") throw new Error("no model");
  if (body.stream === true) throw new Error("this model does not stream");
  const protocol = PROTOCOLS[request.url ?? ""];
  if (!protocol) throw new Error(`no such address: ${request.url}`);
  const last = protocol.lastOf(body);
  heard.push(last);
  const move = script(last);
  if ("tool" in move && !protocol.toolsOf(body).includes(move.tool)) {
    throw new Error(`no tool ${move.tool} among ${protocol.toolsOf(body).join(", ")}`);
  }
  return protocol.said(move, body, heard.length);
}

interface Protocol {
  lastOf(body: Wire): string | undefined;
  toolsOf(body: Wire): string[];
  said(move: Move, body: Wire, turn: number): object;
}

const textOf = (content: Wire): string =>
  typeof content === "string" ? content : content.map((part: Wire) => part.text ?? "").join("\n");

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

/** https://platform.openai.com/docs/api-reference/chat */
const chat: Protocol = {
  lastOf({ messages }) {
    const last = messages.at(-1);
    return last.role === "tool" ? textOf(last.content) : undefined;
  },
  toolsOf: ({ tools = [] }) => tools.map((tool: Wire) => tool.function.name),
  said(move, { model }, turn) {
    const calls = (tool: string, args: object) => [
      {
        id: `call_${turn}`,
        type: "function",
        function: { name: tool, arguments: JSON.stringify(args) },
      },
    ];
    const message =
      "tool" in move
        ? { role: "assistant", content: null, tool_calls: calls(move.tool, move.args) }
        : { role: "assistant", content: move.answer };
    const finish_reason = "tool" in move ? "tool_calls" : "stop";
    const choices = [{ index: 0, message, finish_reason, logprobs: null }];
    return {
      id: `chat_${turn}`,
      object: "chat.completion",
      created: 0,
      model,
      choices,
      usage: USAGE,
    };
  },
};

/** https://platform.openai.com/docs/api-reference/responses */
const responses: Protocol = {
  lastOf({ input }) {
    const last = Array.isArray(input) ? input.at(-1) : undefined;
    return last?.type === "function_call_output" ? textOf(last.output) : undefined;
  },
  toolsOf: ({ tools = [] }) => tools.map((tool: Wire) => tool.name),
  said(move, { model }, turn) {
    const item =
      "tool" in move
        ? {
            type: "function_call",
            id: `fc_${turn}`,
            call_id: `call_${turn}`,
            name: move.tool,
            arguments: JSON.stringify(move.args),
            status: "completed",
          }
        : {
            type: "message",
            id: `msg_${turn}`,
            role: "assistant",
            status: "completed",
            content: [{ type: "output_text", text: move.answer, annotations: [] }],
          };
    return {
      id: `resp_${turn}`,
      object: "response",
      created_at: 0,
      status: "completed",
      model,
      output: [item],
      parallel_tool_calls: true,
      tool_choice: "auto",
      tools: [],
      error: null,
      incomplete_details: null,
      usage: {
        input_tokens: 1,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 1,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 2,
      },
    };
  },
};

const PROTOCOLS: Record<string, Protocol> = {
  "/v1/chat/completions": chat,
  "/v1/responses": responses,
};
