export { onQuestionClosed } from "./asked.ts";
export { makeCall } from "./call.ts";
export { type Catalog, createCatalog } from "./catalog.ts";
export type { CallDeps } from "./deps.ts";
export { declareLost, sweepLostCalls } from "./lost.ts";
export type { CallFigures, CallOutcome, CallRequest, SettledOutcome } from "./outcome.ts";
