import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type HostileServer, serveHostile } from "../../test/support/mcp/hostile-http.ts";
import { openPool, serverRef } from "../../test/support/mcp/pool.ts";
import { createLog } from "../platform/log.ts";
import { HealthBook } from "./health.ts";

let server: HostileServer;
const health = new HealthBook(createLog("silent"));
const pool = openPool({ health });

beforeAll(async () => {
  server = await serveHostile();
});
afterAll(async () => {
  await pool.close();
  await server.close();
});
beforeEach(() => {
  server.nextCursor = undefined;
});

const tool = (name: string, more: object = {}) => ({
  name,
  inputSchema: { type: "object" },
  ...more,
});
const list = () =>
  pool.listTools(serverRef({ transport: "http", url: server.url, timeout_seconds: 20 }));

describe("a list of tools", () => {
  it("that never ends is given up", async () => {
    server.tools = [tool("a")];
    server.nextCursor = "on";
    expect(await list()).toMatchObject({
      code: "E-UPSTREAM-PROTOCOL",
      message: "The tool server's list of tools has more than 50 pages.",
    });
  });

  it("of large pages is given up before it fills the memory", async () => {
    server.tools = [tool("a", { description: "x".repeat(3 * 1024 * 1024) })];
    server.nextCursor = "on";
    const before = server.requests;
    expect(await list()).toMatchObject({ code: "E-UPSTREAM-SIZE" });
    expect(server.requests - before).toBeLessThan(6);
  });

  it("that is nested without end is refused, and does not harm", async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(2000)}1${"}".repeat(2000)}`);
    server.tools = [tool("a", { inputSchema: deep })];
    expect(await list()).toMatchObject({
      code: "E-UPSTREAM-PROTOCOL",
      message: "The tool server's list of tools is nested too deeply.",
    });
    expect(health.all()).toMatchObject([{ state: "down", error: { code: "E-UPSTREAM-PROTOCOL" } }]);
  });

  it("of a thousand tools and more is cut, and the rest named", async () => {
    server.tools = Array.from({ length: 1200 }, (_, n) => tool(`t${n}`));
    const listed = await list();
    expect(listed.kind === "tools" && listed.tools.length).toBe(1000);
    expect(pool.logged.join("")).toContain("tools were left out");
    expect(health.all()).toMatchObject([{ state: "up" }]);
  });
});
