export { auditRoutes } from "./audit-routes.ts";
export { timelineRoutes } from "./routes.ts";
