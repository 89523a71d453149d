import type { QueryClient } from "@tanstack/react-query";
import { createRouter } from "@tanstack/react-router";
import { approvalsRoutes } from "../features/approvals/routes.ts";
import { auditRoutes } from "../features/audit/routes.ts";
import { channelEventsRoutes } from "../features/channelevents/routes.ts";
import { channelsRoutes } from "../features/channels/routes.ts";
import { contractsRoutes } from "../features/contracts/routes.ts";
import { freezesRoutes } from "../features/freezes/routes.ts";
import { membersRoutes } from "../features/members/routes.ts";
import { overviewRoutes } from "../features/overview/routes.ts";
import { runsRoutes } from "../features/runs/routes.ts";
import { sessionRoutes } from "../features/session/routes.ts";
import { tenantsRoutes } from "../features/tenants/routes.ts";
import { timelineRoutes } from "../features/timeline/routes.ts";
import { toolServersRoutes } from "../features/toolservers/routes.ts";
import { consoleRoute, rootRoute } from "./parents.ts";

const routeTree = rootRoute.addChildren([
  ...sessionRoutes,
  consoleRoute.addChildren([
    ...overviewRoutes,
    ...runsRoutes,
    ...timelineRoutes,
    ...approvalsRoutes,
    ...contractsRoutes,
    ...membersRoutes,
    ...auditRoutes,
    ...channelsRoutes,
    ...channelEventsRoutes,
    ...toolServersRoutes,
    ...tenantsRoutes,
    ...freezesRoutes,
  ]),
]);

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree,
    context: { client },
    scrollRestoration: true,
    defaultPendingMs: 200,
    // A page's code is fetched while one still aims at its link.
    defaultPreload: "intent",
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
