export { type ArgumentChecker, createArgumentChecker } from "./arguments.ts";
export { verdictText } from "./contract.ts";
export type { GateFacts, PolicyFact, QuestionFact } from "./facts.ts";
export { askGates, frozenReason, type GateDecision } from "./gates.ts";
export { createPolicies, type Policies } from "./policies.ts";
export { policyBodySchema, policyChecks, policyFamily } from "./policy-body.ts";
export { policiesOf } from "./policy-text.ts";
export type { GateNumber, Verdict } from "./verdicts.ts";
