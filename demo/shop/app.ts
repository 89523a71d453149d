import { timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { PageCache, QuotaExceeded } from "./cache.ts";
import { type Health, judge } from "./health.ts";
import { LogFile } from "./log.ts";
import { Pager } from "./pager.ts";
import { pagePath, renderHome, renderProduct } from "./pages.ts";
import { PAGE_BYTES, type ShopSettings } from "./settings.ts";

const PAGER_BODY_LIMIT = 256 * 1024;

/** What the shop is made of; `startedAt` and `refusedWrites` start anew when it restarts. */
export class Shop {
  readonly host: string;
  readonly cache: PageCache;
  readonly log: LogFile;
  readonly pager: Pager;
  startedAt = new Date();
  refusedWrites = 0;

  constructor(settings: ShopSettings) {
    this.host = settings.SHOP_HOST;
    this.cache = new PageCache(settings.SHOP_CACHE_DIR, settings.SHOP_QUOTA_BYTES);
    this.log = new LogFile(settings.SHOP_LOG_FILE);
    this.pager = new Pager(settings.SHOP_PAGER_SECRET);
  }

  async health(): Promise<Health> {
    const { usedBytes, files } = await this.cache.usage();
    const writable = await this.cache.accepts(PAGE_BYTES);
    return judge({
      host: this.host,
      started_at: this.startedAt.toISOString(),
      refused_writes: this.refusedWrites,
      cache: {
        path: this.cache.folder,
        used_bytes: usedBytes,
        quota_bytes: this.cache.quotaBytes,
        files,
        writable,
      },
    });
  }

  /** A product's page, from the cache or rendered; a full cache slows us down but stops no customer. */
  async product(id: number): Promise<{ page: string; cache: "hit" | "stored" | "not-stored" }> {
    const known = await this.cache.get(pagePath(id));
    if (known !== undefined) return { page: known, cache: "hit" };
    const page = renderProduct(id);
    try {
      await this.cache.put(pagePath(id), page);
      return { page, cache: "stored" };
    } catch (error) {
      if (!(error instanceof QuotaExceeded)) throw error;
      this.refusedWrites += 1;
      await this.log.write("ERROR", `cache write failed: ${error.message}`);
      return { page, cache: "not-stored" };
    }
  }
}

/**
 * The shop's HTTP face. `restart` is called once the answer to `POST /restart` is on its way.
 * Nothing here is needed from AwoooP: this is the thing it looks after.
 */
export function createShopApp(shop: Shop, adminToken: string, restart: () => void): Hono {
  const app = new Hono();
  app.get("/", async (c) => c.html(renderHome(await shop.health(), shop.pager.messages())));
  app.get("/healthz", async (c) => {
    const health = await shop.health();
    return c.json(health, health.status === "healthy" ? 200 : 503);
  });
  app.get("/products/:id{[1-9][0-9]{0,5}}", async (c) => {
    const { page, cache } = await shop.product(Number(c.req.param("id")));
    c.header("x-cache", cache);
    return c.html(page);
  });
  app.get("/pager", (c) => c.json({ messages: shop.pager.messages() }));
  app.post("/pager", bodyLimit({ maxSize: PAGER_BODY_LIMIT }), async (c) => {
    const delivery = shop.pager.receive(await c.req.text(), c.req.header());
    if (delivery.outcome === "refused") {
      await shop.log.write("WARN", `pager message refused: ${delivery.reason}`);
      return c.json({ error: `The signature does not hold: ${delivery.reason}` }, 401);
    }
    await shop.log.write("INFO", `pager message ${delivery.outcome}: ${delivery.message.id}`);
    return c.json({ id: delivery.message.id }, 200);
  });
  app.post("/restart", async (c) => {
    if (!holdsToken(c.req.header("authorization"), adminToken)) {
      return c.json({ error: "This needs the shop's admin token as bearer." }, 401);
    }
    await shop.log.write("WARN", "restart asked for");
    setImmediate(restart);
    return c.json({ restarting: true, started_at: shop.startedAt.toISOString() }, 202);
  });
  return app;
}

function holdsToken(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
