/**
 * The floor: a bare `node:http` and `pg` server. For each question it is given, it lets the real route run once, notes what
 * that sends to the database, and from then on answers the question by sending the very same statements with the same values,
 * all of them at once, and the rows as JSON. No authentication, no checks, no shaping: what is left is what the database and
 * HTTP cost.
 */

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Hono } from "hono";
import pg from "pg";
import type { ApiEnv } from "../../src/identity/index.ts";
import { type Database, openDatabase } from "../../src/platform/database/index.ts";
import { SETTINGS } from "../../src/platform/database/transaction.ts";
import { createCursors, problemResponse } from "../../src/platform/http/index.ts";
import { createLog } from "../../src/platform/log.ts";
import { runListRoutes } from "../../src/runs/index.ts";
import { timelineRoutes } from "../../src/timeline/index.ts";
import { type Sent, statementsOf } from "../../test/support/sent-statements.ts";

/** What the benchmark asks of this process; it answers with its port. */
export interface FloorOrder {
  databaseUrl: string;
  project: string;
  /** Paths under /api/v1, with their queries. */
  paths: string[];
}

/** A statement as it is handed to the driver. */
const PREFIX = "/api/v1";
const TIMES_BEFORE = 4;
const CONNECTIONS = 12;
const JSON_TYPES = new Set([114, 3802]);
const INTEGER_TYPES = new Set([20, 21, 23]);

/** No more parsing than JSON needs. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number) =>
    JSON_TYPES.has(oid)
      ? JSON.parse
      : INTEGER_TYPES.has(oid)
        ? Number
        : (text: string) => text) as typeof pg.types.getTypeParser,
};

/** The routes that are copied, for a tenant's caller. */
function routesFor(order: FloorOrder, db: Database): Hono<ApiEnv> {
  const deps = { db, cursors: createCursors(randomBytes(32)) };
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    c.set("caller", {
      keyId: "floor",
      actor: { kind: "key", id: "floor" },
      role: "viewer",
      projects: [order.project],
      agentId: null,
      holdSeconds: 0,
      mayActForOthers: false,
      surface: "api",
    });
    c.set("language", "en");
    await next();
  });
  app.route("/", runListRoutes(deps));
  app.route("/", timelineRoutes(deps));
  app.onError((error) => problemResponse(error));
  return app;
}

/** Runs the real routes and notes the statements of each path. */
async function capture(order: FloorOrder): Promise<Map<string, Sent[]>> {
  const db = openDatabase({ url: order.databaseUrl, max: 1, log: createLog("silent") });
  const app = routesFor(order, db);
  const noted = new Map<string, Sent[]>();
  const ask = async (path: string) => {
    const response = await app.request(path.slice(PREFIX.length));
    if (response.status !== 200) throw new Error(`${path}: ${await response.text()}`);
  };
  try {
    for (const path of order.paths) {
      // As a server asks that has been asked before: statements that come again are prepared.
      for (let times = 0; times < TIMES_BEFORE; times++) await ask(path);
      noted.set(path, await statementsOf(() => ask(path)));
    }
  } finally {
    await db.close();
  }
  return noted;
}

async function serve(order: FloorOrder): Promise<number> {
  const noted = await capture(order);
  const pool = new pg.Pool({
    connectionString: order.databaseUrl,
    max: CONNECTIONS,
    types,
    pipeline: true,
  } as pg.PoolConfig);
  pool.on("connect", (client) => void client.query(SETTINGS));
  const server = createServer(async (request, response) => {
    const statements = noted.get(request.url ?? "");
    if (!statements) return response.writeHead(404).end();
    const client = await pool.connect();
    const results = await Promise.all(statements.map((statement) => client.query(statement)));
    client.release();
    const body = JSON.stringify(results.map(({ rows }) => rows));
    response
      .writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      })
      .end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

process.once("message", (order: FloorOrder) => {
  serve(order).then(
    (port) => process.send?.({ port }),
    (error: unknown) => process.send?.({ failed: String((error as Error).stack) }),
  );
});
// Its end of the channel closes with the benchmark, however that ends.
process.once("disconnect", () => process.exit(0));
