import { existsSync } from "node:fs";
import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";

/** What is not the console's: a wrong address there is an error and not a page. */
const NOT_PAGES = /^\/(api|mcp|hooks|assets)(\/|$)/;

const NOT_BUILT = `AwoooP is running, but its console has not been built.

Build it with:    npm run build:web
then start again. The operator API is at /api/v1, its description at /api/v1/openapi.json.
`;

/**
 * The console's files. Their names under /assets carry a hash, so those are kept for ever; every other address is a
 * page of the console, which finds its own way from index.html.
 */
export function consolePages(webRoot: string): Hono {
  const pages = new Hono();
  if (!existsSync(join(webRoot, "index.html"))) {
    return pages.get("*", (c, next) => (NOT_PAGES.test(c.req.path) ? next() : c.text(NOT_BUILT)));
  }
  pages.get("/assets/*", async (c, next) => {
    await next();
    if (c.res.ok) c.res.headers.set("cache-control", "public, max-age=31536000, immutable");
  });
  pages.use("*", serveStatic({ root: webRoot }));
  const index = serveStatic({ root: webRoot, path: "index.html" });
  return pages.get("*", (c, next) => {
    if (NOT_PAGES.test(c.req.path)) return next();
    c.header("cache-control", "no-cache");
    return index(c, next);
  });
}
