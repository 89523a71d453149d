import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import type { RunList } from "../../app/api.ts";
import type { RunFilters } from "../../app/client.ts";
import { useKeys } from "../../app/keys.ts";
import { runHeadQuery, runPagesQuery } from "../../app/queries.ts";
import { usePageTitle } from "../../app/title.ts";
import { useProject, useProjects } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { Connect } from "./connect.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { isFiltered, toFilters } from "./filters.ts";
import { type Merged, mergeHead } from "./merge.ts";
import { RunsTable } from "./runs-table.tsx";

export function RunsPage() {
  const { t } = useWords();
  usePageTitle(t("nav.pages.runs"));
  const search = useSearch({ from: "/console/runs" });
  const project = useProject();
  const { q, state, agent, mode, since } = search;
  const filters = useMemo(
    () =>
      toFilters(
        {
          ...(q ? { q } : {}),
          ...(state ? { state } : {}),
          ...(agent ? { agent } : {}),
          ...(mode ? { mode } : {}),
          ...(since ? { since } : {}),
        },
        project,
        Date.now(),
      ),
    [q, state, agent, mode, since, project],
  );
  return <RunsList filters={filters} filtered={isFiltered(search)} />;
}

function RunsList(props: { filters: RunFilters; filtered: boolean }) {
  const { t } = useWords();
  const pages = useInfiniteQuery(runPagesQuery(props.filters));
  const first = pages.data?.pages[0];
  return (
    <div className="page">
      <RunsHead total={first} />
      {(props.filtered || first?.total !== 0) && <FilterBar rows={first?.runs ?? []} />}
      {pages.isPending && <Bones rows={12} label={t("common.loading")} />}
      {pages.isError && !first && (
        <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />
      )}
      {first && (
        <LoadedRuns key={JSON.stringify(props.filters)} {...props} first={first} pages={pages} />
      )}
    </div>
  );
}

function RunsHead(props: { total: RunList | undefined }) {
  const { t, number } = useWords();
  const total = props.total;
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
    </div>
  );
}

type Pages = ReturnType<typeof useInfiniteQuery<RunList, Error, { pages: RunList[] }>>;

function LoadedRuns(props: {
  filters: RunFilters;
  filtered: boolean;
  first: RunList;
  pages: Pages;
}) {
  const { t } = useWords();
  const { pages } = props;
  const severalProjects = useProjects().length > 1;
  const client = useQueryClient();
  const top = useRef<HTMLDivElement>(null);
  const shown = pages.data?.pages.flatMap((page) => page.runs) ?? [];
  const head = useQuery({
    ...runHeadQuery(props.filters, shown.length),
    initialData: props.first,
  });
  const merged = mergeHead(shown, head.data);
  const adopt = (newest: RunList) =>
    client.setQueryData(runPagesQuery(props.filters).queryKey, {
      pages: [newest],
      pageParams: [""],
    });
  useEffect(() => {
    if (shown.length === 0 && head.data && head.data.runs.length > 0) adopt(head.data);
  });
  const showNewer = () => {
    if (!head.data || merged.newer === 0) return;
    adopt(head.data);
    announce(t("runs.newer_shown", { count: merged.newer }));
    top.current?.scrollIntoView({ block: "center" });
  };
  useRowKeys(top, showNewer);
  if (merged.rows.length === 0) return props.filtered ? <NoMatch /> : <Connect />;
  return (
    <div ref={top}>
      <NewerBar merged={merged} onShow={showNewer} />
      <RunsTable
        rows={merged.rows}
        showProject={props.filters.project_id === undefined && severalProjects}
      />
      {pages.hasNextPage && (
        <div className="flex justify-center py-4">
          <Button onClick={() => pages.fetchNextPage()} aria-disabled={pages.isFetchingNextPage}>
            {pages.isFetchingNextPage ? t("common.loading") : t("runs.older")}
          </Button>
        </div>
      )}
      {pages.isError && <ProblemNote error={pages.error} onRetry={() => pages.fetchNextPage()} />}
    </div>
  );
}

function NewerBar(props: { merged: Merged; onShow: () => void }) {
  const { t, number } = useWords();
  const { newer, more } = props.merged;
  if (newer === 0) return null;
  return (
    <button type="button" className="fresh" onClick={props.onShow}>
      {t("runs.newer", { count: newer, number: `${number(newer)}${more ? "+" : ""}` })}
      <Kbd>N</Kbd>
    </button>
  );
}

/** j and k walk the rows by focus, so that ↵ opens and a screen reader follows. */
function useRowKeys(list: React.RefObject<HTMLDivElement | null>, showNewer: () => void) {
  const walk = (by: 1 | -1) => {
    const links = [...(list.current?.querySelectorAll<HTMLAnchorElement>("a.what") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    const next = links[at === -1 ? (by === 1 ? 0 : links.length - 1) : at + by];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  useKeys({
    j: () => walk(1),
    k: () => walk(-1),
    n: showNewer,
    f: () => document.querySelector<HTMLButtonElement>(".filters .fl button")?.focus(),
  });
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
