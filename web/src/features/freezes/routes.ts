import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";

export const freezesRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/freezes",
    component: lazyRouteComponent(() => import("./freezes-page.tsx"), "FreezesPage"),
  }),
] as const;
