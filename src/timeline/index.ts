export { timelineRouters } from "./routers.ts";
export { timelineRoutes } from "./routes.ts";
