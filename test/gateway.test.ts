import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { type ListeningServer, listen } from "./support/mcp/http-server.ts";
import { waitFor } from "./support/wait.ts";

/** What the test needs of any SDK's client. */
interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(request: { name: string; arguments?: Record<string, unknown> }): Promise<ToolAnswer>;
  close(): Promise<void>;
}
// biome-ignore lint/suspicious/noExplicitAny: results of three client types
type ToolAnswer = any;

const KINDS = ["SDK v1", "SDK v2 default", "SDK v2 auto"] as const;
type Kind = (typeof KINDS)[number];

let database: TestDatabase;
let upstream: ListeningServer;
let ran = 0;
let server: Awooop;

/** A tool server like any other: one tool that answers and counts, one that fails, one nobody may call. */
function toolServer(): McpServer {
  const tools = new McpServer({ name: "fixture", version: "1.0.0" });
  tools.registerTool("echo", { inputSchema: z.object({ text: z.string() }) }, ({ text }) => {
    ran += 1;
    return { content: [{ type: "text", text }] };
  });
  const failure = { isError: true, content: [{ type: "text" as const, text: "it did not work" }] };
  tools.registerTool("fail", {}, () => failure);
  tools.registerTool("hang", {}, () => failure);
  return tools;
}

beforeAll(async () => {
  database = await createTestDatabase();
  upstream = await listen(toNodeHandler(createMcpHandler(toolServer)));
  server = await startAwooop({ databaseUrl: database.url });
  await server.api("/tenants", {
    body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
  });
  const tool = (name: string, effect: string) => ({ server: "fixture", tool: name, effect });
  const applied = await server.api("/contracts/apply", {
    body: {
      project_id: "acme",
      documents: [
        {
          contract_family: "tool_server",
          contract_id: "fixture",
          body: { transport: "http", url: upstream.url },
        },
        {
          contract_family: "agent",
          contract_id: "scout",
          body: {
            display_name: "Scout",
            driver: "client",
            tools: [tool("fail", "read"), tool("echo", "write")],
          },
        },
      ],
    },
  });
  expect(applied.status).toBe(200);
});

afterAll(async () => {
  await server?.stop();
  await upstream?.close();
  await database?.drop();
});

async function agentKey(holdSeconds: number): Promise<string> {
  const made = await server.api("/keys", {
    body: {
      name: "scout",
      role: "agent",
      project_ids: ["acme"],
      agent_id: "scout",
      hold_seconds: holdSeconds,
    },
  });
  expect(made.status).toBe(201);
  return made.body.key;
}

async function connect(kind: Kind, key: string): Promise<AnyClient> {
  const url = new URL(`${server.url}/mcp`);
  const options = { requestInit: { headers: { authorization: `Bearer ${key}` } } };
  const info = { name: "test-agent", version: "1.0.0" };
  if (kind === "SDK v1") {
    const client = new ClientV1(info);
    await client.connect(new TransportV1(url, options) as Parameters<ClientV1["connect"]>[0]);
    return client as unknown as AnyClient;
  }
  const client = new ClientV2(
    info,
    kind === "SDK v2 auto" ? { versionNegotiation: { mode: "auto" } } : {},
  );
  await client.connect(new TransportV2(url, options));
  return client as unknown as AnyClient;
}

async function question(text: string) {
  return waitFor(
    async () => {
      const { body } = await server.api("/approvals?project_id=acme&limit=200");
      return body.items.find(
        (item: { arguments: { text: string } }) => item.arguments.text === text,
      );
    },
    { timeoutMs: 15_000, what: `the question about ${text}` },
  );
}

async function decide(text: string, decision: "approve" | "reject", reason: string) {
  const asked = await question(text);
  const answer = await server.api(`/approvals/${asked.run_id}/decide`, {
    body: { project_id: "acme", decision, reason, approval_id: asked.approval_id },
  });
  expect(answer.status).toBe(200);
  return asked;
}

const words = (answer: ToolAnswer) => answer.content[0].text as string;

