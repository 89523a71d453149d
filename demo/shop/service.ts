import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { createShopApp, Shop } from "./app.ts";
import { readShopSettings, type ShopSettings } from "./settings.ts";

const CLOSE_GRACE_MS = 200;

/** Listens on the loopback address; `port` 0 lets the system choose. */
function listen(fetch: (request: Request) => Response | Promise<Response>, port: number) {
  return new Promise<{ server: ServerType; port: number }>((resolve, reject) => {
    const server = serve({ fetch, port, hostname: "127.0.0.1" }, (address: AddressInfo) => {
      resolve({ server, port: address.port });
    });
    server.once("error", reject);
  });
}

/** Takes no new connection, lets answers finish for up to 200 ms, then cuts what is left. */
function close(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    const cut = () => "closeAllConnections" in server && server.closeAllConnections();
    setTimeout(cut, CLOSE_GRACE_MS).unref();
  });
}

/** Runs the shop until its parent closes our standard input, or until SIGTERM or SIGINT. */
async function main(settings: ShopSettings): Promise<void> {
  await mkdir(settings.SHOP_CACHE_DIR, { recursive: true });
  const shop = new Shop(settings);
  let listening: Promise<{ server: ServerType; port: number }>;
  const app = createShopApp(shop, settings.SHOP_ADMIN_TOKEN, () => {
    listening = listening.then(async ({ server, port }) => {
      await close(server);
      shop.startedAt = new Date();
      shop.refusedWrites = 0;
      await shop.log.write("INFO", "restarted");
      return listen(app.fetch, port);
    });
  });
  listening = listen(app.fetch, settings.SHOP_PORT);
  const { port } = await listening;
  await shop.log.write("INFO", `shop on ${shop.host} listens on port ${port}`);
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await shop.log.write("INFO", "stopping");
    await close((await listening).server);
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdin.once("end", stop).resume();
}

await main(readShopSettings(process.env));
