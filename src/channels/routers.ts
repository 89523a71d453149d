import type { Database } from "../platform/database/index.ts";
import type { Cursors } from "../platform/http/index.ts";
import type { Jobs } from "../platform/jobs/index.ts";
import { caseRoutes } from "./case-routes.ts";
import { channelPageRoutes } from "./channels-routes.ts";
import { outboxRoutes } from "./outbox-routes.ts";
import { channelRoutes } from "./routes.ts";

/** What the operator API has of channels: what came in, what goes out, and how they are. */
export function channelRouters(deps: { db: Database; jobs: Pick<Jobs, "send">; cursors: Cursors }) {
  return [channelRoutes(deps), caseRoutes(deps), channelPageRoutes(deps), outboxRoutes(deps)];
}
