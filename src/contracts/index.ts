export { type AgentBody, agentBodySchema } from "./agent-body.ts";
export type { Family } from "./contract.ts";
export {
  activeRevision,
  activeRevisions,
  type Revision,
  readAgent,
  readRevision,
} from "./revisions.ts";
