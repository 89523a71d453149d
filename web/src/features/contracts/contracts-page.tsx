import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Family, LifecycleStatus, RevisionItem } from "../../../../src/contracts/contract.ts";
import { shortHash } from "../../app/format.ts";
import { usePageTitle } from "../../app/title.ts";
import { useProject, useSession, useSeveralProjects } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Empty } from "../../ui/empty.tsx";
import { Filter } from "../../ui/filter.tsx";
import { ListHead, ListTable, Older } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { type ContractFilters, contractPagesQuery } from "./queries.ts";
import type { ContractsSearch } from "./searches.ts";
import { FAMILIES, STATUSES, StatusMark } from "./status.tsx";

export function ContractsPage() {
  const { t } = useWords();
  usePageTitle(t("nav.pages.contracts"));
  const search = useSearch({ from: "/console/contracts" });
  const filters: ContractFilters = {
    project_id: useProject(),
    contract_family: search.family,
    lifecycle_status: search.status,
    contract_id: search.contract,
  };
  const pages = useInfiniteQuery(contractPagesQuery(filters));
  const first = pages.data?.pages[0];
  const rows = pages.data?.pages.flatMap((page) => page.contracts) ?? [];
  const isFiltered = Boolean(search.family ?? search.status ?? search.contract);
  return (
    <div className="page">
      <ListHead title={t("nav.pages.contracts")} total={first}>
        <NewContract />
      </ListHead>
      {(pages.isPending || isFiltered || rows.length > 0) && <Filters search={search} />}
      {pages.isPending && <Bones head rows={10} label={t("common.loading")} />}
      {pages.isError && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {first && rows.length === 0 && <Nothing isFiltered={isFiltered} />}
      {rows.length > 0 && <Rows rows={rows} />}
      <Older pages={pages} label={t("contracts.older")} />
    </div>
  );
}

function NewContract() {
  const { t } = useWords();
  const search = useSearch({ from: "/console/contracts" });
  if (useSession()?.role !== "admin") return null;
  return (
    <Link
      className="btn is-ink"
      to="/contracts/new"
      search={search.family ? { family: search.family } : {}}
    >
      {t("contracts.new")}
    </Link>
  );
}

function Filters(props: { search: ContractsSearch }) {
  const { t } = useWords();
  const { family, status, contract } = props.search;
  const navigate = useNavigate({ from: "/contracts" });
  const set = (change: { [K in keyof ContractsSearch]: ContractsSearch[K] | "" }) =>
    navigate({
      search: (old) => {
        const next = { ...old, ...change };
        const kept = Object.entries(next).filter(([, value]) => value !== "");
        return Object.fromEntries(kept) as typeof old;
      },
    });
  return (
    // biome-ignore lint/a11y/useSemanticElements: nothing is submitted, so this is no form
    <div className="filters" role="group" aria-label={t("filter.label")}>
      <Filter<Family>
        name={t("contracts.family")}
        any={t("contracts.any_family")}
        value={family}
        options={FAMILIES.map((value) => ({ value, label: t(`contracts.families.${value}`) }))}
        onChange={(value) => set({ family: value })}
      />
      <Filter<LifecycleStatus>
        name={t("contracts.lifecycle")}
        any={t("contracts.any_status")}
        value={status}
        options={STATUSES.map((value) => ({ value, label: t(`contracts.status.${value}`) }))}
        onChange={(value) => set({ status: value })}
      />
      {contract !== undefined && (
        <Filter<string>
          name={t("contracts.contract")}
          any={t("contracts.any_contract")}
          value={contract}
          options={[{ value: contract, label: contract }]}
          onChange={(value) => set({ contract: value })}
        />
      )}
    </div>
  );
}

function Rows(props: { rows: RevisionItem[] }) {
  const { t, when } = useWords();
  const severalProjects = useSeveralProjects();
  const heads = [
    { label: t("contracts.heads.contract") },
    { label: t("contracts.heads.status") },
    { label: t("contracts.heads.family"), isMinor: true },
    severalProjects && { label: t("project.label"), isMinor: true },
    { label: t("contracts.hash"), isMinor: true },
    { label: t("contracts.created"), isMinor: true, isNumber: true },
  ];
  return (
    <ListTable caption={t("contracts.caption")} heads={heads}>
      {props.rows.map((row) => (
        <tr key={row.revision_id}>
          <td className="main">
            <Link
              className="what"
              to="/contracts/$revisionId"
              params={{ revisionId: row.revision_id }}
            >
              {row.contract_id}{" "}
              <span className="text-ink-2 num">
                {row.version_major}.{row.version_minor}
              </span>
            </Link>
            <span className="below">
              {t(`contracts.families.${row.contract_family}`)}
              {severalProjects && <Tag>{row.project_id}</Tag>}
            </span>
          </td>
          <td>
            <StatusMark status={row.lifecycle_status} />
          </td>
          <td className="minor">{t(`contracts.families.${row.contract_family}`)}</td>
          {severalProjects && <td className="minor">{row.project_id}</td>}
          <td className="minor">
            <code className="text-ink-2">{shortHash(row.body_hash)}</code>
          </td>
          <td className="minor n">
            <time dateTime={row.created_at}>{when(row.created_at, Date.now())}</time>
          </td>
        </tr>
      ))}
    </ListTable>
  );
}

function Nothing(props: { isFiltered: boolean }) {
  const { t } = useWords();
  if (props.isFiltered) {
    return (
      <Empty title={t("contracts.no_match")} why={t("contracts.no_match_why")}>
        <Link className="btn" to="/contracts" search={{}}>
          {t("runs.clear_filters")}
        </Link>
      </Empty>
    );
  }
  return <Empty title={t("contracts.nothing")} why={t("contracts.nothing_why")} />;
}
