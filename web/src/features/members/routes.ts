import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";
import { readMembersSearch } from "./tabs.ts";

export const membersRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/members",
    validateSearch: readMembersSearch,
    component: lazyRouteComponent(() => import("./members-page.tsx"), "MembersPage"),
  }),
] as const;
