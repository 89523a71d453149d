export { putSecret, readSecret } from "./queries.ts";
export { secretRoutes } from "./routes.ts";
