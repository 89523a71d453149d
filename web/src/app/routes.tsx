import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import { ApprovalsPage } from "../features/approvals/approvals-page.tsx";
import { readRunsSearch } from "../features/runs/filters.ts";
import { RunsPage } from "../features/runs/runs-page.tsx";
import { SignInPage } from "../features/session/sign-in.tsx";
import { AnyRunPage } from "../features/timeline/any-run-page.tsx";
import { RunPage } from "../features/timeline/run-page.tsx";
import { CrashPage, NotFoundPage } from "./dead-ends.tsx";
import { ownPath } from "./own-path.ts";
import { sessionQuery } from "./queries.ts";
import { Shell } from "./shell.tsx";

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

const rootRoute = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  errorComponent: CrashPage,
  notFoundComponent: NotFoundPage,
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (search): { next?: string } => {
    const next = ownPath(text(search.next));
    return next ? { next } : {};
  },
  component: SignInPage,
});

const consoleRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "console",
  validateSearch: (search): { project?: string } => {
    const project = text(search.project);
    return project ? { project } : {};
  },
  search: { middlewares: [retainSearchParams(["project"])] },
  beforeLoad: async ({ context, location }) => {
    const session = await context.client.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
  component: Shell,
});

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/runs", replace: true });
  },
});

const runsRoute = createRoute({
  getParentRoute: () => consoleRoute,
  path: "/runs",
  validateSearch: readRunsSearch,
  component: RunsPage,
});

const runRoute = createRoute({
  getParentRoute: () => consoleRoute,
  path: "/runs/$projectId/$runId",
  validateSearch: (search): { entry?: string } => {
    const entry = text(search.entry);
    return entry ? { entry } : {};
  },
  component: RunPage,
});

/** An address with nothing but a run's id, as links from chats and terminals have it. */
const anyRunRoute = createRoute({
  getParentRoute: () => consoleRoute,
  path: "/runs/$runId",
  component: AnyRunPage,
});

const approvalsRoute = createRoute({
  getParentRoute: () => consoleRoute,
  path: "/approvals",
  validateSearch: (search): { question?: string } => {
    const question = text(search.question);
    return question ? { question } : {};
  },
  component: ApprovalsPage,
});

const routeTree = rootRoute.addChildren([
  indexRoute,
  signInRoute,
  consoleRoute.addChildren([runsRoute, anyRunRoute, runRoute, approvalsRoute]),
]);

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree,
    context: { client },
    scrollRestoration: true,
    defaultPendingMs: 200,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
