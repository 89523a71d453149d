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
import { type ChannelSummary, channelPagesQuery } from "./queries.ts";

/** Every channel that is in force: which way it goes, how it is, and what waits or was given up. */
export function ChannelsPage() {
  const { t } = useWords();
  usePageTitle(t("nav.pages.channels"));
  const pages = useInfiniteQuery(channelPagesQuery(useProject()));
  const first = pages.data?.pages[0];
  const rows = pages.data?.pages.flatMap((page) => page.channels) ?? [];
  return (
    <div className="page">
      <ListHead title={t("nav.pages.channels")} total={first}>
        <AddChannel />
      </ListHead>
      {pages.isPending && <Bones head rows={6} label={t("common.loading")} />}
      {pages.isError && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {first && rows.length === 0 && (
        <Empty title={t("channels.nothing")} why={t("channels.nothing_why")}>
          <p className="text-ink-2">{t("channels.nothing_docs")}</p>
        </Empty>
      )}
      {rows.length > 0 && <Rows rows={rows} />}
      <Older pages={pages} label={t("channels.more")} />
    </div>
  );
}

function AddChannel() {
  const { t } = useWords();
  if (useSession()?.role !== "admin") return null;
  return (
    <Link className="btn is-ink" to="/contracts/new" search={{ family: "channel" }}>
      {t("channels.add")}
    </Link>
  );
}

function Rows(props: { rows: ChannelSummary[] }) {
  const { t } = useWords();
  const severalProjects = useSeveralProjects();
  const heads = [
    { label: t("channels.channel") },
    { label: t("channels.how") },
    { label: t("channels.way"), isMinor: true },
    severalProjects && { label: t("project.label"), isMinor: true },
    { label: t("channels.last_event"), isMinor: true, isNumber: true },
    { label: t("channels.waiting"), isMinor: true, isNumber: true },
    { label: t("channels.given_up"), isMinor: true, isNumber: true },
  ];
  return (
    <ListTable caption={t("channels.caption")} heads={heads}>
      {props.rows.map((row) => (
        <Row key={`${row.project_id}/${row.channel_id}`} row={row} showProject={severalProjects} />
      ))}
    </ListTable>
  );
}

function Row(props: { row: ChannelSummary; showProject: boolean }) {
  const { t, number, when } = useWords();
  const { row } = props;
  const isBad = row.health.code === "refusing" || row.health.code === "failing";
  return (
    <tr>
      <td className="main">
        <Link
          className="what"
          to="/channels/$projectId/$channelId"
          params={{ projectId: row.project_id, channelId: row.channel_id }}
        >
          {row.channel_id}
        </Link>{" "}
        <span className="text-ink-2">{row.channel_type}</span>{" "}
        {isBad && <span className="text-ink-2">{row.health.words}</span>}
        <span className="below">
          {props.showProject && <Tag>{row.project_id}</Tag>}
          {t(`channels.direction.${row.direction}`)}
          {row.failed > 0 && (
            <Tag tone="stopped">{t("channels.given_up_count", { count: row.failed })}</Tag>
          )}
        </span>
      </td>
      <td>
        <HealthMark health={row.health} />
      </td>
      <td className="minor">{t(`channels.direction.${row.direction}`)}</td>
      {props.showProject && <td className="minor">{row.project_id}</td>}
      <td className="minor n">
        {row.last_event_at ? (
          <time dateTime={row.last_event_at}>{when(row.last_event_at, Date.now())}</time>
        ) : (
          <span className="text-ink-3">{t("channels.never")}</span>
        )}
      </td>
      <td className="minor n">{number(row.queued)}</td>
      <td className="minor n">{number(row.failed)}</td>
    </tr>
  );
}
