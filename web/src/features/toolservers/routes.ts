import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";

export const toolServersRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/tool-servers",
    component: lazyRouteComponent(() => import("./tool-servers-page.tsx"), "ToolServersPage"),
  }),
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/tool-servers/$projectId/$serverId",
    component: lazyRouteComponent(() => import("./tool-server-page.tsx"), "ToolServerPage"),
  }),
] as const;
