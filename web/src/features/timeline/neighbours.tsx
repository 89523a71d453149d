import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Run, RunList, RunRow } from "../../app/api.ts";
import type { RunFilters } from "../../app/client.ts";
import { useKeys } from "../../app/keys.ts";
import { send } from "../../app/send.ts";
import { useWords } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { recallList } from "../runs/last-list.ts";

/** The runs before and after one in a list that is narrowed so. */
const neighboursQuery = (run: Run, filters: RunFilters) =>
  queryOptions({
    queryKey: ["neighbours", run.project_id, run.run_id, filters],
    queryFn: async ({ signal }) => {
      const at = (query: Record<string, string | number>) =>
        send<RunList>("/runs", { query: { ...filters, ...query }, signal });
      const [older, newer] = await Promise.all([
        at({ created_before: run.created_at, limit: 1 }),
        at({ created_after: run.created_at, order: "asc", limit: 2 }),
      ]);
      return {
        older: older.runs[0] ?? null,
        newer: newer.runs.find(({ run_id }) => run_id !== run.run_id) ?? null,
      };
    },
  });

/** To the runs beside this one, in the list one comes from; without one, in its project. */
export function Neighbours({ run }: { run: Run }) {
  const { t } = useWords();
  const [filters] = useState(() => recallList() ?? { project_id: run.project_id });
  const { older, newer } = useQuery(neighboursQuery(run, filters)).data ?? {};
  const navigate = useNavigate();
  const open = (to: RunRow | null | undefined) => {
    if (to)
      void navigate({
        to: "/runs/$projectId/$runId",
        params: { projectId: to.project_id, runId: to.run_id },
      });
  };
  useKeys({ J: () => open(older), K: () => open(newer) });
  return (
    <span className="line ml-auto">
      <To run={newer} label={t("run.newer")} glyph="back" />
      <To run={older} label={t("run.older")} glyph="right" />
    </span>
  );
}

function To(props: { run: RunRow | null | undefined; label: string; glyph: "back" | "right" }) {
  const { t } = useWords();
  const { run } = props;
  if (!run) return null;
  return (
    <Link
      className="btn is-bare is-small is-square"
      to="/runs/$projectId/$runId"
      params={{ projectId: run.project_id, runId: run.run_id }}
      aria-label={`${props.label}${t("common.colon")}${run.title}`}
      title={run.title}
    >
      <Glyph name={props.glyph} className="sm" />
    </Link>
  );
}
