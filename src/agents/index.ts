export { authoringRoutes } from "./authoring-routes.ts";
export { createRunbookAgent } from "./engine.ts";
export { contractChecks } from "./expressions.ts";