describe.each(KINDS)("an unmodified client: %s", (kind) => {
  it("lists what its contract grants, and calls it", async () => {
    const client = await connect(kind, await agentKey(1));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(["awooop_wait", "echo", "fail"]);
    const answer = await client.callTool({ name: "fail" });
    expect([answer.isError, words(answer)]).toEqual([true, "it did not work"]);
    await client.close();
  });

  it("is told which gate stops a tool outside its contract, and the call is recorded", async () => {
    const client = await connect(kind, await agentKey(1));
    const answer = await client.callTool({ name: "hang" });
    expect(answer.isError).toBe(true);
    expect(words(answer)).toMatch(/gate 2.*E-CONTRACT-TOOL/);
    const { body } = await server.api("/runs?project_id=acme&per_page=1");
    const run = await server.api(`/runs/${body.runs[0].run_id}`);
    expect(run.body.mcp_calls).toMatchObject([
      { tool_name: "hang", result_status: "blocked", block_gate: 2, block_code: "E-CONTRACT-TOOL" },
    ]);
    await client.close();
  });

  it("waits for a person while it is held, and its write then runs exactly once", async () => {
    const client = await connect(kind, await agentKey(20));
    const text = `${kind} held`;
    const before = ran;
    const call = client.callTool({ name: "echo", arguments: { text } });
    await decide(text, "approve", "fine");
    expect(words(await call)).toBe(text);
    expect(ran).toBe(before + 1);
    await client.close();
  });

  it("repeats an approved call after the wait; one changed byte asks anew", async () => {
    const client = await connect(kind, await agentKey(0));
    const text = `${kind} repeated`;
    const before = ran;
    const pending = await client.callTool({ name: "echo", arguments: { text } });
    expect([pending.isError, words(pending)]).toEqual([
      true,
      expect.stringContaining("PENDING apr_"),
    ]);
    const asked = await decide(text, "approve", "fine");
    const other = await client.callTool({ name: "echo", arguments: { text: `${text}!` } });
    expect(words(other)).toContain("PENDING apr_");
    expect((await question(`${text}!`)).approval_id).not.toBe(asked.approval_id);
    expect(ran).toBe(before);
    expect(words(await client.callTool({ name: "echo", arguments: { text } }))).toBe(text);
    expect(ran).toBe(before + 1);
    await client.close();
  });

  it("is refused with the reason when a person says no", async () => {
    const client = await connect(kind, await agentKey(0));
    const text = `${kind} refused`;
    const before = ran;
    await client.callTool({ name: "echo", arguments: { text } });
    await decide(text, "reject", "Not before the sale ends.");
    const answer = await client.callTool({ name: "echo", arguments: { text } });
    expect(answer.isError).toBe(true);
    expect(words(answer)).toMatch(/E-APPR-REJECTED.*Not before the sale ends\./);
    expect(ran).toBe(before);
    await client.close();
  });

  it("can wait with awooop_wait", async () => {
    const client = await connect(kind, await agentKey(0));
    const text = `${kind} waiting`;
    const pending = words(await client.callTool({ name: "echo", arguments: { text } }));
    const approval = /apr_[0-9a-f-]{36}/.exec(pending)?.[0];
    const wait = client.callTool({ name: "awooop_wait", arguments: { approval } });
    await decide(text, "approve", "");
    expect((await wait).isError ?? false).toBe(false);
    await client.close();
  });
});

describe("the gateway's door", () => {
  it.each([
    ["no key", {}],
    ["an unknown key", { authorization: `Bearer awp_abcdefghijkl_${"x".repeat(43)}` }],
  ])("stays shut for %s: 401 and no call at all", async (_, headers) => {
    const runs = (await server.api("/runs?project_id=acme")).body.total;
    const answer = await server.send("/mcp", {
      key: null,
      headers,
      body: { jsonrpc: "2.0", id: 1, method: "tools/list" },
    });
    expect([answer.status, answer.body.code]).toEqual([401, "E-AUTH"]);
    expect((await server.api("/runs?project_id=acme")).body.total).toBe(runs);
  });

  it("stays shut for an operator's key", async () => {
    const answer = await server.send("/mcp", {
      body: { jsonrpc: "2.0", id: 1, method: "tools/list" },
    });
    expect([answer.status, answer.body.code]).toEqual([403, "E-FORBIDDEN"]);
  });
});

describe("an operator", () => {
  it("stops an agent's run, and the reason stands on its timeline", async () => {
    const opened = await server.api("/runs", {
      key: await agentKey(0),
      body: { title: "Nightly review" },
    });
    expect(opened.status).toBe(201);
    const path = `/runs/${opened.body.run_id}`;
    const body = { project_id: "acme", reason: "Not tonight." };
    expect((await server.api(`${path}/cancel`, { body })).status).toBe(200);
    const { run, timeline } = (await server.api(path)).body;
    expect(run).toMatchObject({
      state: "cancelled",
      error_detail: expect.stringContaining("Not tonight."),
    });
    expect(timeline.at(-1)).toMatchObject({ status: "cancelled", summary: run.error_detail });
    const again = await server.api(`${path}/cancel`, { body });
    expect([again.status, again.body.code, again.body.state]).toEqual([
      409,
      "E-RUN-STATE",
      "cancelled",
    ]);
  });
});
