import { existsSync } from "node:fs";
import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono, type MiddlewareHandler } from "hono";

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
  pages.use(cacheByName);
  pages.use(serveStatic({ root: webRoot, precompressed: true }));
  const index = serveStatic({ root: webRoot, path: "index.html", precompressed: true });
  return pages.get("*", (c, next) => (NOT_PAGES.test(c.req.path) ? next() : index(c, next)));
}

const cacheByName: MiddlewareHandler = async (c, next) => {
  await next();
  if (!c.res.ok) return;
  const hashed = c.req.path.startsWith("/assets/");
  c.res.headers.set("cache-control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
};
