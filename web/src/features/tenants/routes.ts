import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";

export const tenantsRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/tenants",
    component: lazyRouteComponent(() => import("./tenants-page.tsx"), "TenantsPage"),
  }),
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/tenants/$projectId",
    component: lazyRouteComponent(() => import("./tenant-page.tsx"), "TenantPage"),
  }),
] as const;
