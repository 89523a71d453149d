import { useSession } from "../../app/use-session.ts";

/** Projects are made, changed and ended by admins of the whole platform. */
export function useIsPlatformAdmin(): boolean {
  const session = useSession();
  return session?.role === "admin" && session.is_platform;
}
