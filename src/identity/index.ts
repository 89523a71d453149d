export { ensureAdminKey } from "./admin-key.ts";
export { isOpenToAgents } from "./agent-reach.ts";
export {
  type ApiEnv,
  type Caller,
  isPlatformAdmin,
  requirePlatformAdmin,
  requireProject,
  requireRole,
  type Surface,
  scopeOf,
  sees,
  unknownProject,
} from "./caller.ts";
export type { Role } from "./contract.ts";
export { createKeys, type Keys } from "./key-service.ts";
export { identityRoutes } from "./routes.ts";
export { createIdentity, type Identity } from "./service.ts";
