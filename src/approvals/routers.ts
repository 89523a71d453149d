import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnv } from "../identity/index.ts";
import type { Cursors } from "../platform/http/index.ts";
import type { DecideDeps } from "./decide.ts";
import { decideManyRoutes } from "./decide-many.ts";
import { approvalListRoutes } from "./list.ts";
import { recordRoutes } from "./record-routes.ts";
import { decideRoutes } from "./routes.ts";
import { approvalRoutes } from "./show.ts";

/** What people do with questions: see them, decide about them, and prove later that somebody did. */
export function questionRouters(deps: DecideDeps & { cursors: Cursors }): OpenAPIHono<ApiEnv>[] {
  return [
    approvalListRoutes(deps),
    approvalRoutes(deps),
    decideRoutes(deps),
    decideManyRoutes(deps),
    recordRoutes(deps),
  ];
}
