import { randomBytes } from "node:crypto";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { applyContracts, contract, good, newKey } from "./support/e2e-tenant.ts";
import { type ListeningServer, listen } from "./support/mcp/http-server.ts";
import { freePort } from "./support/port.ts";
import { queryRows } from "./support/server.ts";
import { startCollector } from "./support/trace-collector.ts";

/** What a collector of traces is told of the calls through the gateway, and what the tool server goes on with. */

const SECRET_WORD = "swordfish";

let database: TestDatabase;
let collector: Awaited<ReturnType<typeof startCollector>>;
let upstream: ListeningServer;
let server: Awooop;
let key: string;
/** What tool servers were told of the trace, newest last. */
const told: Record<string, unknown>[] = [];

function toolServer(): McpServer {
  const tools = new McpServer({ name: "fixture", version: "1.0.0" });
  const echo = ({ text }: { text: string }) => ({ content: [{ type: "text" as const, text }] });
  const inputSchema = z.object({ text: z.string() });
  tools.registerTool("look", { inputSchema }, (args, { mcpReq }) => {
    const { traceparent, tracestate } = Object(mcpReq._meta);
    told.push({ traceparent, tracestate });
    return echo(args);
  });
  tools.registerTool("wipe", { inputSchema }, echo);
  tools.registerTool("fail", { inputSchema }, (args) => ({ isError: true, ...echo(args) }));
  return tools;
}

const start = (env: Record<string, string>) => startAwooop({ databaseUrl: database.url, env });

beforeAll(async () => {
  database = await createTestDatabase();
  collector = await startCollector();
  upstream = await listen(toNodeHandler(createMcpHandler(toolServer)));
  server = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=of the tests",
  });
  await good(
    server.api("/tenants", {
      body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
    }),
  );
  const tool = (name: string, effect: string) => ({ server: "fixture", tool: name, effect });
  await applyContracts(server, "acme", [
    contract("tool_server", "fixture", { transport: "http", url: upstream.url }),
    contract("agent", "scout", {
      display_name: "Scout",
      driver: "client",
      tools: [tool("look", "read"), tool("fail", "read"), tool("wipe", "write")],
    }),
  ]);
  key = await newKey(server, {
    role: "agent",
    name: "scout",
    project_ids: ["acme"],
    agent_id: "scout",
    hold_seconds: 1,
  });
}, 120_000);

afterAll(async () => {
  await server?.stop();
  await upstream?.close();
  await collector?.close();
  await database?.drop();
});

const newTrace = () => randomBytes(16).toString("hex");
const PARENT = "00f067aa0ba902b7";

type Meta = Record<string, unknown>;

