import { queryOptions, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { send } from "../../app/send.ts";
import { useProject, useSession } from "../../app/use-session.ts";
import type { AuditPage } from "../audit/queries.ts";
import { type Deed, deedsIn, keyOf, together } from "./deeds.ts";

const MOST_READ = 100;
/** How many are told at once; of more the oldest go. */
const MOST_TOLD = 3;

/** What the audit log has from a moment on; without one, its newest entry alone. */
const sinceQuery = (projectId: string | undefined, since: { current: string | undefined }) =>
  queryOptions({
    queryKey: ["elsewhere", projectId ?? null],
    queryFn: ({ signal }) =>
      send<AuditPage>("/audit-log", {
        query: {
          project_id: projectId,
          created_after: since.current,
          limit: since.current === undefined ? 1 : MOST_READ,
        },
        signal,
      }),
    gcTime: 0,
  });

/** What other people have done since the page was opened, until it is put away. */
export function useDeeds() {
  const project = useProject();
  const me = useSession()?.actor.id;
  const since = useRef<string>(undefined);
  const seen = useRef<ReadonlySet<string>>(new Set());
  const [told, setTold] = useState<Deed[]>([]);
  const { data } = useQuery(sinceQuery(project, since));
  useEffect(() => {
    if (!data || me === undefined) return;
    const isFirst = since.current === undefined;
    const news = data.entries.filter(({ audit_id }) => !seen.current.has(audit_id));
    since.current = data.entries[0]?.at ?? since.current ?? new Date().toISOString();
    seen.current = new Set(data.entries.map(({ audit_id }) => audit_id));
    const deeds = isFirst ? [] : deedsIn(news, me);
    if (deeds.length > 0) setTold((old) => together(old, deeds).slice(-MOST_TOLD));
  }, [data, me]);
  const putAway = (deed: Deed) =>
    setTold((old) => old.filter((each) => keyOf(each) !== keyOf(deed)));
  return { told, putAway };
}
