import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import type { Project, Session } from "./api.ts";
import { sessionQuery } from "./queries.ts";

export function useSession(): Session | undefined {
  return useQuery(sessionQuery).data ?? undefined;
}

/** The project chosen in the top bar; undefined stands for all that one may see. */
export function useProject(): string | undefined {
  return useSearch({ from: "/console" }).project;
}

export function useProjects(): Project[] {
  return useSession()?.projects ?? [];
}

/** Whether rows of a list may be of several projects, and have to say of which they are. */
export function useSeveralProjects(): boolean {
  const chosen = useProject();
  return useProjects().length > 1 && chosen === undefined;
}

/** Viewers look; deciding, cancelling and retrying are for operators and admins. */
export function useMayAct(): boolean {
  const role = useSession()?.role;
  return role === "operator" || role === "admin";
}
