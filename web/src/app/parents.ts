import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  Outlet,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import { CrashPage, NotFoundPage } from "./dead-ends.tsx";
import { sessionQuery } from "./queries.ts";
import { textOf } from "./search-text.ts";
import { Shell } from "./shell.tsx";

/** What every route stands in. */
export const rootRoute = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  errorComponent: CrashPage,
  notFoundComponent: NotFoundPage,
});

/** What every page stands in that one must be signed in for: the shell, and the chosen project. */
export const consoleRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "console",
  validateSearch: (search): { project?: string } => {
    const project = textOf(search.project);
    return project ? { project } : {};
  },
  search: { middlewares: [retainSearchParams(["project"])] },
  beforeLoad: async ({ context, location }) => {
    const session = await context.client.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
  component: Shell,
});
