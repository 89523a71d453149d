import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";
import { readWindow, type Window } from "./window.ts";

export const overviewRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/",
    validateSearch: (search): { since?: Window } => {
      const since = readWindow(search.since);
      return since ? { since } : {};
    },
    component: lazyRouteComponent(() => import("./overview-page.tsx"), "OverviewPage"),
  }),
] as const;
