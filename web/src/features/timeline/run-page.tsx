import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { isFinal, type Run, type RunDetail, type TimelineItem } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { runApprovalsQuery, runQuery, timelineQuery, transitionsQuery } from "../../app/queries.ts";
import { Problem } from "../../app/send.ts";
import { usePageTitle } from "../../app/title.ts";
import { useWords } from "../../app/words.ts";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { AskingBar } from "../approvals/asking-bar.tsx";
import { entriesOf } from "./entries.ts";
import { ExplainText } from "./explain-text.tsx";
import { RibbonView } from "./ribbon.tsx";
import { RunFacts, RunHead } from "./run-head.tsx";
import { spansOf, totalsOf } from "./spans.ts";
import { type Earlier, StoryWithDetails } from "./story.tsx";

export function RunPage() {
  const { t } = useWords();
  const { projectId, runId } = useParams({ from: "/console/runs/$projectId/$runId" });
  const run = useQuery(runQuery(projectId, runId));
  const ready = useReady(run.data);
  usePageTitle(run.data?.run.title ?? t("run.title"));
  if (run.data && ready) return <LoadedRun key={runId} detail={run.data} />;
  const missing = run.error instanceof Problem && run.error.status === 404;
  return (
    <div className="page">
      <div className="crumb">
        <Link to="/runs">{t("nav.pages.runs")}</Link>
      </div>
      <h1 className="sr-only">{t("run.title")}</h1>
      {!run.error && <Bones rows={10} label={t("common.loading")} />}
      {run.error && (
        <ProblemNote error={run.error} {...(missing ? {} : { onRetry: () => run.refetch() })} />
      )}
    </div>
  );
}

/** The questions of a run that waits, oldest first. */
function useQuestions(run: Run | undefined) {
  const waits = run?.state === "waiting_approval";
  const query = useQuery(runApprovalsQuery(run?.project_id ?? "", run?.run_id ?? "", waits));
  return { open: waits ? (query.data?.items ?? []) : [], arePending: waits && query.isPending };
}

/** A run that waits opens together with its question, so that nothing moves under a finger; once open it stays. */
function useReady(detail: RunDetail | undefined): boolean {
  const [opened, setOpened] = useState<string>();
  const { arePending } = useQuestions(detail?.run);
  const id = detail?.run.run_id;
  if (id === undefined || id === opened) return id !== undefined;
  if (arePending) return false;
  setOpened(id);
  return true;
}

function LoadedRun(props: { detail: RunDetail }) {
  const { detail } = props;
  const { run } = detail;
  const { items, changes, earlier } = useTimeline(detail);
  const { open } = useQuestions(run);
  const entries = useMemo(() => entriesOf(items, detail), [items, detail]);
  const now = useNow();
  const spans = spansOf(changes, isFinal(run.state) ? 0 : now);
  return (
    <div className="page run-page">
      <RunHead detail={detail} />
      <RunFacts detail={detail} />
      {open[0] && (
        <AskingBar key={open[0].approval_id} approval={open[0]} others={open.length - 1} />
      )}
      <ExplainText detail={detail} entries={entries} totals={totalsOf(spans)} />
      {spans.length > 0 && <RibbonView spans={spans} detail={detail} entries={entries} />}
      <StoryWithDetails detail={detail} entries={entries} earlier={earlier} spans={spans} />
    </div>
  );
}

/** A long run's timeline is opened at its end, where the news is, and read backwards. */
function useTimeline(detail: RunDetail) {
  const { run, timeline, counts } = detail;
  const long = counts.timeline > timeline.length;
  const pages = useInfiniteQuery(timelineQuery(run.project_id, run.run_id, long));
  const transitions = useQuery(transitionsQuery(run.project_id, run.run_id, long));
  const items = useMemo((): TimelineItem[] => {
    if (!long || !pages.data) return timeline;
    return pages.data.pages.flatMap((page) => page.items).reverse();
  }, [long, pages.data, timeline]);
  const earlier: Earlier | null =
    long && pages.hasNextPage
      ? { load: () => void pages.fetchNextPage(), loading: pages.isFetchingNextPage }
      : null;
  return { items, changes: (long && transitions.data?.items) || timeline, earlier };
}
