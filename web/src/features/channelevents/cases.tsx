import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useWords } from "../../app/words.ts";
import { ListTable } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { casesQuery } from "./queries.ts";

/** Events about one incident, put together by the rule of their channel. */
export function Cases(props: { projectId: string }) {
  const { t, number, when } = useWords();
  const cases = useQuery(casesQuery(props.projectId));
  const rows = cases.data?.cases ?? [];
  if (cases.isError) return <ProblemNote error={cases.error} onRetry={() => cases.refetch()} />;
  if (rows.length === 0) return null;
  const heads = [
    { label: t("events.case") },
    { label: t("events.count"), isNumber: true },
    { label: t("events.last"), isMinor: true, isNumber: true },
  ];
  return (
    <section className="mb-4">
      <div className="sec">
        <h2>{t("events.cases")}</h2>
      </div>
      <ListTable caption={t("events.cases")} heads={heads}>
        {rows.map((row) => (
          <tr key={row.case_id}>
            <td className="main">
              <Link className="what" to="/channel-events" search={{ case: row.case_id }}>
                {row.title}
              </Link>{" "}
              <span className="text-ink-2">{row.channel_id}</span>{" "}
              {row.storm_at && <Tag tone="stopped">{t("events.storm")}</Tag>}
            </td>
            <td className="n">
              {t("events.count_resolved", {
                count: row.event_count,
                events: number(row.event_count),
                resolved: number(row.resolved_count),
              })}
            </td>
            <td className="minor n">{when(row.last_event_at, Date.now())}</td>
          </tr>
        ))}
      </ListTable>
    </section>
  );
}
