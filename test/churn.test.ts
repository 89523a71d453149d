import { Agent, type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { applyContracts, contract, good, newKey } from "./support/e2e-tenant.ts";
import { type HostileServer, serveHostile } from "./support/mcp/hostile-http.ts";
import { programBody } from "./support/mcp/pool.ts";
import { figuresOf, type ProcessFigures } from "./support/process-figures.ts";
import { waitFor } from "./support/wait.ts";

/** `npm run soak` makes a thousand. */
const CONNECTS = Number(process.env.AWOOOP_CONNECTS ?? 500);
const AT_ONCE = 25;
/** Garbage that is not collected yet, and what a warm process keeps. */
const MORE_MB = 120;
/** Connections to the database and the tool server come and go with the load. */
const MORE_SOCKETS = 12;

let database: TestDatabase;
let server: Awooop;
let upstream: HostileServer;
let key: string;

beforeAll(async () => {
  [database, upstream] = await Promise.all([createTestDatabase(), serveHostile()]);
  server = await startAwooop({ databaseUrl: database.url });
  const body = { project_id: "acme", display_name: "Acme", migration_mode: "active" };
  await good(server.api("/tenants", { body }));
  const read = (of: string, tool: string) => ({ server: of, tool, effect: "read" });
  await applyContracts(server, "acme", [
    contract("tool_server", "web", { transport: "http", url: upstream.url }),
    contract("tool_server", "local", programBody("hostile-stdio.ts")),
    contract("agent", "scout", {
      driver: "client",
      tools: [read("web", "echo"), read("web", "hang-in-stream"), read("local", "hang")],
    }),
  ]);
  key = await newKey(server, {
    name: "scout",
    role: "agent",
    project_ids: ["acme"],
    agent_id: "scout",
  });
}, 90_000);

afterAll(async () => {
  await server?.stop();
  await upstream?.close();
  await database?.drop();
});

/** Sends one message over a connection of the client's own. */
function send(agent: Agent, message: object, session?: string) {
  const sent = request(`${server.url}/mcp`, {
    method: "POST",
    agent,
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(session === undefined ? {} : { "mcp-session-id": session }),
    },
  });
  sent.end(JSON.stringify({ jsonrpc: "2.0", ...message }));
  return sent;
}

function answerOf(sent: ReturnType<typeof send>): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  sent.once("response", resolve);
  sent.once("error", reject);
  return promise;
}

const call = (name: string) => ({
  id: 2,
  method: "tools/call",
  params: { name, arguments: { text: "hello" } },
});

/** What any client of the 2025 protocol does: it says hello, calls a tool, and then is gone, in good order or not. */
async function visit(nth: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const clientInfo = { name: "churn", version: "1" };
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
    const hello = await answerOf(send(agent, { id: 1, method: "initialize", params }));
    expect(hello.statusCode).toBe(200);
    await hello.toArray();
    const session = hello.headers["mcp-session-id"];
    const of = typeof session === "string" ? session : undefined;
    if (nth % 2 === 0) {
      const answer = await answerOf(send(agent, call("echo"), of));
      expect(Buffer.concat(await answer.toArray()).toString()).toContain("hello");
      return;
    }
    await leaveDuring(send(agent, call(nth % 4 === 1 ? "hang-in-stream" : "hang"), of));
  } finally {
    agent.destroy();
  }
}

/** Goes away while a call is under way, sooner or later. */
async function leaveDuring(sent: ReturnType<typeof send>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  sent.once("close", () => resolve());
  sent.once("error", () => undefined);
  setTimeout(() => sent.destroy(), Math.random() * 60);
  await promise;
}

async function churn(visits: number): Promise<void> {
  let nth = 0;
  const visitors = Array.from({ length: AT_ONCE }, async () => {
    while (nth < visits) await visit(nth++);
  });
  await Promise.all(visitors);
}

describe("clients that come and go", () => {
  it("leave nothing behind: no process, no socket, no memory", async () => {
    await churn(CONNECTS / 5);
    const before = await settled();
    await churn(CONNECTS);
    const after = await waitFor(
      () => {
        const now = figuresOf(server.pid);
        return (
          now.sockets <= before.sockets + MORE_SOCKETS &&
          now.memoryMb <= before.memoryMb + MORE_MB &&
          now
        );
      },
      {
        timeoutMs: 30_000,
        what: `${JSON.stringify(figuresOf(server.pid))} to come back to ${JSON.stringify(before)}`,
      },
    );
    expect(after.children).toBe(before.children);
    await waitFor(async () => (await upstream.connections()) <= AT_ONCE, {
      timeoutMs: 30_000,
      what: "the tool server's connections to close",
    });
    // And those who stay are served as before.
    await visit(0);
  }, 120_000);
});

/** The figures once nothing is under way any more. */
async function settled(): Promise<ProcessFigures> {
  let last = figuresOf(server.pid);
  await waitFor(
    () => {
      const now = figuresOf(server.pid);
      const isStill = now.sockets === last.sockets;
      last = now;
      return isStill;
    },
    { timeoutMs: 20_000, what: "the sockets to settle" },
  );
  return last;
}
