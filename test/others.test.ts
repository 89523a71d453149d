import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { connectAuto, connectV1, connectV2, type TestClient } from "./support/mcp/gateway.ts";
import { inspect, type OtherServer, programOf, startEverything } from "./support/mcp/others.ts";
import { waitFor } from "./support/wait.ts";

/** Other people's clients in front of the gateway and other people's tool servers behind it, none of them changed. */

const SLOW = 120_000;

let database: TestDatabase;
let server: Awooop;
let everything: OtherServer;
let folder: string;

const stdio = (name: "everything" | "filesystem" | "memory", args: string[] = [], env = {}) => ({
  contract_family: "tool_server",
  contract_id: name,
  body: { transport: "stdio", command: process.execPath, args: [programOf(name), ...args], env },
});

const reads = (of: string, ...tools: string[]) =>
  tools.map((tool) => ({ server: of, tool, effect: "read", approval: "never" }));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "awooop-others-"));
  database = await createTestDatabase();
  everything = await startEverything(folder);
  server = await startAwooop({ databaseUrl: database.url });
  await server.api("/tenants", {
    body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
  });
  const documents = [
    stdio("everything"),
    stdio("filesystem", [folder]),
    stdio("memory", [], { MEMORY_FILE_PATH: join(folder, "memory.jsonl") }),
    {
      contract_family: "tool_server",
      contract_id: "everything-http",
      body: { transport: "http", url: everything.url },
    },
    {
      contract_family: "agent",
      contract_id: "scout",
      body: {
        display_name: "Scout",
        driver: "client",
        tools: [
          ...reads("everything", "echo", "get-structured-content", "get-env", "get-tiny-image"),
          ...reads("everything-http", "echo", "get-sum", "get-resource-links"),
          ...reads("filesystem", "read_text_file", "list_directory"),
          ...reads("memory", "read_graph", "open_nodes"),
          { server: "filesystem", tool: "write_file", effect: "write" },
          { server: "memory", tool: "create_entities", effect: "write" },
        ],
      },
    },
  ];
  const applied = await server.api("/contracts/apply", {
    body: { project_id: "acme", documents },
  });
  expect(applied).toMatchObject({ status: 200 });
}, SLOW);

