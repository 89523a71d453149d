import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";
import { readEventsSearch } from "./searches.ts";

export const channelEventsRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/channel-events",
    validateSearch: readEventsSearch,
    component: lazyRouteComponent(() => import("./channel-events-page.tsx"), "ChannelEventsPage"),
  }),
] as const;
