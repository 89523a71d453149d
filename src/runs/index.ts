export { runOfCaller } from "./actions.ts";
export { type AgentCaller, activeAgent, agentOf, openClientRun } from "./client.ts";
export { RUN_STATES, type RunEvent, type RunState } from "./contract.ts";
export { createRun, type NewRun } from "./create.ts";
export { runListRoutes } from "./list.ts";
export { lowerMode } from "./mode.ts";
export {
  addCost,
  heartbeat,
  lockRun,
  projectOfRun,
  type RunRow,
  readRun,
  requireFence,
  touchClientRun,
} from "./queries.ts";
export { runRoutes } from "./routes.ts";
export { eventForLost, isFinal } from "./states.ts";
export { appendStep, completeStep, readSteps, type StepRow } from "./steps.ts";
export { claimRun, type RunEffects, type TransitionRequest, transition } from "./transition.ts";
