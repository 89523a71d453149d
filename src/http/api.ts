import type { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { type ApiEnv, type Identity, isOpenToAgents } from "../identity/index.ts";
import { AppError } from "../platform/errors.ts";
import { lostNumber, lostNumberFinding } from "../platform/exact-json.ts";
import { bodyKind, newApi, notJson, problemResponse } from "../platform/http/index.ts";
import { describeEdge } from "./describe.ts";
import { languageOf } from "./language.ts";

const DESCRIPTION: Parameters<OpenAPIHono["getOpenAPI31Document"]>[0] = {
  openapi: "3.1.0",
  info: {
    title: "AwoooP operator API",
    version: "1",
    description: "Errors are RFC 9457 problem documents with a `code`; times are RFC 3339 UTC.",
    license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
  },
  servers: [{ url: "/api/v1" }],
  security: [{ key: [] }, { session: [] }],
};

/** The operator API: every operation knows its caller and language; none but signing in is open to strangers. */
export function createApi(options: {
  identity: Identity;
  routers: readonly OpenAPIHono<ApiEnv>[];
}): OpenAPIHono<ApiEnv> {
  const api = newApi<ApiEnv>();
  api.use(
    methodNotAllowed({
      app: api,
      onMethodNotAllowed: (c, methods) => refuseMethod(c.req, methods),
    }),
  );
  api.use(neverStored);
  api.use(askWho(options.identity));
  api.use(onlyJson);
  for (const router of options.routers) api.route("/", router);
  api.openAPIRegistry.registerComponent("securitySchemes", "key", {
    type: "http",
    scheme: "bearer",
  });
  api.openAPIRegistry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: "awooop_session",
  });
  let description: string | undefined;
  api.get("/openapi.json", (c) => {
    description ??= JSON.stringify(describeEdge(api.getOpenAPI31Document(DESCRIPTION)));
    return c.body(description, 200, { "content-type": "application/json" });
  });
  return api;
}

/** Operations that need no key, as they stand under /api/v1. */
const OPEN = new Set(["POST /api/v1/session", "GET /api/v1/openapi.json"]);

function askWho(identity: Identity): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set("language", languageOf(c.req.header("accept-language")));
    if (!OPEN.has(`${c.req.method} ${c.req.path}`)) {
      const caller = await identity.authenticate(c.req.raw);
      if (caller.role === "agent" && !isOpenToAgents(c.req.method, c.req.path)) {
        throw new AppError(
          "E-FORBIDDEN",
          "An agent's key opens the gateway at /mcp and the agent's own runs; this needs a person's key.",
        );
      }
      c.set("caller", caller);
    }
    await next();
  };
}

const neverStored: MiddlewareHandler = async (c, next) => {
  await next();
  if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
};

/** A body in another type would pass for an empty one; and forms are what other sites can send without asking. */
const onlyJson: MiddlewareHandler = async (c, next) => {
  const hasBody =
    Number(c.req.header("content-length") ?? 0) > 0 || c.req.header("transfer-encoding");
  if (hasBody && bodyKind(c.req.header("content-type")) !== "json") throw notJson();
  const lost = hasBody ? lostNumber(await c.req.text()) : undefined;
  if (lost !== undefined) {
    throw new AppError("E-INPUT", "The body holds a number that would become another one.", {
      errors: [
        { path: lost.path === "" ? "body" : `body.${lost.path}`, ...lostNumberFinding(lost) },
      ],
    });
  }
  await next();
};

function refuseMethod(request: { method: string; path: string }, methods: string[]): Response {
  const allow = methods.join(", ");
  const response = problemResponse(
    new AppError("E-METHOD", `${request.path} knows ${allow}, not ${request.method}.`),
  );
  response.headers.set("allow", allow);
  return response;
}
