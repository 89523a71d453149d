import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";
import { textOf } from "../../app/search-text.ts";

/** The entry whose details are open. */
function entryIn(search: Record<string, unknown>): { entry?: string } {
  const entry = textOf(search.entry);
  return entry ? { entry } : {};
}

export const timelineRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/runs/$projectId/$runId",
    validateSearch: entryIn,
    component: lazyRouteComponent(() => import("./run-page.tsx"), "RunPage"),
  }),
  /** An address with nothing but a run's id, as links from chats and terminals have it. */
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/runs/$runId",
    validateSearch: entryIn,
    component: lazyRouteComponent(() => import("./any-run-page.tsx"), "AnyRunPage"),
  }),
] as const;
