import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { ownPath } from "../../app/own-path.ts";
import { rootRoute } from "../../app/parents.ts";
import { textOf } from "../../app/search-text.ts";

export const sessionRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/sign-in",
    validateSearch: (search): { next?: string } => {
      const next = ownPath(textOf(search.next));
      return next ? { next } : {};
    },
    component: lazyRouteComponent(() => import("./sign-in-page.tsx"), "SignInPage"),
  }),
] as const;
