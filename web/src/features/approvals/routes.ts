import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";
import { textOf } from "../../app/search-text.ts";

export const approvalsRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/approvals",
    validateSearch: (search): { question?: string } => {
      const question = textOf(search.question);
      return question ? { question } : {};
    },
    component: lazyRouteComponent(() => import("./approvals-page.tsx"), "ApprovalsPage"),
  }),
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/approvals/decided",
    component: lazyRouteComponent(() => import("./decided-page.tsx"), "DecidedPage"),
  }),
] as const;
