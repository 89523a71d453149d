import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type JSONRPCRequest, ProtocolError, Server } from "@modelcontextprotocol/server";

/** What a fixture server's tools do and how they are described; counts what really ran. */
export interface FixtureTools {
  /** How often each tool ran. */
  ran: Map<string, number>;
  /** Appended to the description of `echo`. */
  note: string;
  /** What each answer waits for, when it is there. */
  until?: Promise<void>;
}

const anyObject = { type: "object" };

/** The tools as the wire has them, with fields and content that no SDK knows. */
function fixtureTools(tools: FixtureTools): Record<string, unknown>[] {
  return [
    {
      name: "echo",
      title: "Echo",
      description: `Says what it is told.${tools.note}`,
      inputSchema: {
        type: "object",
        properties: { text: { type: "string", "x-unit": "characters" } },
        required: ["text"],
      },
      outputSchema: { type: "object", properties: { said: { type: "string" } } },
      annotations: { readOnlyHint: true, "x-audience": "everyone" },
      "x-vendor": { team: "shop" },
    },
    { name: "hang", description: "Never answers.", inputSchema: anyObject },
    { name: "slow", description: "Answers after `ms`.", inputSchema: anyObject },
    { name: "fail", description: "Answers with isError.", inputSchema: anyObject },
    { name: "refuse", description: "Answers with a JSON-RPC error.", inputSchema: anyObject },
    { name: "die", description: "Ends its process.", inputSchema: anyObject },
    { name: "huge", description: "Answers with `bytes` bytes.", inputSchema: anyObject },
    { name: "garble", description: "Answers with broken text.", inputSchema: anyObject },
    { name: "ask", description: "Needs a person's input.", inputSchema: anyObject },
    { name: "where", description: "Tells its environment.", inputSchema: anyObject },
    { name: "breed", description: "Starts a process of its own.", inputSchema: anyObject },
    { name: "mutter", description: "Writes `text` to standard error.", inputSchema: anyObject },
  ];
}

const text = (words: string) => ({ content: [{ type: "text", text: words }] });

function breed(): Record<string, unknown> {
  const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
  const child = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
  return text(String(child.pid));
}

type Run = (args: Record<string, unknown>, meta: unknown) => unknown;

const RUN: Record<string, Run> = {
  echo: ({ text: words }, meta) => ({
    content: [
      { type: "text", text: String(words) },
      { type: "x-hologram", depth: 3 },
    ],
    structuredContent: { said: words },
    "x-cost": 0.25,
    _meta: { "shop/meta": meta },
  }),
  hang: () => new Promise(() => undefined),
  slow: async ({ ms }) => {
    await sleep(Number(ms));
    return text("done");
  },
  fail: () => ({ ...text("it did not work"), isError: true }),
  refuse: () => {
    throw new ProtocolError(-32050, "no service today", { until: "tomorrow" });
  },
  die: () => process.exit(3),
  huge: ({ bytes }) => text("x".repeat(Number(bytes))),
  garble: () => text("half \ud800, slash \\ud800, whole \u{1f600}, NUL \0"),
  ask: () => ({
    resultType: "input_required",
    inputRequests: {
      name: {
        method: "elicitation/create",
        params: { mode: "form", message: "Who?", requestedSchema: anyObject },
      },
    },
  }),
  where: () => text(JSON.stringify({ env: process.env, cwd: process.cwd(), pid: process.pid })),
  breed: () => breed(),
  mutter: ({ text: words }) => {
    process.stderr.write(`${words}\n`);
    return text("muttered");
  },
};

function run(tools: FixtureTools, request: JSONRPCRequest): unknown {
  const params = request.params as { name: string; arguments?: Record<string, unknown> };
  const found = RUN[params.name];
  if (!found) throw new ProtocolError(-32602, `Unknown tool: ${params.name}`);
  tools.ran.set(params.name, (tools.ran.get(params.name) ?? 0) + 1);
  const answer = () => found(params.arguments ?? {}, request.params?._meta ?? null);
  return tools.until ? tools.until.then(answer) : answer();
}

/** A server of SDK v2 that passes everything as it is, in whichever era it is asked. */
export function fixtureServer(tools: FixtureTools): Server {
  const server = new Server(
    { name: "fixture", version: "1.0.0" },
    { capabilities: { tools: { listChanged: true } } },
  );
  server.fallbackRequestHandler = async (request) => {
    if (request.method === "tools/list") return listPage(tools, request.params?.cursor);
    if (request.method === "tools/call")
      return (await run(tools, request)) as Record<string, unknown>;
    throw new ProtocolError(-32601, "Method not found");
  };
  return server;
}

/** Two pages, so that paging is always on the way. */
function listPage(tools: FixtureTools, cursor: unknown): Record<string, unknown> {
  const all = fixtureTools(tools);
  if (cursor === "second") return { tools: all.slice(4) };
  return { tools: all.slice(0, 4), nextCursor: "second" };
}
