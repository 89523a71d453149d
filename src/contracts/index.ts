export {
  type AgentBody,
  agentBodySchema,
  type CallStep,
  type Cel,
  type CheckStep,
  type MessageStep,
  type RunbookStep,
  type ToolGrant,
  type Words,
} from "./agent-body.ts";
export type { Family } from "./contract.ts";
export type { Families, FamilyRules } from "./documents.ts";
export {
  activeRevision,
  activeRevisions,
  type Revision,
  readAgent,
  readRevision,
} from "./revisions.ts";
export { contractsRoutes } from "./routes.ts";
export { type Contracts, createContracts } from "./service.ts";
