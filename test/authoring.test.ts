import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runCommandLine } from "../src/cli/run.ts";
import { ADMIN_KEY, type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { applyContracts, contract, good, newKey } from "./support/e2e-tenant.ts";
import { type ShopServer, serveShop } from "./support/mcp/shop-server.ts";

/** An agent's author: from a tool server's list to a contract, and from what an agent called to a better one. */

const PROJECT = "acme";

let database: TestDatabase;
let shop: ShopServer;
let server: Awooop;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-authoring-"));
  database = await createTestDatabase();
  shop = await serveShop();
  server = await startAwooop({ databaseUrl: database.url });
  const project = { project_id: PROJECT, display_name: "Acme", migration_mode: "active" };
  await good(server.api("/tenants", { body: project }));
  await applyContracts(server, PROJECT, [
    contract("tool_server", "shop", { transport: "http", url: shop.url }),
  ]);
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await shop?.close();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `awooop contracts …`. */
async function contracts(...args: string[]) {
  const said = { out: "", err: "" };
  const status = await runCommandLine(["contracts", ...args], {
    env: { AWOOOP_URL: server.url, AWOOOP_KEY: ADMIN_KEY },
    print: (line) => {
      said.out += `${line}\n`;
    },
    complain: (line) => {
      said.err += `${line}\n`;
    },
    readInput: async () => "",
  });
  return { status, ...said };
}

const about = (agent: string) => ["--agent", agent, "--project", PROJECT];

/** A key of the agent, and a client that uses it for one session's worth of calls. */
async function connect(agent: string): Promise<Client> {
  const key = await newKey(server, {
    role: "agent",
    name: agent,
    project_ids: [PROJECT],
    agent_id: agent,
    hold_seconds: 0,
  });
  const client = new Client({ name: agent, version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit }),
  );
  return client;
}

describe("contracts init", () => {
  it("writes a contract that can be applied as it is, and that the agent works under", async () => {
    const file = join(folder, "scout.yaml");
    const written = await contracts("init", "--from", "shop", ...about("scout"), "--out", file);
    expect(written).toMatchObject({ status: 0, err: "" });
    expect(await contracts("apply", file, "--dry-run")).toMatchObject({ status: 0, err: "" });
    const { body } = parse(await readFile(file, "utf8"));
    expect(body.tools.map((grant: Record<string, string>) => [grant.tool, grant.effect])).toEqual([
      ["add_note", "write"],
      ["clear_cache", "write"],
      ["disk_usage", "read"],
      ["tail_log", "read"],
    ]);
    expect(await contracts("apply", file)).toMatchObject({ status: 0 });
    const client = await connect("scout");
    expect(await client.callTool({ name: "disk_usage" })).toMatchObject({
      content: [{ text: "97 % full" }],
    });
    const asked = await client.callTool({ name: "add_note", arguments: { text: "hello" } });
    expect(JSON.stringify(asked.content)).toContain("PENDING apr_");
    await client.close();
    const again = await contracts("init", "--from", "shop", ...about("scout"));
    expect(again.out).toContain("# scout has an active contract already");
  });

  it("overwrites no file, and says what it can't draft from", async () => {
    const file = join(folder, "mine.yaml");
    await writeFile(file, "mine");
    const there = await contracts("init", "--from", "shop", ...about("other"), "--out", file);
    expect(there).toMatchObject({ status: 1, err: expect.stringContaining("is there already") });
    expect(await readFile(file, "utf8")).toBe("mine");
    const nothing = await contracts("init", "--from", "bank", ...about("other"));
    expect(nothing).toMatchObject({ status: 1, err: expect.stringContaining("E-NOT-FOUND") });
    const gone = contract("tool_server", "gone", { transport: "http", url: "http://127.0.0.1:1/" });
    await applyContracts(server, PROJECT, [gone]);
    const silent = await contracts("init", "--from", "gone", ...about("other"));
    expect(silent.err).toContain("E-TOOLS-NONE");
    expect(silent.err).toContain("E-UPSTREAM-CONNECT");
  });
});

describe("contracts propose", () => {
  it("makes of what an observed agent called a contract under which it does the same", async () => {
    await applyContracts(server, PROJECT, [
      contract("agent", "learner", { driver: "client", observe: { servers: ["shop"] } }),
    ]);
    const learner = await connect("learner");
    const { tools } = await learner.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["add_note", "clear_cache", "disk_usage", "tail_log"]),
    );
    const before = shop.ran.length;
    for (let call = 0; call < 6; call += 1) {
      const read = await learner.callTool({ name: "tail_log", arguments: { lines: 10 + call } });
      expect(read.isError).not.toBe(true);
    }
    const wish = { path: "/var/cache/shop", older_than: "24h" };
    for (let call = 0; call < 5; call += 1) {
      const write = await learner.callTool({ name: "clear_cache", arguments: wish });
      expect(JSON.stringify(write.content)).toContain("BLOCKED by gate 2");
    }
    await learner.close();
    expect(shop.ran.slice(before).every((line) => line.startsWith("tail_log"))).toBe(true);

    const proposal = await good(server.api(`/agents/learner/proposal?project_id=${PROJECT}`));
    expect(proposal).toMatchObject({ calls: 11, is_complete: true });
    expect(proposal.tools).toMatchObject([
      { server: "shop", tool: "tail_log", calls: 6, blocked: 0, hint: "read_only" },
      { server: "shop", tool: "clear_cache", calls: 5, blocked: 5, hint: "destructive" },
    ]);
    const file = join(folder, "learner.yaml");
    expect(await contracts("propose", ...about("learner"), "--out", file)).toMatchObject({
      status: 0,
    });
    const text = await readFile(file, "utf8");
    expect(parse(text)).toEqual(proposal.document);
    const plan = await contracts("apply", file, "--dry-run");
    expect(plan).toMatchObject({ status: 0, err: "" });
    expect(await contracts("apply", file)).toMatchObject({ status: 0 });

    const bound = await connect("learner");
    // What is kept of contracts hears of a change a moment after it stands.
    await expect
      .poll(async () => (await bound.listTools()).tools.map(({ name }) => name).sort(), {
        timeout: 20_000,
      })
      .toEqual(["awooop_wait", "clear_cache", "tail_log"]);
    const same = await bound.callTool({ name: "clear_cache", arguments: wish });
    expect(JSON.stringify(same.content)).toContain("PENDING apr_");
    const other = await bound.callTool({
      name: "clear_cache",
      arguments: { ...wish, path: "/etc" },
    });
    expect(JSON.stringify(other.content)).toContain("E-POLICY-ARGS");
    await bound.close();
  }, 60_000);

  it("knows what a server lists from when it is observed, also for an agent that never asks", async () => {
    const fresh = contract("tool_server", "fresh", { transport: "http", url: shop.url });
    await applyContracts(server, PROJECT, [fresh]);
    const observing = { driver: "client", observe: { servers: ["fresh"] } };
    await applyContracts(server, PROJECT, [contract("agent", "hasty", observing)]);
    const hasty = await connect("hasty");
    const read = await hasty.callTool({ name: "disk_usage" });
    expect(read).toMatchObject({ content: [{ text: "97 % full" }] });
    await hasty.close();
  });

  it("looks only at runs since the time that is named", async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const path = `/agents/scout/proposal?project_id=${PROJECT}&since=${later}`;
    expect(await good(server.api(path))).toMatchObject({ runs: 0, calls: 0, tools: [] });
    const none = await contracts("propose", ...about("nobody"));
    expect(none).toMatchObject({ status: 1, err: expect.stringContaining("E-NOT-FOUND") });
  });
});
