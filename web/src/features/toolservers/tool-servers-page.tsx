import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { usePageTitle } from "../../app/title.ts";
import { useProject, useSession, useSeveralProjects } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Empty } from "../../ui/empty.tsx";
import { ListHead, ListTable, Older } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { HealthMark } from "./health.tsx";
import { type ToolServer, toolServerPagesQuery } from "./queries.ts";

export function ToolServersPage() {
  const { t } = useWords();
  usePageTitle(t("nav.pages.tool_servers"));
  const pages = useInfiniteQuery(toolServerPagesQuery(useProject()));
  const first = pages.data?.pages[0];
  const rows = pages.data?.pages.flatMap((page) => page.tool_servers) ?? [];
  return (
    <div className="page">
      <ListHead title={t("nav.pages.tool_servers")} total={first}>
        <AddServer />
      </ListHead>
      {pages.isPending && <Bones head rows={6} label={t("common.loading")} />}
      {pages.isError && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {first && rows.length === 0 && (
        <Empty title={t("servers.nothing")} why={t("servers.nothing_why")} />
      )}
      {rows.length > 0 && <Rows rows={rows} />}
      <Older pages={pages} label={t("servers.more")} />
    </div>
  );
}

function AddServer() {
  const { t } = useWords();
  if (useSession()?.role !== "admin") return null;
  return (
    <Link className="btn is-ink" to="/contracts/new" search={{ family: "tool_server" }}>
      {t("servers.add")}
    </Link>
  );
}

function Rows(props: { rows: ToolServer[] }) {
  const { t, number, when } = useWords();
  const severalProjects = useSeveralProjects();
  const heads = [
    { label: t("servers.server") },
    { label: t("servers.health") },
    severalProjects && { label: t("project.label"), isMinor: true },
    { label: t("servers.tools"), isMinor: true, isNumber: true },
    { label: t("servers.last_ok"), isMinor: true, isNumber: true },
  ];
  return (
    <ListTable caption={t("servers.caption")} heads={heads}>
      {props.rows.map((row) => (
        <tr key={`${row.project_id}/${row.server_id}`}>
          <td className="main">
            <Link
              className="what"
              to="/tool-servers/$projectId/$serverId"
              params={{ projectId: row.project_id, serverId: row.server_id }}
            >
              {row.server_id}
            </Link>{" "}
            <Quarantined count={row.changed_tools} />{" "}
            <span className="text-ink-2 mono">{row.address}</span>
            <span className="below">
              {severalProjects && <Tag>{row.project_id}</Tag>}
              {t("contracts.tools", { count: row.tools })}
            </span>
          </td>
          <td>
            <HealthMark state={row.health.state} />
          </td>
          {severalProjects && <td className="minor">{row.project_id}</td>}
          <td className="minor n">{number(row.tools)}</td>
          <td className="minor n">
            {row.health.last_ok_at ? (
              <time dateTime={row.health.last_ok_at}>
                {when(row.health.last_ok_at, Date.now())}
              </time>
            ) : (
              <span className="text-ink-3">{t("servers.never")}</span>
            )}
          </td>
        </tr>
      ))}
    </ListTable>
  );
}

function Quarantined(props: { count: number }) {
  const { t } = useWords();
  if (props.count === 0) return null;
  return <Tag tone="stopped">{t("servers.quarantined", { count: props.count })}</Tag>;
}
