import { useRouter } from "@tanstack/react-router";
import { type MouseEvent, useMemo } from "react";
import type { RunRow } from "../../app/api.ts";
import { useProject } from "../../app/use-session.ts";

const linkAt = (event: MouseEvent) =>
  (event.target as Element).closest<HTMLAnchorElement>("a.what");

/** Whether a click is for the browser: in another tab or window, or to be saved. */
const isForBrowser = ({ button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent) =>
  button !== 0 || metaKey || ctrlKey || shiftKey || altKey;

/** The links of a long list's rows, followed by the list: a component of the router in each row costs as much as the row. */
export function useRunLinks() {
  const router = useRouter();
  const project = useProject();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen project stands in each address
  return useMemo(() => {
    const params = { projectId: "-", runId: "-" };
    const { href: pattern } = router.buildLocation({ to: "/runs/$projectId/$runId", params });
    const hrefOf = ({ project_id, run_id }: RunRow) =>
      pattern.replace("/-/-", `/${encodeURIComponent(project_id)}/${run_id}`);
    const onClick = (event: MouseEvent) => {
      const link = linkAt(event);
      if (!link || event.defaultPrevented || isForBrowser(event)) return;
      event.preventDefault();
      void router.navigate({ href: link.pathname + link.search });
    };
    // The page's code is fetched while one still aims at the link.
    const onPointerOver = (event: MouseEvent) => {
      if (linkAt(event)) void router.preloadRoute({ to: "/runs/$projectId/$runId", params });
    };
    return { hrefOf, handlers: { onClick, onPointerOver } };
  }, [router, project]);
}
