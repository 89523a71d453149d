export { cancelRun, runOfCaller } from "./actions.ts";
export { bulkRoutes } from "./bulk-routes.ts";
export { startBulkOfDeactivated } from "./bulk-start.ts";
export { type BulkDeps, wakeBulks, workOnBulk } from "./bulk-work.ts";
export { activeAgent, agentOf } from "./client.ts";
export { RUN_STATES, type RunState } from "./contract.ts";
export { createRun } from "./create.ts";
export { runListRoutes } from "./list.ts";
export { lowerMode } from "./mode.ts";
export { createOpenRuns, type OpenRuns } from "./open-runs.ts";
export {
  addCost,
  addCosts,
  heartbeat,
  holdRuns,
  lockRun,
  lockRuns,
  type RunHead,
  type RunRow,
  readRun,
  requireFence,
  touchClientRun,
  touchClientRuns,
} from "./queries.ts";
export { runRoutes } from "./routes.ts";
export { readStart, type StartKey, startWords } from "./start-contract.ts";
export { eventForLost, isFinal } from "./states.ts";
export { appendStep, completeStep, readSteps, type StepRow } from "./steps.ts";
export { wakeThawedRuns } from "./thaw.ts";
export { applyEventToAll, claimRun, type RunEffects, transition, yieldRun } from "./transition.ts";
