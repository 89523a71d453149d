import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";
import { readChannelSearch } from "./searches.ts";

export const channelsRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/channels",
    component: lazyRouteComponent(() => import("./channels-page.tsx"), "ChannelsPage"),
  }),
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/channels/$projectId/$channelId",
    validateSearch: readChannelSearch,
    component: lazyRouteComponent(() => import("./channel-page.tsx"), "ChannelPage"),
  }),
] as const;
