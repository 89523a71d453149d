import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useKeys } from "../../app/keys.ts";
import { usePageTitle } from "../../app/title.ts";
import { useProject, useSeveralProjects } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Filter } from "../../ui/filter.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { ListHead, ListTable, Older } from "../../ui/lists.tsx";
import { Kbd, Tag } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { saveFile } from "../../ui/save-file.ts";
import "./audit.css";
import { EntrySheet } from "./entry-sheet.tsx";
import { type AuditLogEntry, auditPagesQuery, newestAuditQuery, readAudit } from "./queries.ts";
import {
  type AuditFilters,
  type AuditSearch,
  isAuditFiltered,
  SINCE,
  type Since,
  toAuditFilters,
} from "./search.ts";
import { TextFilter } from "./text-filter.tsx";

export function AuditPage() {
  const { t } = useWords();
  usePageTitle(t("nav.pages.audit_log"));
  const search = useSearch({ from: "/console/audit-log" });
  const project = useProject();
  const { actor, action, target, since } = search;
  const filters = useMemo(() => {
    const chosen = { actor, action, target, since };
    const held = Object.entries(chosen).filter(([, value]) => value !== undefined);
    return toAuditFilters(Object.fromEntries(held), project, Date.now());
  }, [actor, action, target, since, project]);
  const pages = useInfiniteQuery(auditPagesQuery(filters));
  const first = pages.data?.pages[0];
  const rows = pages.data?.pages.flatMap((page) => page.entries) ?? [];
  const filtered = isAuditFiltered(search);
  return (
    <div className="page">
      <ListHead title={t("nav.pages.audit_log")} total={first}>
        {rows.length > 0 && <Download filters={filters} />}
      </ListHead>
      {(pages.isPending || filtered || rows.length > 0) && <Filters search={search} rows={rows} />}
      {pages.isPending && <div className="fresh is-quiet" />}
      {pages.isPending && <Bones head rows={12} label={t("common.loading")} />}
      {pages.isError && !first && (
        <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />
      )}
      {first && <NewerBar filters={filters} first={rows[0]} />}
      {first && rows.length === 0 && <Nothing filtered={filtered} />}
      {rows.length > 0 && <Rows rows={rows} />}
      <Older pages={pages} label={t("audit.older")} />
      <EntrySheet rows={rows} id={search.entry} />
    </div>
  );
}

function useSetSearch() {
  const navigate = useNavigate({ from: "/audit-log" });
  return (change: { [K in keyof AuditSearch]: AuditSearch[K] | "" }) =>
    navigate({
      search: (old) => {
        const kept = Object.entries({ ...old, ...change }).filter(([, value]) => value !== "");
        return Object.fromEntries(kept) as typeof old;
      },
      replace: true,
    });
}

function Filters(props: { search: AuditSearch; rows: AuditLogEntry[] }) {
  const { t } = useWords();
  const { search } = props;
  const set = useSetSearch();
  useKeys({
    "/": () => document.querySelector<HTMLInputElement>(".filters .search input")?.focus(),
    f: () => document.querySelector<HTMLButtonElement>(".filters .fl button")?.focus(),
  });
  const chosen = search.action ? [search.action] : [];
  const actions = [...new Set([...props.rows.map(({ action }) => action), ...chosen])].sort();
  return (
    // biome-ignore lint/a11y/useSemanticElements: nothing is submitted, so this is no form
    <div className="filters" role="group" aria-label={t("filter.label")}>
      <TextFilter
        label={t("audit.actor")}
        value={search.actor ?? ""}
        onChange={(actor) => set({ actor })}
      />
      <TextFilter
        label={t("audit.target")}
        value={search.target ?? ""}
        onChange={(target) => set({ target })}
      />
      <Filter<string>
        name={t("audit.action")}
        any={t("filter.any_trigger")}
        value={search.action}
        options={actions.map((value) => ({ value, label: value }))}
        onChange={(action) => set({ action })}
      />
      <Filter<Since>
        name={t("audit.since")}
        any={t("filter.any_time")}
        value={search.since}
        options={SINCE.map((value) => ({ value, label: t(`filter.since_values.${value}`) }))}
        onChange={(since) => set({ since })}
      />
    </div>
  );
}

