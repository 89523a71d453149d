export { RUN_STATES, type RunEvent, type RunState } from "./contract.ts";
export { createRun, type NewRun } from "./create.ts";
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
export { eventForLost, isFinal } from "./states.ts";
export { appendStep, completeStep, readSteps, type StepRow } from "./steps.ts";
export { claimRun, type RunEffects, type TransitionRequest, transition } from "./transition.ts";
