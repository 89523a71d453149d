export { type Project, readProject, readProjectToStart } from "./queries.ts";
export { tenantRoutes } from "./routes.ts";
export { createTenants, type Deactivated } from "./service.ts";
