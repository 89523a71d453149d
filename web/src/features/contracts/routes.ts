import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { consoleRoute } from "../../app/parents.ts";
import { textOf } from "../../app/search-text.ts";
import { readContractsSearch, readDraftSearch } from "./searches.ts";

export const contractsRoutes = [
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/contracts",
    validateSearch: readContractsSearch,
    component: lazyRouteComponent(() => import("./contracts-page.tsx"), "ContractsPage"),
  }),
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/contracts/new",
    validateSearch: readDraftSearch,
    component: lazyRouteComponent(() => import("./draft-page.tsx"), "DraftPage"),
  }),
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/contracts/$revisionId",
    component: lazyRouteComponent(() => import("./revision-page.tsx"), "RevisionPage"),
  }),
  createRoute({
    getParentRoute: () => consoleRoute,
    path: "/contracts/$a/diff/$b",
    validateSearch: (search): { view?: "inline" | "patch" } => {
      const view = textOf(search.view);
      return view === "inline" || view === "patch" ? { view } : {};
    },
    component: lazyRouteComponent(() => import("./diff-page.tsx"), "DiffPage"),
  }),
] as const;
