import { useQuery } from "@tanstack/react-query";
import { Navigate, useParams, useSearch } from "@tanstack/react-router";
import { anyRunQuery } from "../../app/queries.ts";
import { useWords } from "../../app/words.ts";
import { Bones, ProblemNote } from "../../ui/problem.tsx";

/** Finds out which project a run is in, and goes to its page there. */
export function AnyRunPage() {
  const { t } = useWords();
  const { runId } = useParams({ from: "/console/runs/$runId" });
  const search = useSearch({ from: "/console/runs/$runId" });
  const found = useQuery(anyRunQuery(runId));
  if (found.data)
    return (
      <Navigate
        to="/runs/$projectId/$runId"
        params={{ projectId: found.data.run.project_id, runId: found.data.run.run_id }}
        search={search}
        replace
      />
    );
  return (
    <div className="page">
      <h1 className="sr-only">{t("run.title")}</h1>
      {found.error ? (
        <ProblemNote error={found.error} onRetry={() => found.refetch()} />
      ) : (
        <Bones rows={10} label={t("common.loading")} />
      )}
    </div>
  );
}
