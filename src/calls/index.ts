export { onQuestionsClosed } from "./asked.ts";
export { makeCall } from "./call.ts";
export { type Catalog, createCatalog, serverRef } from "./catalog.ts";
export type { CallDeps } from "./deps.ts";
export { editCheck } from "./edited.ts";
export { callsInFlight, inFlightRoutes } from "./in-flight.ts";
export { declareLost, sweepLostCalls } from "./lost.ts";
export type { CallOutcome, CallRequest, SettledOutcome } from "./outcome.ts";
export { requireThawed } from "./thawed.ts";
