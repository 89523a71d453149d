import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ToolServer, ToolServerDetail } from "../src/toolservers/page-contract.ts";
import { ADMIN_KEY, type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { applyContracts, contract, good, newKey } from "./support/e2e-tenant.ts";
import { connectAuto, type TestClient } from "./support/mcp/gateway.ts";
import { type HostileServer, serveHostile } from "./support/mcp/hostile-http.ts";
import { programBody } from "./support/mcp/pool.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

const SOON_MS = 40_000;
const CLI = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

let database: TestDatabase;
let server: Awooop;
let upstream: HostileServer;
let scout: TestClient;

const read = (of: string, tool: string) => ({
  server: of,
  tool,
  effect: "read",
  timeout_seconds: 2,
});

beforeAll(async () => {
  [database, upstream] = await Promise.all([createTestDatabase(), serveHostile()]);
  server = await startAwooop({ databaseUrl: database.url });
  for (const project_id of ["acme", "globex"]) {
    const body = { project_id, display_name: project_id, migration_mode: "active" };
    await good(server.api("/tenants", { body }));
  }
  await good(
    server.api("/secrets/TOKEN", {
      method: "PUT",
      body: { project_id: "acme", value: "s3cr3t-value" },
    }),
  );
  await applyContracts(server, "acme", [
    contract("tool_server", "web", {
      transport: "http",
      url: `${upstream.url}?region=secretly`,
      headers: { authorization: "Bearer secret:TOKEN" },
      connect_timeout_seconds: 3,
    }),
    contract("tool_server", "local", {
      ...programBody("hostile-stdio.ts"),
      limits: { memory_mb: 500, cpu_seconds: 600 },
    }),
    contract("tool_server", "asleep", { transport: "http", url: "http://127.0.0.1:9/mcp" }),
    contract("agent", "scout", {
      driver: "client",
      tools: [
        read("web", "echo"),
        read("web", "crash"),
        read("web", "refuse"),
        read("local", "die"),
        read("local", "where"),
      ],
    }),
    contract("agent", "watcher", { driver: "client", tools: [], observe: { servers: ["web"] } }),
  ]);
  await applyContracts(server, "globex", [
    contract("tool_server", "web", { transport: "http", url: upstream.url }),
  ]);
  const key = await newKey(server, {
    name: "scout",
    role: "agent",
    project_ids: ["acme"],
    agent_id: "scout",
  });
  scout = await connectAuto({ url: `${server.url}/mcp`, key });
}, 90_000);

afterAll(async () => {
  await scout?.close();
  await server?.stop();
  await upstream?.close();
  await database?.drop();
});

const list = async (query: string): Promise<ToolServer[]> =>
  (await good(server.api(`/tool-servers?${query}`))).tool_servers;
const detail = async (id: string): Promise<ToolServerDetail> =>
  good(server.api(`/tool-servers/${id}?project_id=acme`));

describe("the page of tool servers", () => {
  it("lists what is registered, by id, page by page, with no secret in it", async () => {
    const all = await list("limit=50");
    expect(all.map(({ project_id, server_id }) => `${project_id}/${server_id}`)).toEqual([
      "acme/asleep",
      "acme/local",
      "acme/web",
      "globex/web",
    ]);
    expect(all[2]).toMatchObject({ transport: "http", address: upstream.url, version: "1.0" });
    const first = await good(server.api("/tool-servers?project_id=acme&limit=2"));
    const next = await good(
      server.api(`/tool-servers?project_id=acme&limit=2&cursor=${first.next_cursor}`),
    );
    expect([...first.tool_servers, ...next.tool_servers]).toEqual(all.slice(0, 3));
    expect([first.total, next.next_cursor]).toEqual([3, null]);
    expect(JSON.stringify([all, await detail("web")])).not.toMatch(/s3cr3t|secretly/);
  });

  it("knows nothing of one that nobody has reached for", async () => {
    expect(await detail("asleep")).toMatchObject({
      health: { state: "unknown", error_code: null, observed_at: null },
      processes: [],
      pins: [],
      agents: [],
      calls: { calls: 0, errors: 0, blocked: 0, latency_p50_ms: null, hours: [] },
    });
    expect(await server.api("/tool-servers/nowhere?project_id=acme")).toMatchObject({
      status: 404,
    });
  });

  it("shows one that works: what it is, its tools, who may call them, and its calls", async () => {
    for (const tool of ["echo", "echo", "refuse"]) await scout.callTool(tool, { text: "a" });
    const seen = await waitFor(
      async () => {
        const found = await detail("web");
        return found.health.state === "up" && found;
      },
      { timeoutMs: SOON_MS, what: "its health to be written down" },
    );
    expect(seen).toMatchObject({
      settings: { timeout_seconds: 30, connect_timeout_seconds: 3, idle_timeout_seconds: 300 },
      health: { last_failure_at: null, next_try_at: null },
      processes: [
        {
          state: "up",
          restarts: 0,
          protocol_version: "2025-06-18",
          server_name: "hostile",
          server_version: "6.6.6",
          held_to: null,
        },
      ],
      agents: [
        { agent_id: "scout", tools: ["crash", "echo", "refuse"], observes: false },
        { agent_id: "watcher", tools: [], observes: true },
      ],
      calls: { calls: 3, errors: 1, blocked: 0 },
    });
    expect(seen.tools).toBe(seen.pins.length);
    expect(seen.pins.find(({ name }) => name === "echo")).toMatchObject({
      description: "Does echo.",
      pin_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      changed: null,
    });
    expect(seen.calls.hours.reduce((sum, { calls }) => sum + calls, 0)).toBe(3);
    expect(seen.calls.latency_p95_ms).toBeGreaterThanOrEqual(seen.calls.latency_p50_ms ?? -1);
  });

  it("shows a program that keeps ending, and when it is tried again", async () => {
    const state = async () => {
      await scout.callTool("die", {});
      return (await detail("local")).health.state === "backing_off";
    };
    await waitFor(state, { timeoutMs: SOON_MS, what: "the program to be left alone" });
    const found = await detail("local");
    expect(found).toMatchObject({
      address: expect.stringContaining("hostile-stdio.ts"),
      settings: { sharing: "project", memory_mb: 500, cpu_seconds: 600, open_files: null },
      health: {
        error_code: "E-UPSTREAM-DIED",
        error_message: "The tool server's program exited with code 3.",
        next_try_at: expect.any(String),
      },
    });
    expect(found.processes[0]?.held_to).toEqual(
      process.platform === "linux"
        ? ["memory_mb", "cpu_seconds", "open_files"]
        : ["cpu_seconds", "open_files"],
    );
  }, 60_000);

  it("shows one that the breaker leaves alone, and a tool that changed", async () => {
    const state = async () => {
      await scout.callTool("crash", {});
      return (await detail("web")).health.state === "breaker_open";
    };
    await waitFor(state, { timeoutMs: SOON_MS, what: "the breaker to open" });
    expect((await detail("web")).health).toMatchObject({
      error_code: "E-UPSTREAM-DIED",
      error_message: "The tool server answered with HTTP status 500.",
    });
    await queryRows(
      database.adminUrl,
      "update tool_pins set changed_hash = 'f', changed_definition = definition, changed_at = now() where tool_name = 'echo' and project_id = 'acme' and server_id = 'web'",
    );
    const found = await detail("web");
    expect(found.changed_tools).toBe(1);
    expect(found.pins.find(({ name }) => name === "echo")?.changed).toMatchObject({ hash: "f" });
  }, 60_000);

  it("is on the command line, too", async () => {
    const env = { AWOOOP_URL: server.url, AWOOOP_KEY: ADMIN_KEY };
    const awooop = async (...args: string[]) =>
      (await promisify(execFile)(process.execPath, [CLI, "tool-servers", ...args], { env })).stdout;
    const listed = await awooop("list", "--project", "acme");
    expect(listed).toMatch(/^PROJECT +SERVER +STATE +TOOLS +SEEN +ADDRESS\n/);
    expect(listed).toMatch(/\nacme +asleep +unknown +0 +– +http:\/\/127\.0\.0\.1:9\/mcp\n/);
    const shown = await awooop("show", "local", "--project", "acme");
    expect(shown).toMatch(
      /\nsettings +timeout_seconds 20, sharing project, memory_mb 500, cpu_seconds 600, open_files –\n/,
    );
    expect(shown).toMatch(
      /\nlast error +\S+ \S+ E-UPSTREAM-DIED: The tool server's program exited with code 3\.\n/,
    );
    expect(shown).toMatch(/\nsays it is +hostile 6\.6\.6, protocol 2025-06-18\n/);
    expect(shown).toMatch(/\nscout +die, where\n/);
  }, 60_000);

  it("is written down seldom, however often tools are called", async () => {
    const writes = async () => {
      const [row] = await queryRows(
        database.adminUrl,
        "select sum(n_tup_ins + n_tup_upd)::text as n from pg_stat_user_tables where relname = 'tool_server_health'",
      );
      return Number(row?.n);
    };
    const refuse = async () => (await scout.callTool("refuse", {}))._meta;
    await waitFor(async () => JSON.stringify(await refuse()).includes("E-UPSTREAM-TOOL"), {
      timeoutMs: SOON_MS,
      what: "the breaker to close",
    });
    const before = await writes();
    for (let n = 0; n < 100; n++) await refuse();
    expect((await writes()) - before).toBeLessThan(10);
  }, 60_000);
});
