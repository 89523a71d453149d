import { type ChildProcess, fork, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { type Awooop, startAwooop } from "../../test/support/awooop.ts";
import { openConnection, type Request, type Response } from "../api/client.ts";

/** Something that answers tool calls. */
export interface Contestant {
  name: string;
  origin: string;
  /** The process that is measured; undefined for the tool server itself. */
  pid: number | undefined;
  next(): Request;
  /** Whether an answer is what was asked for; anything else ends the benchmark. */
  isGood(answer: Response): boolean;
}

const VERSION = "2026-07-28";
const META = {
  "io.modelcontextprotocol/protocolVersion": VERSION,
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1.0.0" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

let calls = 0;

/** The answer to a call that `callOf` made. */
export const isEcho = ({ status, body }: Response) =>
  status === 200 && body.includes('"call number ');

/** The next call of a tool; each has arguments of its own, so that nothing can be answered from memory. */
export function callOf(tool: string, headers: Record<string, string> = {}): Request {
  calls += 1;
  const params = { name: tool, arguments: { text: `call number ${calls}`, n: calls }, _meta: META };
  return {
    method: "POST",
    path: "/mcp",
    headers: {
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": VERSION,
      "mcp-method": "tools/call",
      "mcp-name": tool,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: calls, method: "tools/call", params }),
  };
}

type Close = () => unknown;

/** Starts a program of this folder that tells its port. */
export async function startChild(
  closers: Close[],
  file: string,
  args: string[] = [],
): Promise<{ origin: string; child: ChildProcess }> {
  const child = fork(new URL(file, import.meta.url), args);
  closers.push(() => child.kill());
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    child.once("message", resolve as (message: unknown) => void);
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}.`)));
  });
  return { origin: `http://127.0.0.1:${port}`, child };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const READY_MS = 20_000;
const PAUSE_MS = 100;

/** npm's mcp-proxy before the same tool server, which it reaches over standard streams: it knows no other way. */
export async function startMcpProxy(closers: Close[]): Promise<{ origin: string; pid: number }> {
  const program = fileURLToPath(
    new URL("../../node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs", import.meta.url),
  );
  const echo = fileURLToPath(new URL("echo.ts", import.meta.url));
  const port = await freePort();
  const options = ["--port", String(port), "--host", "127.0.0.1", "--server", "stream"];
  const own = ["--no-eventStore", "--", process.execPath, echo, "--stdio"];
  const child = spawn(process.execPath, [program, ...options, ...own], { stdio: "ignore" });
  closers.push(() => child.kill());
  const origin = `http://127.0.0.1:${port}`;
  const until = performance.now() + READY_MS;
  for (;;) {
    const answered = await openConnection(origin)
      .then(async (connection) => {
        const { status } = await connection.ask(callOf("echo"));
        connection.close();
        return status === 200;
      })
      .catch(() => false);
    if (answered) return { origin, pid: child.pid ?? 0 };
    if (performance.now() > until) throw new Error("mcp-proxy does not answer.");
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * Fifty rules as a project may have them: one that permits, most about other agents and tools, and a few that look at the
 * arguments of writes, which are evaluated with each of them.
 */
function policy(): string {
  const others = Array.from(
    { length: 44 },
    (_, at) =>
      `@id("other-${at}") forbid (principal == Agent::"agent-${at}", action, resource == Tool::"echo/tool_${at}") when { context.args has path && context.args.path like "/srv/${at}/*" };`,
  );
  const writes = Array.from(
    { length: 5 },
    (_, at) =>
      `@id("write-${at}") forbid (principal, action == Action::"write", resource in Server::"echo") when { context.args has text && context.args.text like "*forbidden word ${at}*" };`,
  );
  return [`@id("all") permit (principal, action, resource);`, ...others, ...writes].join("\n");
}

const CONTRACTS = (upstream: string) => [
  {
    contract_family: "tool_server",
    contract_id: "echo",
    project_id: "bench",
    body: { transport: "http", url: `${upstream}/mcp` },
  },
  {
    contract_family: "policy",
    contract_id: "rules",
    project_id: "bench",
    body: { cedar: policy() },
  },
  {
    contract_family: "agent",
    contract_id: "caller",
    project_id: "bench",
    body: {
      display_name: "Caller",
      driver: "client",
      mode: "active",
      tools: [
        { server: "echo", tool: "echo", effect: "read" },
        { server: "echo", tool: "echo_write", effect: "write", approval: "never" },
      ],
    },
  },
];

/** AwoooP itself with all five gates, pinned tools and durable records, as one process. */
export async function startGateway(
  closers: Close[],
  databaseUrl: string,
  upstream: string,
): Promise<{ server: Awooop; key: string }> {
  const env = { AWOOOP_ROLES: "api,gateway", AWOOOP_ALLOW_HOSTS: "127.0.0.1" };
  const server = await startAwooop({ databaseUrl, env });
  closers.push(() => server.stop());
  const made = async (path: string, body: object) => {
    const answer = await server.api(path, { body });
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  await made("/tenants", { project_id: "bench", display_name: "Bench", migration_mode: "active" });
  await made("/contracts/apply", { documents: CONTRACTS(upstream) });
  const agent = { role: "agent", project_ids: ["bench"], agent_id: "caller" };
  const { key } = await made("/keys", { name: "bench", ...agent });
  return { server, key };
}

/** The memory a process holds, in MiB; the process's own and what it started. */
export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024;
}