afterAll(async () => {
  await server?.stop();
  await everything?.stop();
  await database?.drop();
  if (folder) rmSync(folder, { recursive: true, force: true });
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

/** Says yes to the open question of a tool whose arguments contain a text. */
async function approve(tool: string, about: string): Promise<void> {
  const asked = await waitFor(
    async () => {
      const { body } = await server.api("/approvals?project_id=acme&limit=200");
      return body.items.find(
        (item: { tool: string; arguments: unknown }) =>
          item.tool === tool && JSON.stringify(item.arguments).includes(about),
      );
    },
    { timeoutMs: 30_000, what: `the question about ${about}` },
  );
  const answer = await server.api(`/approvals/${asked.run_id}/decide`, {
    body: {
      project_id: "acme",
      decision: "approve",
      reason: "fine",
      approval_id: asked.approval_id,
    },
  });
  expect(answer.status).toBe(200);
}

const SEEN = [
  "everything-http__echo",
  "everything__echo",
  "awooop_wait",
  "create_entities",
  "get-env",
  "get-resource-links",
  "get-structured-content",
  "get-sum",
  "get-tiny-image",
  "list_directory",
  "open_nodes",
  "read_graph",
  "read_text_file",
  "write_file",
].sort();

const words = (answer: Record<string, unknown>) =>
  (answer.content as { text: string }[]).map(({ text }) => text).join("\n");

describe.each([
  ["SDK v1", connectV1],
  ["SDK v2 in the 2025 era", connectV2],
  ["SDK v2 of 2026-07-28", connectAuto],
] as const)("%s, with server-everything, server-filesystem and server-memory", (kind, connect) => {
  let client: TestClient;
  const id = kind.replaceAll(/\W+/g, "-");

  beforeAll(async () => {
    client = await connect({ url: `${server.url}/mcp`, key: await agentKey(30) });
  }, SLOW);

  afterAll(() => client?.close());

  it(
    "lists them, with the server's name in front where two have a tool of one name",
    async () => {
      const tools = await client.listTools();
      expect(tools.map(({ name }) => name).sort()).toEqual(SEEN);
      for (const server of ["everything", "everything-http"]) {
        const echo = tools.find(({ name }) => name === `${server}__echo`);
        expect(echo?._meta).toMatchObject({ "awooop/server": server, "awooop/tool": "echo" });
      }
      const weather = tools.find(({ name }) => name === "get-structured-content");
      expect(weather).toMatchObject({
        title: "Get Structured Content Tool",
        inputSchema: { properties: { location: { enum: ["New York", "Chicago", "Los Angeles"] } } },
        outputSchema: { required: ["temperature", "conditions", "humidity"] },
        annotations: { readOnlyHint: true },
      });
    },
    SLOW,
  );

  it(
    "reads from each of them",
    async () => {
      for (const name of ["everything__echo", "everything-http__echo"]) {
        expect(words(await client.callTool(name, { message: `from ${id}` }))).toBe(
          `Echo: from ${id}`,
        );
      }
      expect(words(await client.callTool("get-sum", { a: 2, b: 40 }))).toContain("42");
      writeFileSync(join(folder, `${id}.txt`), "three short words");
      const path = join(folder, `${id}.txt`);
      expect(words(await client.callTool("read_text_file", { path }))).toBe("three short words");
      expect(words(await client.callTool("list_directory", { path: folder }))).toContain(
        `[FILE] ${id}.txt`,
      );
      const graph = await client.callTool("read_graph", {});
      expect(graph.structuredContent).toMatchObject({ entities: expect.any(Array) });
    },
    SLOW,
  );

  it(
    "gets structured content, images and links as they came",
    async () => {
      const weather = await client.callTool("get-structured-content", { location: "Chicago" });
      expect(weather.structuredContent).toEqual({
        temperature: 36,
        conditions: "Light rain / drizzle",
        humidity: 82,
      });
      const image = await client.callTool("get-tiny-image", {});
      expect(image.content).toContainEqual(
        expect.objectContaining({ type: "image", mimeType: "image/png", data: expect.any(String) }),
      );
      const links = await client.callTool("get-resource-links", { count: 2 });
      expect((links.content as { type: string }[]).map(({ type }) => type)).toEqual([
        "text",
        "resource_link",
        "resource_link",
      ]);
    },
    SLOW,
  );

  it(
    "sees nothing of the gateway's own environment through a tool server",
    async () => {
      const environment = words(await client.callTool("get-env", {}));
      expect(environment).not.toMatch(/AWOOOP|DATABASE/);
    },
    SLOW,
  );

  it(
    "writes once a person has said yes, and not before",
    async () => {
      const path = join(folder, `${id}-written.txt`);
      const writing = client.callTool("write_file", { path, content: `by ${id}` });
      const remembering = client.callTool("create_entities", {
        entities: [{ name: id, entityType: "client", observations: ["it has waited"] }],
      });
      await approve("create_entities", id);
      expect(words(await remembering)).toContain(id);
      expect(existsSync(path)).toBe(false);
      await approve("write_file", path);
      expect(words(await writing)).toContain("Successfully wrote");
      expect(readFileSync(path, "utf8")).toBe(`by ${id}`);
      const { structuredContent } = await client.callTool("open_nodes", { names: [id] });
      expect(structuredContent).toMatchObject({
        entities: [{ name: id, observations: ["it has waited"] }],
      });
    },
    SLOW,
  );

  it(
    "hears a tool server's own error, and the gateway's about arguments that don't fit",
    async () => {
      const outside = await client.callTool("read_text_file", { path: "/etc/hostname" });
      expect(outside.isError).toBe(true);
      expect(words(outside)).toMatch(/Access denied/);
      const wrong = await client.callTool("get-structured-content", { location: "Atlantis" });
      expect(wrong).toMatchObject({
        isError: true,
        _meta: { "awooop/code": "E-POLICY-ARGS", "awooop/gate": 3 },
      });
    },
    SLOW,
  );

  it(
    "gets a big result whole, and is told of one that is too big",
    async () => {
      const path = join(folder, `${id}-big.txt`);
      // The tool answers it twice: as text and as structured content.
      const content = "a line of forty characters, and a newline\n".repeat(9_000);
      writeFileSync(path, content);
      const whole = await client.callTool("read_text_file", { path });
      expect(words(whole)).toBe(content);
      expect(whole.structuredContent).toEqual({ content });
      writeFileSync(path, content.repeat(4));
      const none = await client.callTool("read_text_file", { path });
      expect(none).toMatchObject({ isError: true, _meta: { "awooop/code": "E-UPSTREAM-SIZE" } });
    },
    SLOW,
  );
});

describe("the Inspector's command line", () => {
  const at = async () => ({ url: `${server.url}/mcp`, key: await agentKey(30), home: folder });

  it(
    "lists the tools",
    async () => {
      const { exitCode, printed } = await inspect(await at(), "--method", "tools/list");
      expect(exitCode).toBe(0);
      expect(printed.tools.map(({ name }: { name: string }) => name).sort()).toEqual(SEEN);
    },
    SLOW,
  );

  const call = async (tool: string, ...args: string[]) =>
    inspect(
      await at(),
      ...["--method", "tools/call", "--tool-name", tool],
      ...args.flatMap((arg) => ["--tool-arg", arg]),
    );

  it(
    "calls a tool that reads, and gets its structured content",
    async () => {
      const echo = await call("everything__echo", "message=hello");
      expect([echo.exitCode, words(echo.printed)]).toEqual([0, "Echo: hello"]);
      const weather = await call("get-structured-content", "location=Chicago");
      expect(weather.printed.structuredContent).toMatchObject({ temperature: 36 });
    },
    SLOW,
  );

  it(
    "waits for a person with a call that writes",
    async () => {
      const path = join(folder, "by-the-inspector.txt");
      const calling = call("write_file", `path=${path}`, "content=it waited");
      await approve("write_file", path);
      expect(words((await calling).printed)).toContain("Successfully wrote");
      expect(readFileSync(path, "utf8")).toBe("it waited");
    },
    SLOW,
  );

  it(
    "prints why a gate stops a call",
    async () => {
      const { printed, complaints } = await call("delete_entities", "entityNames=[]");
      expect(JSON.stringify(printed) + complaints).toMatch(/E-CONTRACT-TOOL|not found/);
    },
    SLOW,
  );

  it(
    "is turned away with a key that is none",
    async () => {
      const nobody = { ...(await at()), key: `awp_abcdefghijkl_${"x".repeat(43)}` };
      const { exitCode } = await inspect(nobody, "--method", "tools/list");
      expect(exitCode).not.toBe(0);
    },
    SLOW,
  );
});
