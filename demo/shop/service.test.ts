import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Health } from "./health.ts";
import type { PagerMessage } from "./pager.ts";
import { startTestShop, type TestShop } from "./test-shop.ts";
import { fillCache } from "./traffic.ts";

let shop: TestShop;
beforeEach(async () => {
  shop = await startTestShop(25);
});
afterEach(() => shop.close());

const get = (path: string) => fetch(new URL(path, shop.url));

async function health(): Promise<{ code: number; body: Health }> {
  const response = await get("/healthz");
  return { code: response.status, body: (await response.json()) as Health };
}

function page(body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(new URL("/pager", shop.url), { method: "POST", body, headers });
}

function sign(id: string, body: string, at = new Date()): Record<string, string> {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(shop.env.SHOP_PAGER_SECRET ?? "").sign(id, at, body),
  };
}

describe("the shop", () => {
  it("is healthy while its cache takes pages, and serves a stored page from it", async () => {
    expect((await get("/products/7")).headers.get("x-cache")).toBe("stored");
    expect((await get("/products/7")).headers.get("x-cache")).toBe("hit");
    const { code, body } = await health();
    expect(code).toBe(200);
    expect(body).toMatchObject({ status: "healthy", cache: { files: 1, writable: true } });
  });

  it("turns red when traffic has filled the cache to its quota, and logs each refused write", async () => {
    const filled = await fillCache(shop.url, shop.env.SHOP_CACHE_DIR ?? "", 10);
    expect(filled).toEqual({ stored: 24, backdated: 10, refused: 37 });
    const { code, body } = await health();
    expect(code).toBe(503);
    expect(body).toMatchObject({ status: "degraded", refused_writes: 37 });
    expect(body.cache).toMatchObject({ percent: 96, files: 24, writable: false });
    const log = await readFile(shop.env.SHOP_LOG_FILE ?? "", "utf8");
    expect(log.split("\n").filter((line) => line.includes("ENOSPC"))).toHaveLength(37);
    const old = await stat(join(shop.env.SHOP_CACHE_DIR ?? "", "products/1/1.html"));
    expect(Date.now() - old.mtimeMs).toBeGreaterThan(24 * 3_600_000);
  });

  it("still serves customers when nothing can be stored", async () => {
    await fillCache(shop.url, shop.env.SHOP_CACHE_DIR ?? "", 0);
    const response = await get("/products/9000");
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("<h1>Product 9000</h1>");
  });

  it("ends when its parent closes standard input", async () => {
    const exited = once(shop.process, "exit");
    shop.process.stdin?.end();
    expect(await exited).toEqual([0, null]);
  });
});

describe("the pager", () => {
  it("stores a signed message once, however often it is delivered, and shows it escaped", async () => {
    const body = JSON.stringify({ type: "final", text: "<script>alert(1)</script>" });
    const headers = sign("msg_1", body);
    expect((await page(body, headers)).status).toBe(200);
    expect((await page(body, headers)).status).toBe(200);
    const { messages } = (await (await get("/pager")).json()) as { messages: PagerMessage[] };
    expect(messages).toMatchObject([{ id: "msg_1", payload: JSON.parse(body) }]);
    const home = await (await get("/")).text();
    expect(home).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(home).not.toContain("<script>");
  });

  it("refuses a changed body, an old timestamp and a message without signature", async () => {
    const body = '{"text":"disk is fine"}';
    const stale = sign("msg_2", body, new Date(Date.now() - 3_600_000));
    expect((await page(`${body} `, sign("msg_1", body))).status).toBe(401);
    expect((await page(body, stale)).status).toBe(401);
    expect((await page(body, {})).status).toBe(401);
    expect(await (await get("/pager")).json()).toEqual({ messages: [] });
  });

  it("refuses a message above 256 KiB", async () => {
    const body = JSON.stringify({ text: "x".repeat(300 * 1024) });
    expect((await page(body, sign("msg_3", body))).status).toBe(413);
  });
});
