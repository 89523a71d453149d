import type { Database } from "../platform/database/index.ts";
import type { Cursors } from "../platform/http/index.ts";
import { lifecycleRoutes } from "./lifecycle-routes.ts";
import { contractsRoutes } from "./routes.ts";
import type { Contracts } from "./service.ts";

/** What the operator API has of contracts: to read and compare them, and to lead them through their life. */
export function contractRouters(deps: { db: Database; contracts: Contracts; cursors: Cursors }) {
  return [contractsRoutes(deps), lifecycleRoutes(deps)];
}
