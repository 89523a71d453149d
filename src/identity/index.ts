export { ensureAdminKey } from "./admin-key.ts";
export { isOpenToAgents } from "./agent-reach.ts";
export {
  type ApiEnv,
  type Caller,
  isPlatformAdmin,
  requirePlatformAdmin,
  requireProject,
  requireRole,
  scopeOf,
  sees,
  unknownProject,
} from "./caller.ts";
export { resourceMetadata } from "./challenge.ts";
export { callerOfChat, linkChat, sweepChatLinks, unlinkChat } from "./chat-service.ts";
export type { Role } from "./contract.ts";
export { answerOnce } from "./idempotency.ts";
export { createKeys } from "./key-service.ts";
export type { MemberRole } from "./member-contract.ts";
export { memberRoutes } from "./member-routes.ts";
export { oauthClientRoutes } from "./oauth-routes.ts";
export { projectsTable } from "./projects-table.ts";
export { identityRoutes } from "./routes.ts";
export { createIdentity, type Identity } from "./service.ts";
