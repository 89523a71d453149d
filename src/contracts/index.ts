export {
  type AgentBody,
  agentBodySchema,
  type CallStep,
  type Cel,
  type CheckStep,
  type EscalationStep,
  isChatAllowed,
  type MessageStep,
  PLAIN_GRANT,
  type RunbookStep,
  type ToolGrant,
  type Words,
} from "./agent-body.ts";
export type { Families } from "./documents.ts";
export { matchesPattern } from "./patterns.ts";
export {
  activeHeads,
  activeRevision,
  activeRevisions,
  hasAgent,
  holdUnretired,
  type Revision,
  readAgent,
  readRevision,
} from "./revisions.ts";
export { contractRouters } from "./routers.ts";
export { contractsRoutes } from "./routes.ts";
export { createContracts } from "./service.ts";
