import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";
import { readAuditSearch } from "./search.ts";

export const auditRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/audit-log",
    validateSearch: readAuditSearch,
    component: lazyRouteComponent(() => import("./audit-page.tsx"), "AuditPage"),
  }),
] as const;
