import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { connectAuto, connectV1 } from "./support/mcp/gateway.ts";
import { type ListeningServer, listen } from "./support/mcp/http-server.ts";
import { ask } from "./support/mcp/modern.ts";

const MINUTE = 60_000;

let database: TestDatabase;
let upstream: ListeningServer;
let awooop: Awooop;
let url: string;
let key: string;
/** The headers of the tool calls that came to the tool server. */
const calls: Record<string, unknown>[] = [];

/** The SDK's own server holds its clients to the headers. */
function routedServer(): McpServer {
  const server = new McpServer({ name: "routed", version: "1.0.0" });
  const inputSchema = z.object({
    region: z.string().optional().meta({ "x-mcp-header": "Region" }),
    shard: z.int().optional().meta({ "x-mcp-header": "Shard" }),
    query: z.string().optional(),
  });
  server.registerTool("route", { inputSchema }, (args) => ({
    content: [{ type: "text", text: JSON.stringify(args) }],
  }));
  return server;
}

beforeAll(async () => {
  database = await createTestDatabase();
  const handle = toNodeHandler(createMcpHandler(routedServer, { legacy: "reject" }));
  upstream = await listen((request, response) => {
    if (request.headers["mcp-method"] === "tools/call") calls.push(request.headers);
    void handle(request, response);
  });
  awooop = await startAwooop({ databaseUrl: database.url });
  url = `${awooop.url}/mcp`;
  await awooop.api("/tenants", {
    body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
  });
  const tools = [{ server: "routed", tool: "route", effect: "read" }];
  const documents = [
    {
      contract_family: "tool_server",
      contract_id: "routed",
      body: { transport: "http", url: upstream.url },
    },
    {
      contract_family: "agent",
      contract_id: "scout",
      body: { display_name: "Scout", driver: "client", tools },
    },
  ];
  const applied = await awooop.api("/contracts/apply", { body: { project_id: "acme", documents } });
  expect(applied.status, JSON.stringify(applied.body)).toBe(200);
  const made = await awooop.api("/keys", {
    body: { name: "scout", role: "agent", project_ids: ["acme"], agent_id: "scout" },
  });
  key = made.body.key;
}, MINUTE);

afterAll(async () => {
  await awooop?.stop();
  await upstream?.close();
  await database?.drop();
}, MINUTE);

const said = (args: object) => ({ content: [{ type: "text", text: JSON.stringify(args) }] });
const sent = (): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(calls.at(-1) ?? {}).filter(([name]) => name.startsWith("mcp-param-")),
  );

describe("a tool whose server wants parameters in headers", () => {
  it(
    "can be called by clients that know nothing of it",
    async () => {
      const client = await connectV1({ url, key });
      const args = { region: "eu\r\nx-evil: 1", shard: 3, query: "q" };
      // The first is decided in a transaction of its own; one that wants progress goes another way than the others.
      for (const more of [{}, {}, { onprogress: () => undefined }]) {
        expect(await client.callTool("route", args, more)).toMatchObject(said(args));
        const region = `=?base64?${Buffer.from(args.region).toString("base64")}?=`;
        expect(sent()).toEqual({ "mcp-param-region": region, "mcp-param-shard": "3" });
        expect(calls.at(-1)).not.toHaveProperty("x-evil");
      }
      expect(await client.callTool("route", { query: "q" })).toMatchObject(said({ query: "q" }));
      expect(sent()).toEqual({});
      const before = calls.length;
      const long = await client.callTool("route", { region: "a".repeat(20_000) });
      expect(JSON.stringify(long.content)).toContain("E-POLICY-ARGS");
      expect(calls).toHaveLength(before);
      await client.close();
    },
    MINUTE,
  );

  it(
    "is shown to newer clients with what they have to send",
    async () => {
      const client = await connectAuto({ url, key });
      const [tool] = await client.listTools();
      expect(tool?.inputSchema).toMatchObject({
        properties: { region: { "x-mcp-header": "Region" } },
      });
      const args = { region: "歐洲", shard: 4 };
      expect(await client.callTool("route", args)).toMatchObject(said(args));
      expect(sent()).toMatchObject({ "mcp-param-shard": "4" });
      await client.close();
    },
    MINUTE,
  );

  it.each([
    ["leaves the header out", {}],
    ["says something else there", { "mcp-param-region": "us" }],
    ["encodes it wrongly", { "mcp-param-region": "=?base64?ZXU?=" }],
  ])(
    "refuses a newer client that %s, and nothing is sent",
    async (_, headers) => {
      const before = calls.length;
      const params = { name: "route", arguments: { region: "eu" } };
      const answer = await ask({ url, key, headers }, "tools/call", params);
      expect(answer).toMatchObject({ status: 400, error: { code: -32020 } });
      expect(calls).toHaveLength(before);
      const right = { "mcp-param-region": "eu" };
      expect(await ask({ url, key, headers: right }, "tools/call", params)).toMatchObject({
        status: 200,
        result: said({ region: "eu" }),
      });
    },
    MINUTE,
  );
});
