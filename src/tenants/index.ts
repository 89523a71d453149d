export type { Freeze, InFlightCall } from "./freeze-contract.ts";
export {
  type FreezePlace,
  holdFreezes,
  isFrozenRun,
  readFreeze,
  readProjectOfAgent,
} from "./freeze-queries.ts";
export { freezeRoutes } from "./freeze-routes.ts";
export { createFreezes } from "./freezes.ts";
export { type Project, readProject, readProjectToStart } from "./queries.ts";
export { tenantRoutes } from "./routes.ts";
export { createTenants, type Deactivated } from "./service.ts";
