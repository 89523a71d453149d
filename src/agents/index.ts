export { createRunbookAgent } from "./engine.ts";
export { contractChecks } from "./expressions.ts";
