export { expireQuestions, voidQuestionsOfProject, voidQuestionsOfRun } from "./close.ts";
export type { ApprovalEffects, QuestionEnding } from "./effects.ts";
export { type NewQuestion, openQuestion } from "./open.ts";
export { type ApprovalRow, decisionsOf, lockQuestion } from "./queries.ts";
export { markAnswered, redeem } from "./redeem.ts";
export { decideRoutes } from "./routes.ts";
export type { ExactCall } from "./rules.ts";
export { createSigner, ensureSigningKey, type Signer } from "./signing.ts";
export { waitForDecision } from "./wait.ts";
