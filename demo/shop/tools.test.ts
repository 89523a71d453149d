import { lstat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTestShop, type TestShop } from "./test-shop.ts";
import { fillCache } from "./traffic.ts";

let shop: TestShop;
let cacheDir: string;
let client: Client;

beforeEach(async () => {
  shop = await startTestShop(25);
  cacheDir = shop.env.SHOP_CACHE_DIR ?? "";
  client = new Client({ name: "tools-test", version: "1.0.0" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(import.meta.dirname, "tools.ts")],
    env: { ...shop.env, SHOP_URL: shop.url },
  });
  await client.connect(transport);
});
afterEach(async () => {
  await client.close();
  await shop.close();
});

const fill = () => fillCache(shop.url, cacheDir, 18);

async function call(name: string, args: Record<string, unknown> = {}) {
  const result = await client.callTool({ name, arguments: args });
  const [first] = result.content as { type: string; text?: string }[];
  return { isError: result.isError === true, output: result.structuredContent, text: first?.text };
}

const clear = (change: Record<string, unknown> = {}) =>
  call("clear_cache", { host: "shop-cache-01", path: cacheDir, older_than: "24h", ...change });

describe("what the tool server says of its tools", () => {
  it("lists five tools, each with schemas and with an honest hint whether it writes", async () => {
    const { tools } = await client.listTools();
    const hints = tools.map((tool) => [tool.name, tool.annotations?.readOnlyHint]);
    expect(Object.fromEntries(hints)).toEqual({
      service_status: true,
      disk_usage: true,
      tail_log: true,
      clear_cache: false,
      restart_service: false,
    });
    for (const tool of tools) {
      expect(tool.outputSchema, tool.name).toMatchObject({ type: "object" });
      expect(tool.inputSchema, tool.name).toMatchObject({ additionalProperties: false });
    }
  });
});

describe("reading", () => {
  it("reports a healthy and then a degraded service", async () => {
    expect((await call("service_status")).output).toMatchObject({
      healthy: true,
      http_status: 200,
    });
    await fill();
    const { output, text } = await call("service_status");
    expect(output).toMatchObject({ healthy: false, status: "degraded", http_status: 503 });
    expect(JSON.parse(text ?? "")).toEqual(output);
  });

  it("reports an unreachable service as such, without an error", async () => {
    shop.process.stdin?.end();
    await expect
      .poll(async () => (await call("service_status")).output)
      .toMatchObject({
        healthy: false,
        status: "unreachable",
        http_status: null,
      });
  });

  it("adds up the cache folder and finds the old part", async () => {
    await fill();
    expect((await call("disk_usage", { path: cacheDir })).output).toMatchObject({
      percent: 96,
      files: 24,
      used_bytes: 24 * 256 * 1024,
      older_than_24h: { files: 18, bytes: 18 * 256 * 1024 },
    });
  });

  it("reads the last lines of the log and counts the refused writes in them", async () => {
    await fill();
    const { output } = await call("tail_log", { lines: 10 });
    expect(output).toMatchObject({ line_count: 10, no_space_errors: 10, error_count: 10 });
    expect((await call("tail_log")).output).toMatchObject({ no_space_errors: 37 });
  });
});

describe("clear_cache", () => {
  it("deletes what is older, keeps the rest, and the shop is healthy again", async () => {
    await fill();
    expect((await clear()).output).toEqual({
      host: "shop-cache-01",
      path: cacheDir,
      older_than: "24h",
      dry_run: false,
      deleted_files: 18,
      freed_bytes: 18 * 256 * 1024,
      kept_files: 6,
      errors: [],
    });
    await expect(lstat(join(cacheDir, "products/1/1.html"))).rejects.toThrow("ENOENT");
    expect((await call("service_status")).output).toMatchObject({ healthy: true });
  });

  it("deletes nothing in a dry run, and says what it would delete", async () => {
    await fill();
    expect((await clear({ dry_run: true })).output).toMatchObject({ deleted_files: 18 });
    expect((await call("disk_usage", { path: cacheDir })).output).toMatchObject({ files: 24 });
  });

  it("does not leave its folder by `..`, by another path or by a link", async () => {
    const outside = join(shop.folder, "outside.html");
    await writeFile(outside, "keep me");
    await utimes(outside, 1, 1);
    await symlink(shop.folder, join(cacheDir, "way-out"));
    await symlink(outside, join(cacheDir, "linked.html"));
    for (const path of [shop.folder, `${cacheDir}/..`, join(cacheDir, "way-out"), "/"]) {
      const refused = await clear({ path });
      expect(refused.isError, path).toBe(true);
      expect(refused.text).toContain("lies outside");
    }
    await clear();
    expect((await lstat(outside)).size).toBe(7);
    expect((await lstat(join(cacheDir, "linked.html"))).isSymbolicLink()).toBe(true);
  });

  it.each([
    ["another host", { host: "shop-cache-02" }, "shop-cache-01"],
    ["a missing folder", { path: "/no/such/folder" }, "There is no folder"],
    ["a relative path", { path: "cache" }, "path"],
    ["an age without unit", { older_than: "24" }, "older_than"],
    ["an unknown argument", { force: true }, "force"],
  ])("refuses %s and says why", async (_, change, reason) => {
    await fill();
    const refused = await clear(change);
    expect(refused.isError).toBe(true);
    expect(refused.text).toContain(reason);
    expect((await call("disk_usage", { path: cacheDir })).output).toMatchObject({ files: 24 });
  });
});

describe("restart_service", () => {
  it("restarts the shop: a new start time, counters at zero, the cache kept", async () => {
    await fill();
    const before = (await call("service_status")).output as { detail: Record<string, unknown> };
    expect(before.detail).toMatchObject({ refused_writes: 37 });
    const restarted = (await call("restart_service", { host: "shop-cache-01" })).output as object;
    const after = (await call("service_status")).output as { detail: Record<string, unknown> };
    expect(after.detail).toMatchObject({ ...restarted, refused_writes: 0, cache: { files: 24 } });
    expect(after.detail.started_at).not.toBe(before.detail.started_at);
  });

  it("needs the shop's admin token", async () => {
    const response = await fetch(new URL("/restart", shop.url), {
      method: "POST",
      headers: { authorization: "Bearer guess" },
    });
    expect(response.status).toBe(401);
  });
});
