import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { isFinal, type RunRow } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { shortId } from "../../app/format.ts";
import { useWords } from "../../app/words.ts";
import { Tag } from "../../ui/marks.tsx";
import { GatePips } from "../gates/gates.tsx";
import type { ShownRow } from "./merge.ts";
import { StateMark } from "./state.tsx";

export function RunsTable(props: { rows: ShownRow[]; showProject: boolean }) {
  const { t } = useWords();
  return (
    <table className="runs">
      <caption className="sr-only">{t("runs.caption")}</caption>
      <thead>
        <tr>
          <th className="c-state" scope="col">
            {t("runs.state")}
          </th>
          <th className="c-what" scope="col">
            {t("runs.what")}
          </th>
          <th className="c-call" scope="col">
            {t("runs.last_call")}
          </th>
          <th className="c-took n" scope="col">
            {t("runs.took")}
          </th>
          <th className="c-cost n" scope="col">
            {t("runs.cost")}
          </th>
          <th className="c-started n" scope="col" aria-sort="descending">
            {t("runs.started")} <span aria-hidden="true">↓</span>
          </th>
          <th className="c-id n" scope="col">
            {t("runs.id")}
          </th>
        </tr>
      </thead>
      <tbody>
        {props.rows.map(({ run, gone }) => (
          <RunLine key={run.run_id} run={run} gone={gone} showProject={props.showProject} />
        ))}
      </tbody>
    </table>
  );
}

const RunLine = memo(function RunLine(props: { run: RunRow; gone: boolean; showProject: boolean }) {
  const { t, money } = useWords();
  const { run } = props;
  return (
    <tr className={props.gone ? "gone" : ""}>
      <td className="c-state">
        <StateMark state={run.state} />
      </td>
      <td className="c-what">
        <span className="cell">
          <Link
            className="what"
            to="/runs/$projectId/$runId"
            params={{ projectId: run.project_id, runId: run.run_id }}
            title={run.title}
          >
            {run.title}
          </Link>
          <span className="agent">
            {props.showProject ? `${run.project_id} / ${run.agent_id}` : run.agent_id}
          </span>
          {run.is_shadow && <Tag tone="shadow-run">{t("runs.shadow")}</Tag>}
          {props.gone && <Tag>{t("runs.gone")}</Tag>}
        </span>
      </td>
      <td className="c-call">
        <LastCall run={run} />
      </td>
      <td className="c-took n">
        <Took run={run} />
      </td>
      <td className="c-cost n">{money(run.cost_usd)}</td>
      <td className="c-started n">
        <Started at={run.created_at} />
      </td>
      <td className="c-id n">
        <code className="text-ink-3">{shortId(run.run_id)}</code>
      </td>
    </tr>
  );
});

function LastCall(props: { run: RunRow }) {
  const { t } = useWords();
  const call = props.run.last_call;
  if (!call) return <span className="none text-ink-3">{t("runs.no_call")}</span>;
  return (
    <span className="cell">
      <span className="cut flex-1" title={call.tool_name}>
        {call.tool_name}
      </span>
      <GatePips verdicts={call.verdicts} isOver={call.result_status !== "pending"} />
    </span>
  );
}

function Took(props: { run: RunRow }) {
  const { duration } = useWords();
  const { run } = props;
  const from = Date.parse(run.started_at ?? run.created_at);
  if (run.completed_at) return duration(Date.parse(run.completed_at) - from);
  return isFinal(run.state) ? null : <TookSoFar from={from} />;
}

function TookSoFar(props: { from: number }) {
  const { duration } = useWords();
  // Whole seconds: tenths that jump every second say nothing.
  return duration(Math.max(0, Math.round((useNow() - props.from) / 1000)) * 1000 || 1000);
}

function Started(props: { at: string }) {
  const { moment } = useWords();
  return <time dateTime={props.at}>{moment(props.at, Date.now())}</time>;
}
