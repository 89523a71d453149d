export { type TimelineDeps, timelineRoutes } from "./routes.ts";
