export { type AgentDeps, createRunbookAgent, type RunbookAgent } from "./engine.ts";
export { contractChecks } from "./expressions.ts";
