import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Registry } from "prom-client";
import type { ApiEnv, Identity } from "../identity/index.ts";
import type { Changes } from "../platform/database/changes.ts";
import { Unreachable } from "../platform/database/unreachable.ts";
import { AppError } from "../platform/errors.ts";
import { notJson, problemResponse, type WhenSent, whenSent } from "../platform/http/index.ts";
import type { Logger } from "../platform/log.ts";
import { createApi } from "./api.ts";
import { limitBody } from "./body-limit.ts";
import { consolePages } from "./console.ts";
import { createEvents } from "./events.ts";
import { commonHeaders, headersOf, type RequestIdVariables, requestIdOf } from "./headers.ts";
import { createMeasures, type Measures, measureRequests } from "./metrics.ts";
import { type Listening, serve } from "./serve.ts";

/** The gateway, as far as it is reached over HTTP. */
interface Gateway {
  fetch(request: Request, whenSent: WhenSent): Promise<Response>;
  /** Answers some requests past all that is done for others, and says with which status; undefined for the rest. */
  answerPlainly(
    request: IncomingMessage,
    response: ServerResponse,
    headers: Record<string, string>,
  ): Promise<number | undefined>;
}

export interface HttpOptions {
  config: { host: string; port: number; publicUrl: string };
  identity: Identity;
  changes: Changes;
  /** What features offer under /api/v1. */
  routers: readonly OpenAPIHono<ApiEnv>[];
  /** Answers /mcp; it authenticates its callers itself. */
  mcp?: Gateway | undefined;
  /** Answers /hooks/{project_id}/{channel_id}; its paths begin after /hooks. */
  hooks?: Hono | undefined;
  /** What stands under /.well-known. */
  wellKnown?: readonly (Hono | undefined)[];
  metrics: Registry;
  /** Whether requests can be served now: the database answers and is migrated. */
  ready: () => Promise<boolean>;
  log: Logger;
  /** The folder of the built console. */
  webRoot: string;
  /** How often event streams show that they live, in milliseconds (15,000). */
  pingMs?: number;
}

type Env = { Variables: RequestIdVariables; Bindings: HttpBindings };

export interface Http {
  app: Hono<Env>;
  /** @throws AppError E-CONFIG when the address can't be had */
  listen(): Promise<Listening>;
}

/** Everything that is reached over HTTP: the operator API, the gateway, hooks, the console, health and metrics. */
export function createHttp(options: HttpOptions): Http {
  const app = new Hono<Env>();
  const events = createEvents(options);
  const https = options.config.publicUrl.startsWith("https:");
  const measures = createMeasures(options.metrics);
  app.use(measureRequests(measures));
  app.use(commonHeaders({ https }));
  app.use(limitBody);
  app.onError((error, c) => answerError(error, c, options.log));
  app.notFound((c) => problemResponse(notFound(c.req.path)));

  addHealth(app, options);
  app.route("/api/v1", createApi({ ...options, routers: [...options.routers, events.routes] }));
  const { mcp, hooks } = options;
  if (mcp) app.all("/mcp", (c) => mcp.fetch(c.req.raw, whenSent(c.env)));
  const plainly = mcp && answerPlainly(mcp, measures, headersOf({ https }));
  if (hooks) app.route("/hooks", hooks);
  for (const routes of options.wellKnown ?? []) if (routes) app.route("/.well-known", routes);
  app.route("/", consolePages(options.webRoot));

  return {
    app,
    async listen() {
      const listening = await serve(app, options.config, plainly);
      return {
        port: listening.port,
        close() {
          events.close();
          return listening.close();
        },
      };
    },
  };
}

/** What is done for every answer, for those that the gateway gives by itself. */
function answerPlainly(mcp: Gateway, measures: Measures, headers: Record<string, string>) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    if (request.url !== "/mcp") return false;
    const start = performance.now();
    const id = requestIdOf(request.headers["x-request-id"]);
    const common = { ...headers, "x-request-id": id };
    const status = await mcp.answerPlainly(request, response, common);
    if (status === undefined) return false;
    measures.observe({ method: "POST", route: "/mcp", status }, (performance.now() - start) / 1000);
    return true;
  };
}

function addHealth(app: Hono<Env>, options: HttpOptions): void {
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) => {
    const ready = await options.ready().catch((error: unknown) => {
      options.log.warn({ err: error }, "not ready");
      return false;
    });
    return c.json({ status: ready ? "ready" : "not ready" }, ready ? 200 : 503);
  });
  app.get("/metrics", async (c) =>
    c.body(await options.metrics.metrics(), 200, { "content-type": options.metrics.contentType }),
  );
}

function notFound(path: string): AppError {
  return new AppError("E-NOT-FOUND", `There is nothing at ${path}.`);
}

function answerError(error: Error, c: Context<Env>, log: Logger): Response {
  if (error instanceof HTTPException && error.status === 400) {
    return problemResponse(new AppError("E-JSON", "The body is not valid JSON; nothing was read."));
  }
  if (error instanceof HTTPException && error.status === 415) {
    return problemResponse(notJson());
  }
  if (!(error instanceof AppError)) {
    const where = { method: c.req.method, path: c.req.path, request_id: c.get("requestId") };
    if (error instanceof Unreachable) {
      log.warn({ err: error.cause, ...where }, "a request found no database");
      return problemResponse(error);
    }
    log.error({ err: error, ...where }, "a request failed");
    const detail = `The error has been logged under the request id ${c.get("requestId")}.`;
    return problemResponse(new AppError("E-INTERNAL", detail));
  }
  const response = problemResponse(error);
  const seconds = error.extra?.retry_after_seconds;
  if (typeof seconds === "number") response.headers.set("retry-after", String(seconds));
  return response;
}
