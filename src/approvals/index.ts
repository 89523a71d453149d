export { noRightInWords } from "./approver-contract.ts";
export { type ApprovedArguments, approvedArguments, askedArguments } from "./arguments.ts";
export type { Decision } from "./contract.ts";
export { type DecideDeps, decide } from "./decide.ts";
export type { CheckEdit } from "./edit.ts";
export type { ApprovalEffects, QuestionEnding } from "./effects.ts";
export { takeDueSteps } from "./escalate.ts";
export { expireQuestions, expireQuestionsOf } from "./expire.ts";
export { approvalListRoutes } from "./list.ts";
export { type NewQuestion, openQuestion } from "./open.ts";
export {
  type ApprovalRow,
  decisionsOf,
  lockApproval,
  lockQuestion,
} from "./queries.ts";
export { readQuestions } from "./question.ts";
export type { Demand } from "./question-rows.ts";
export { keySetRoutes, recordRoutes } from "./record-routes.ts";
export { markAnswered, redeem } from "./redeem.ts";
export { argumentRisks } from "./risk.ts";
export type { Risk } from "./risk-contract.ts";
export { questionRouters } from "./routers.ts";
export { decideRoutes } from "./routes.ts";
export type { ExactCall } from "./rules.ts";
export { createSigner, type Signer } from "./signing.ts";
export { ensureSigningKey } from "./signing-keys.ts";
export {
  type VoidDeps,
  voidQuestionsAbout,
  voidQuestionsOfRuns,
  voidQuestionsOfWaiting,
  type WhyVoid,
  workOnVoids,
} from "./void.ts";
export { voidReason, voidReasonInChinese } from "./void-contract.ts";
export { waitForDecision } from "./wait.ts";
export { createWaiting } from "./wait-routes.ts";
export { withdrawQuestion } from "./withdraw.ts";
