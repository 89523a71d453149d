import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { isFinal, type RunRow } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { shortId } from "../../app/format.ts";
import { useWords } from "../../app/words.ts";
import { cx } from "../../ui/cx.ts";
import { Tag } from "../../ui/marks.tsx";
import { GatePips } from "../gates/gates.tsx";
import type { Column } from "./columns.ts";
import { StateMark } from "./state.tsx";
import type { SelectionHandle } from "./use-selection.ts";

interface LineProps {
  index: number;
  /** Undefined while it is being fetched. */
  run: RunRow | undefined;
  gone: boolean;
  hidden: readonly Column[];
  showProject: boolean;
  marked: boolean;
  selection: SelectionHandle;
}

export const RunLine = memo(function RunLine(props: LineProps) {
  const { run, index } = props;
  if (run) return <Filled {...props} run={run} />;
  return (
    <tr className="ghost" aria-rowindex={index + 2}>
      <td colSpan={8}>
        <i className="bone" />
      </td>
    </tr>
  );
});

function Filled(props: LineProps & { run: RunRow }) {
  const { t, money } = useWords();
  const { run, marked, selection } = props;
  const has = (column: Column) => !props.hidden.includes(column);
  return (
    <tr
      className={cx(props.gone && "gone", marked && "is-marked")}
      aria-rowindex={props.index + 2}
      data-run={run.run_id}
    >
      {selection.mayMark && <MarkCell {...props} />}
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
          <span className="agent" title={run.agent_id}>
            {props.showProject ? `${run.project_id} / ${run.agent_id}` : run.agent_id}
          </span>
          {run.is_shadow && <Tag tone="shadow-run">{t("runs.shadow")}</Tag>}
          {props.gone && <Tag>{t("runs.gone")}</Tag>}
        </span>
      </td>
      {has("last_call") && (
        <td className="c-call">
          <LastCall run={run} />
        </td>
      )}
      {has("took") && (
        <td className="c-took n">
          <Took run={run} />
        </td>
      )}
      {has("cost") && <td className="c-cost n">{money(run.cost_usd)}</td>}
      {has("started") && (
        <td className="c-started n">
          <Started at={run.created_at} />
        </td>
      )}
      {has("id") && (
        <td className="c-id n">
          <code className="text-ink-3">{shortId(run.run_id)}</code>
        </td>
      )}
    </tr>
  );
}

function MarkCell({ run, marked, selection }: LineProps & { run: RunRow }) {
  const { t } = useWords();
  return (
    <td className="c-mark">
      <input
        type="checkbox"
        aria-label={t("runs.mark", { title: run.title })}
        checked={marked}
        disabled={selection.isAll}
        onChange={(event) =>
          (event.nativeEvent as MouseEvent).shiftKey ? selection.extend(run) : selection.toggle(run)
        }
      />
    </td>
  );
}

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