/** Calls a tool as an agent, on a connection of its own. */
async function call(
  tool: string,
  {
    meta,
    headers = {},
    at = server,
    mode = "auto",
  }: { meta?: Meta; headers?: Meta; at?: Awooop; mode?: "auto" | "legacy" } = {},
) {
  const client = new Client({ name: "agent", version: "1.0.0" }, { versionNegotiation: { mode } });
  const authorization = `Bearer ${key}`;
  const requestInit = { headers: { authorization, ...(headers as Record<string, string>) } };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${at.url}/mcp`), { requestInit }),
  );
  return client
    .callTool({ name: tool, arguments: { text: SECRET_WORD }, ...(meta && { _meta: meta }) })
    .finally(() => client.close());
}

describe("a call's trace", () => {
  it("goes from the agent through the gateway and its gates to the tool server", async () => {
    const traceId = newTrace();
    const traceparent = `00-${traceId}-${PARENT}-01`;
    await call("look", { meta: { traceparent, tracestate: "vendor=1" } });
    const spans = await collector.trace(traceId, 3);
    const [outer] = spans.filter(({ kind }) => kind === "server");
    const [inner] = spans.filter(({ kind }) => kind === "internal");
    const [sent] = spans.filter(({ kind }) => kind === "client");
    expect(spans).toHaveLength(3);
    expect(outer).toMatchObject({
      name: "tools/call look",
      parentSpanId: PARENT,
      failed: false,
      attributes: {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "look",
        "mcp.protocol.version": "2026-07-28",
        "network.transport": "tcp",
        "awooop.project_id": "acme",
      },
    });
    const [run] = await queryRows(
      database.adminUrl,
      "select run_id from runs where trace_id = $1",
      [traceId],
    );
    expect(inner).toMatchObject({
      name: "execute_tool look",
      parentSpanId: outer?.spanId,
      attributes: {
        "awooop.run_id": run?.run_id,
        "awooop.project_id": "acme",
        "awooop.gate.verdict": "pass",
      },
    });
    expect(sent).toMatchObject({
      parentSpanId: inner?.spanId,
      attributes: {
        "mcp.method.name": "tools/call",
        "network.transport": "tcp",
        "server.address": "127.0.0.1",
        "awooop.tool_server": "fixture",
      },
    });
    expect(told.at(-1)).toEqual({
      traceparent: `00-${traceId}-${sent?.spanId}-01`,
      tracestate: "vendor=1",
    });
  });

  it("says which gate stopped it, and which failures are the tool's", async () => {
    const [blocked, failed] = [newTrace(), newTrace()];
    await call("nonsense", { meta: { traceparent: `00-${blocked}-${PARENT}-01` } });
    expect(await collector.trace(blocked, 2)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          kind: "internal",
          failed: true,
          attributes: expect.objectContaining({
            "awooop.gate.verdict": "block",
            "awooop.gate.number": 2,
            "awooop.gate.code": "E-CONTRACT-TOOL",
            "error.type": "E-CONTRACT-TOOL",
          }),
        }),
        expect.objectContaining({
          kind: "server",
          failed: true,
          attributes: expect.objectContaining({ "error.type": "E-CONTRACT-TOOL" }),
        }),
      ]),
    );
    await call("fail", { meta: { traceparent: `00-${failed}-${PARENT}-01` } });
    const types = (await collector.trace(failed, 3)).map((span) => span.attributes["error.type"]);
    expect(types).toEqual(["tool_error", "tool_error", "tool_error"]);
  });

  it("shows how long it waited for a person", async () => {
    const traceId = newTrace();
    const headers = { traceparent: `00-${traceId}-${PARENT}-01` };
    const answer = await call("wipe", { headers, mode: "legacy" });
    expect(JSON.stringify(answer.content)).toContain("PENDING");
    const spans = await collector.trace(traceId, 3);
    const waited = spans.find(({ name }) => name === "awooop.approval.wait");
    expect(waited).toMatchObject({
      kind: "internal",
      parentSpanId: spans.find(({ kind }) => kind === "server")?.spanId,
      attributes: {
        "awooop.approval.standing": "open",
        "awooop.approval_id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    });
    expect(spans.find(({ name }) => name === "execute_tool wipe")?.attributes).toMatchObject({
      "awooop.gate.verdict": "ask",
      "awooop.gate.number": 5,
    });
    const [outer] = spans.filter(({ kind }) => kind === "server");
    expect(outer?.attributes["mcp.session.id"]).toEqual(expect.any(String));
  });

  it("begins at the gateway where the agent brings none, and joins no other run for that", async () => {
    await call("look");
    await call("look");
    const runs = await queryRows(
      database.adminUrl,
      "select count(*)::int as calls from mcp_calls where tool_name = 'look' group by run_id order by 1 desc",
    );
    expect(runs[0]).toEqual({ calls: 2 });
    expect(told.at(-1)?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it("that the agent does not record is not recorded, and carried on all the same", async () => {
    const [quiet, loud] = [newTrace(), newTrace()];
    await call("look", { meta: { traceparent: `00-${quiet}-${PARENT}-00` } });
    expect(told.at(-1)?.traceparent).toMatch(new RegExp(`^00-${quiet}-[0-9a-f]{16}-00$`));
    await call("look", { meta: { traceparent: `00-${loud}-${PARENT}-01` } });
    await collector.trace(loud, 3);
    expect(collector.spans().filter(({ traceId }) => traceId === quiet)).toEqual([]);
  });

  it("has neither arguments nor results in it, nor the key", () => {
    expect(collector.spans().length).toBeGreaterThan(10);
    expect(collector.raw()).not.toContain(SECRET_WORD);
    expect(collector.raw()).not.toContain(key);
    expect(collector.headers.every((sent) => sent["api-key"] === "of the tests")).toBe(true);
  });
});

describe("the server", () => {
  it("sends what is left when it stops", async () => {
    const other = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const traceId = newTrace();
    await call("look", { meta: { traceparent: `00-${traceId}-${PARENT}-01` }, at: other });
    expect(await other.stop()).toBe(0);
    expect(collector.spans().filter((span) => span.traceId === traceId)).toHaveLength(3);
  }, 60_000);

  it("works without the collector it was told of, says so once, and stops in time", async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const other = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: nobody });
    for (let calls = 0; calls < 5; calls += 1) {
      expect((await call("look", { at: other })).isError).toBeFalsy();
    }
    const began = performance.now();
    expect(await other.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(other.output().match(/traces could not be sent to the collector/g)).toHaveLength(1);
  }, 60_000);

  it("without a collector hands the agent's trace on as it came", async () => {
    const other = await start({});
    const traceparent = `00-${newTrace()}-${PARENT}-01`;
    await call("look", { meta: { traceparent, tracestate: "vendor=1" }, at: other });
    expect(told.at(-1)).toEqual({ traceparent, tracestate: "vendor=1" });
    await other.stop();
  }, 60_000);
});
