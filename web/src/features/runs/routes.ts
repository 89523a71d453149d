import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";
import { readRunsSearch } from "./filters.ts";

export const runsRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/runs",
    validateSearch: readRunsSearch,
    component: lazyRouteComponent(() => import("./runs-page.tsx"), "RunsPage"),
  }),
] as const;
