export { type ArgumentChecker, createArgumentChecker } from "./arguments.ts";
export type { GateFacts, QuestionFact } from "./facts.ts";
export { askGates, type GateDecision } from "./gates.ts";
export { policyBodySchema } from "./policy-body.ts";
export type { GateNumber, Verdict } from "./verdicts.ts";
