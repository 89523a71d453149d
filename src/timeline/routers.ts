import type { Database } from "../platform/database/index.ts";
import type { Cursors } from "../platform/http/index.ts";
import { auditRoutes } from "./audit-routes.ts";
import { timelineRoutes } from "./routes.ts";

/** What the operator API tells of what happened: to a run, and by whom to anything. */
export function timelineRouters(deps: { db: Database; cursors: Cursors }) {
  return [timelineRoutes(deps), auditRoutes(deps)];
}