/** What is newer waits until one asks for it, so that nothing moves that one reads. */
function NewerBar(props: { filters: AuditFilters; first: AuditLogEntry | undefined }) {
  const { t, number } = useWords();
  const client = useQueryClient();
  const newest = useQuery(newestAuditQuery(props.filters)).data;
  const at = newest?.entries.findIndex(({ audit_id }) => audit_id === props.first?.audit_id) ?? 0;
  const count = at === -1 ? (newest?.entries.length ?? 0) : at;
  const show = () => {
    if (!newest || count === 0) return;
    client.setQueryData(auditPagesQuery(props.filters).queryKey, {
      pages: [newest],
      pageParams: [""],
    });
    announce(t("audit.newer_shown", { count }));
  };
  useKeys({ n: show });
  if (count === 0) return <div className="fresh is-quiet">{t("audit.up_to_date")}</div>;
  return (
    <button type="button" className="fresh" onClick={show}>
      {t("audit.newer", { count, number: `${number(count)}${at === -1 ? "+" : ""}` })}
      <Kbd>N</Kbd>
    </button>
  );
}

function Rows(props: { rows: AuditLogEntry[] }) {
  const { t, moment } = useWords();
  const severalProjects = useSeveralProjects();
  const heads = [
    { label: t("audit.what") },
    { label: t("audit.actor"), isMinor: true },
    { label: t("audit.target"), isMinor: true },
    severalProjects && { label: t("project.label"), isMinor: true },
    { label: t("audit.at"), isNumber: true },
  ];
  return (
    <ListTable caption={t("audit.caption")} heads={heads}>
      {props.rows.map((row) => (
        <tr key={row.audit_id}>
          <td className="main">
            <Link
              className="what"
              to="."
              search={(old: object) => ({ ...old, entry: row.audit_id })}
              replace
              resetScroll={false}
              activeProps={{}}
            >
              {row.action}
            </Link>{" "}
            {row.is_erased && <Tag>{t("audit.erased")}</Tag>}
            <span className="said" title={saidBy(row)}>
              {saidBy(row)}
            </span>
            <span className="below">
              {row.actor.id}
              <code>{row.target.id}</code>
            </span>
          </td>
          <td className="minor wide">{row.actor.id}</td>
          <td className="minor wide">
            <span className="text-ink-3">{row.target.kind}</span> <code>{row.target.id}</code>
          </td>
          {severalProjects && <td className="minor">{row.project_id}</td>}
          <td className="n">
            <time dateTime={row.at}>{moment(row.at, Date.now())}</time>
          </td>
        </tr>
      ))}
    </ListTable>
  );
}

const saidBy = ({ private: said }: AuditLogEntry): string =>
  typeof said?.reason === "string" ? said.reason : "";

function Download(props: { filters: AuditFilters }) {
  const { t, number } = useWords();
  const download = useMutation({
    mutationFn: () => readAudit(props.filters),
    onSuccess: ({ entries, isAll }) => {
      const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`);
      saveFile("audit-log.jsonl", lines.join(""), "application/jsonl");
      const count = lines.length;
      announce(
        isAll
          ? t("audit.downloaded", { count })
          : t("audit.downloaded_part", { number: number(count) }),
      );
    },
  });
  return (
    <>
      {download.error && (
        <Dialog title={t("audit.download")} onClose={() => download.reset()}>
          <ProblemNote error={download.error} onRetry={() => download.mutate()} />
        </Dialog>
      )}
      <Button
        size="small"
        aria-disabled={download.isPending}
        onClick={() => !download.isPending && download.mutate()}
      >
        <Glyph name="download" className="sm" />
        {download.isPending ? t("common.loading") : t("audit.download")}
      </Button>
    </>
  );
}

function Nothing(props: { filtered: boolean }) {
  const { t } = useWords();
  if (!props.filtered) return <Empty title={t("audit.nothing")} why={t("audit.nothing_why")} />;
  return (
    <Empty title={t("audit.no_match")} why={t("audit.no_match_why")}>
      <Link className="btn" to="/audit-log" search={{}}>
        {t("runs.clear_filters")}
      </Link>
    </Empty>
  );
}
