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
