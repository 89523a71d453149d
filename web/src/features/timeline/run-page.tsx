import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { isFinal, type Run, type RunDetail } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { runApprovalsQuery, runQuery } from "../../app/queries.ts";
import { usePageTitle } from "../../app/title.ts";
import { useWords } from "../../app/words.ts";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useOpened } from "../../ui/use-opened.ts";
import { AskingBar } from "../approvals/asking-bar.tsx";
import { entriesOf } from "./entries.ts";
import { ExplainText } from "./explain-text.tsx";
import { RibbonView } from "./ribbon.tsx";
import { RunFacts, RunHead } from "./run-head.tsx";
import { spansOf, totalsOf } from "./spans.ts";
import { StoryWithDetails } from "./story.tsx";
import { useTimeline } from "./use-timeline.ts";

export function RunPage() {
  const { t } = useWords();
  const { projectId, runId } = useParams({ from: "/console/runs/$projectId/$runId" });
  const run = useQuery(runQuery(projectId, runId));
  const { arePending } = useQuestions(run.data?.run);
  // A run that waits opens together with its question.
  const isOpen = useOpened(runId, run.data !== undefined && !arePending);
  usePageTitle(run.data?.run.title ?? t("run.title"));
  if (run.data && isOpen) return <LoadedRun key={runId} detail={run.data} />;
  return (
    <div className="page">
      <div className="crumb">
        <Link to="/runs">{t("nav.pages.runs")}</Link>
      </div>
      <h1 className="sr-only">{t("run.title")}</h1>
      {!run.error && <Bones rows={10} label={t("common.loading")} />}
      {run.error && <ProblemNote error={run.error} onRetry={() => run.refetch()} />}
    </div>
  );
}

/** The questions of a run that waits, oldest first. */
function useQuestions(run: Run | undefined) {
  const waits = run?.state === "waiting_approval";
  const query = useQuery(runApprovalsQuery(run?.project_id ?? "", run?.run_id ?? "", waits));
  return { open: waits ? (query.data?.items ?? []) : [], arePending: waits && query.isPending };
}

function LoadedRun(props: { detail: RunDetail }) {
  const { entry } = useSearch({ from: "/console/runs/$projectId/$runId" });
  const timeline = useTimeline(props.detail, entry);
  const { items, detail, changes } = timeline;
  const { run } = detail;
  const { open } = useQuestions(run);
  const entries = useMemo(() => entriesOf(items, detail), [items, detail]);
  const now = useNow();
  const spans = spansOf(changes, isFinal(run.state) ? 0 : now);
  return (
    <div className="page run-page">
      <RunHead detail={props.detail} />
      <RunFacts detail={detail} />
      {open[0] && (
        <AskingBar key={open[0].approval_id} approval={open[0]} others={open.length - 1} />
      )}
      <ExplainText detail={detail} entries={entries} totals={totalsOf(spans)} />
      {detail.run.start && (
        <p className="mb-3 text-ink-2 first-letter:uppercase">{detail.run.start.text}</p>
      )}
      {spans.length > 0 && <RibbonView spans={spans} detail={detail} entries={entries} />}
      <StoryWithDetails timeline={timeline} entries={entries} spans={spans} />
    </div>
  );
}
