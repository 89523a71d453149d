// An agent without a framework: the MCP SDK for tools, one loop around a chat-completions API.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const { AWOOOP_URL = "http://127.0.0.1:4600", AWOOOP_KEY = "" } = process.env;
const { OPENAI_BASE_URL = "https://api.openai.com/v1", OPENAI_API_KEY, MODEL } = process.env;
const task = process.argv[2] ?? "The shop's page is down. Find out why, and repair it.";
const MOST_TURNS = 20;

const INSTRUCTIONS = `You are the night watch of a small web shop. Look before you act.
A tool that answers PENDING waits for a person: call awooop_wait with the approval it names until that says DECIDED, then
repeat the identical call. A tool that answers BLOCKED or says that a person said no will not do it: stop, and say so.`;

interface Message {
  role: string;
  content: string | null;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

const key = { authorization: `Bearer ${AWOOOP_KEY}` };
const json = { "content-type": "application/json" };

async function post<T>(url: string, headers: Record<string, string>, body: object): Promise<T> {
  const init = { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify(body) };
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

// A run of its own, so that all of this stands on one timeline under the task's name, and ends when the work does.
const title = task.slice(0, 200);
const run = await post<{ run_id: string }>(`${AWOOOP_URL}/api/v1/runs`, key, { title });
const client = new Client({ name: "night-watch", version: "1.0.0" });
await client.connect(
  new StreamableHTTPClientTransport(new URL(`${AWOOOP_URL}/mcp`), {
    requestInit: { headers: { ...key, "AwoooP-Run": run.run_id } },
  }),
);
const { tools } = await client.listTools();
console.log(`Tools: ${tools.map(({ name }) => name).join(", ")}`);
const offered = tools.map(({ name, description, inputSchema }) => ({
  type: "function",
  function: { name, description, parameters: inputSchema },
}));

async function use(name: string, args: string): Promise<string> {
  const result = await client.callTool({ name, arguments: JSON.parse(args) });
  const text = result.content.map((part) => (part.type === "text" ? part.text : "")).join("\n");
  console.log(`${name} ${args}\n  → ${text}`);
  return text;
}

async function work(messages: Message[]): Promise<string> {
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const { choices } = await post<{ choices: { message: Message }[] }>(
      `${OPENAI_BASE_URL}/chat/completions`,
      { authorization: `Bearer ${OPENAI_API_KEY}` },
      { model: MODEL, messages, tools: offered },
    );
    const message = choices[0]?.message;
    if (!message) throw new Error("The model said nothing.");
    messages.push(message);
    if (!message.tool_calls?.length) return message.content ?? "";
    for (const { id, function: wish } of message.tool_calls) {
      const content = await use(wish.name, wish.arguments);
      messages.push({ role: "tool", tool_call_id: id, content });
    }
  }
  throw new Error(`No answer after ${MOST_TURNS} turns.`);
}

const answer = await work([
  { role: "system", content: INSTRUCTIONS },
  { role: "user", content: task },
]);
console.log(answer);
await post(`${AWOOOP_URL}/api/v1/runs/${run.run_id}/complete`, key, { result: { answer } });
await client.close();
