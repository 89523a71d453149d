export { type Project, readProject } from "./queries.ts";
export { tenantRoutes } from "./routes.ts";
export { createTenants, type Deactivated } from "./service.ts";
