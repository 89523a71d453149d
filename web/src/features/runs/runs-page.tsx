import { useNavigate, useSearch } from "@tanstack/react-router";
import { memo, useDeferredValue, useEffect, useMemo, useState } from "react";
import type { RunList } from "../../app/api.ts";
import type { RunFilters } from "../../app/client.ts";
import { useKeys } from "../../app/keys.ts";
import { usePageTitle } from "../../app/title.ts";
import { useProject, useProjects } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { BulkBar } from "./bulk-bar.tsx";
import { BulkProgress } from "./bulk-progress.tsx";
import { useColumns } from "./columns.ts";
import { ColumnsMenu } from "./columns-menu.tsx";
import { Connect } from "./connect.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { isFiltered, toFilters } from "./filters.ts";
import { rememberList } from "./last-list.ts";
import { RunsTable } from "./runs-table.tsx";
import { type ListedRuns, type Runs, useRuns } from "./use-runs.ts";
import { useSelection } from "./use-selection.ts";

const MINUTE_MS = 60_000;

export function RunsPage() {
  const { t } = useWords();
  usePageTitle(t("nav.pages.runs"));
  const search = useSearch({ from: "/console/runs" });
  const project = useProject();
  const { q, state, agent, mode, since, trigger } = search;
  const filters = useMemo(() => {
    const chosen = { q, state, agent, mode, since, trigger };
    const named = Object.entries(chosen).filter(([, value]) => value !== undefined);
    // By the minute, so that going back finds the list that was left.
    const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
    return toFilters(Object.fromEntries(named), project, now);
  }, [q, state, agent, mode, since, trigger, project]);
  useEffect(() => rememberList(filters), [filters]);
  const { sort, order } = search;
  const filtered = isFiltered(search);
  const asked = useMemo(
    () => ({
      filters,
      filtered,
      listed: { ...filters, ...(sort && order ? { sort, order } : {}) },
    }),
    [filters, filtered, sort, order],
  );
  // What was asked before stays until the next list is drawn, in slices: one may be typing on.
  const shown = useDeferredValue(asked);
  // Outlives the list that it is of: what one types and chooses above it must not go with it.
  const [first, setFirst] = useState<RunList>();
  const columns = useColumns();
  return (
    <div className="page runs-page">
      <RunsHead total={first}>
        {first && first.total > 0 && (
          <ColumnsMenu hidden={columns.hidden} onToggle={columns.toggle} />
        )}
      </RunsHead>
      {(filtered || first?.total !== 0) && <FilterBar rows={first?.runs ?? []} />}
      <RunsList
        key={JSON.stringify(shown.listed)}
        {...shown}
        hidden={columns.hidden}
        onFirst={setFirst}
      />
    </div>
  );
}

interface ListProps {
  filters: RunFilters;
  filtered: boolean;
  hidden: ReturnType<typeof useColumns>["hidden"];
}

type AskedListProps = ListProps & { listed: ListedRuns; onFirst: (first: RunList) => void };

const RunsList = memo(function RunsList(props: AskedListProps) {
  const { t } = useWords();
  const { onFirst } = props;
  const runs = useRuns(props.listed);
  const { query } = runs;
  // In slices too.
  const first = useDeferredValue(runs.first);
  useEffect(() => {
    if (first) onFirst(first);
  }, [first, onFirst]);
  return (
    <>
      {!first && !query.isError && (
        <div className="runs-coming">
          <div className="fresh is-quiet" />
          <Bones head rows={12} label={t("common.loading")} />
        </div>
      )}
      {query.isError && !first && (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      )}
      {first && <LoadedRuns {...props} first={first} runs={runs} />}
    </>
  );
});

function RunsHead(props: { total: RunList | undefined; children: React.ReactNode }) {
  const { t, number } = useWords();
  const { total } = props;
  return (
    <div className="head items-center min-h-[34px]">
      <h1>{t("nav.pages.runs")}</h1>
      {total && (
        <span className="text-ink-3 num">
          {total.total_is_exact === false
            ? t("runs.about", { total: number(total.total) })
            : t("runs.total", { count: total.total, total: number(total.total) })}
        </span>
      )}
      <span className="flex-1" />
      {props.children}
    </div>
  );
}

/** The project that everything in the list is of, if it is one. */
function useOnlyProject(): string | undefined {
  const projects = useProjects();
  const chosen = useProject();
  return chosen ?? (projects.length === 1 ? projects[0]?.project_id : undefined);
}

function LoadedRuns(props: ListProps & { first: RunList; runs: Runs }) {
  const { t } = useWords();
  const { runs } = props;
  const { query, newer } = runs;
  const { bulk } = useSearch({ from: "/console/runs" });
  const project = useOnlyProject();
  const selection = useSelection(runs.stretch.rows, project !== undefined);
  const showNewer = () => {
    if (!newer?.count) return;
    runs.renew();
    announce(t("runs.newer_shown", { count: newer.count }));
  };
  useKeys({
    n: showNewer,
    f: () => document.querySelector<HTMLButtonElement>(".filters .fl button")?.focus(),
  });
  if (runs.stretch.count === 0) return props.filtered ? <NoMatch /> : <Connect />;
  return (
    <>
      <NewerBar newer={newer} onShow={showNewer} />
      <RunsTable
        runs={runs}
        hidden={props.hidden}
        showProject={project === undefined}
        selection={selection}
      />
      {query.isError && (
        <ProblemNote error={query.error} onRetry={() => void query.fetchNextPage()} />
      )}
      {bulk !== undefined && selection.marks.size === 0 && !selection.all && (
        <BulkProgress bulkId={bulk} />
      )}
      <BulkBar
        selection={selection}
        filters={props.filters}
        project={project}
        total={props.first}
      />
    </>
  );
}

/** Its line is always there, so that nothing moves when something newer comes. */
function NewerBar(props: { newer: Runs["newer"]; onShow: () => void }) {
  const { t, number } = useWords();
  if (!props.newer) return <div className="fresh is-quiet" />;
  const { count, more } = props.newer;
  if (count === 0) return <div className="fresh is-quiet">{t("runs.up_to_date")}</div>;
  return (
    <button type="button" className="fresh" onClick={props.onShow}>
      {t("runs.newer", { count, number: `${number(count)}${more ? "+" : ""}` })}
      <Kbd>N</Kbd>
    </button>
  );
}

function NoMatch() {
  const { t } = useWords();
  const navigate = useNavigate();
  const clear = () =>
    navigate({
      to: "/runs",
      search: (old) => ({ ...(old.project ? { project: old.project } : {}) }),
    });
  return (
    <div className="py-6">
      <h2 className="text-md">{t("runs.no_match")}</h2>
      <p className="text-ink-2 mb-3">{t("runs.no_match_why")}</p>
      <Button onClick={clear}>{t("runs.clear_filters")}</Button>
    </div>
  );
}
