import { memo } from "react";
import { isFinal, type RunRow } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { shortId } from "../../app/format.ts";
import { useWords, type Words } from "../../app/words.ts";
import { Tag } from "../../ui/marks.tsx";
import { GateSigns } from "../gates/gates.tsx";
import type { Column } from "./columns.ts";
import { StateSign } from "./state.tsx";
import type { SelectionHandle } from "./use-selection.ts";

interface LineProps {
  index: number;
  /** Undefined while it is being fetched. */
  run: RunRow | undefined;
  gone: boolean;
  /** It is flown over: its title has to do. */
  passing: boolean;
  hidden: readonly Column[];
  showProject: boolean;
  marked: boolean;
  selection: SelectionHandle;
  hrefOf: (run: RunRow) => string;
  /** From above: what each row fetches or watches for itself is paid for with every row that is scrolled by. */
  words: Words;
}

// Some browsers forget what the parts of a table are once they are laid out as boxes.
const ROW = { role: "row" } as const;
const CELL = { role: "cell" } as const;

/** By whether it is gone, and marked. */
const CLASSES = {
  "false-false": undefined,
  "false-true": "is-marked",
  "true-false": "gone",
  "true-true": "gone is-marked",
};

export const RunLine = memo(function RunLine(props: LineProps) {
  const { run, index } = props;
  if (run && !props.passing) return <Filled {...props} run={run} />;
  return (
    <tr {...ROW} className={run ? "passing" : "ghost"} aria-rowindex={index + 2}>
      <td {...CELL}>{run?.title ?? <i className="bone" />}</td>
    </tr>
  );
});

function Filled(props: LineProps & { run: RunRow }) {
  const { run, marked, selection, words } = props;
  const { t, money, moment } = words;
  const has = (column: Column) => !props.hidden.includes(column);
  return (
    <tr
      {...ROW}
      className={CLASSES[`${props.gone}-${marked}`]}
      aria-rowindex={props.index + 2}
      data-run={run.run_id}
    >
      {selection.mayMark && <MarkCell {...props} />}
      <td {...CELL} className="c-state">
        <StateSign state={run.state} name={t(`state.${run.state}`)} />
      </td>
      <td {...CELL} className="c-what">
        <span className="cell">
          <a className="what" href={props.hrefOf(run)} title={run.title}>
            {run.title}
          </a>
          <span className="agent" title={run.agent_id}>
            {props.showProject ? `${run.project_id} / ${run.agent_id}` : run.agent_id}
          </span>
          {run.is_shadow && <Tag tone="shadow-run">{t("runs.shadow")}</Tag>}
          {props.gone && <Tag>{t("runs.gone")}</Tag>}
        </span>
      </td>
      {has("last_call") && (
        <td {...CELL} className="c-call">
          <LastCall run={run} words={words} />
        </td>
      )}
      {has("took") && (
        <td {...CELL} className="c-took n">
          <Took run={run} words={words} />
        </td>
      )}
      {has("cost") && (
        <td {...CELL} className="c-cost n">
          {money(run.cost_usd)}
        </td>
      )}
      {has("started") && (
        <td {...CELL} className="c-started n">
          <time dateTime={run.created_at}>{moment(run.created_at, Date.now())}</time>
        </td>
      )}
      {has("id") && (
        <td {...CELL} className="c-id n">
          <code className="text-ink-3">{shortId(run.run_id)}</code>
        </td>
      )}
    </tr>
  );
}

function MarkCell({ run, marked, selection, words }: LineProps & { run: RunRow }) {
  return (
    <td {...CELL} className="c-mark">
      <input
        type="checkbox"
        aria-label={words.t("runs.mark", { title: run.title })}
        checked={marked}
        disabled={selection.isAll}
        onChange={(event) =>
          (event.nativeEvent as MouseEvent).shiftKey ? selection.extend(run) : selection.toggle(run)
        }
      />
    </td>
  );
}

function LastCall({ run, words }: { run: RunRow; words: Words }) {
  const call = run.last_call;
  if (!call) return <span className="none text-ink-3">{words.t("runs.no_call")}</span>;
  return (
    <span className="cell">
      <span className="cut flex-1" title={call.tool_name}>
        {call.tool_name}
      </span>
      <GateSigns verdicts={call.verdicts} isOver={call.result_status !== "pending"} words={words} />
    </span>
  );
}

function Took({ run, words }: { run: RunRow; words: Words }) {
  const from = Date.parse(run.started_at ?? run.created_at);
  if (run.completed_at) return words.duration(Date.parse(run.completed_at) - from);
  return isFinal(run.state) ? null : <TookSoFar from={from} />;
}

function TookSoFar(props: { from: number }) {
  const { duration } = useWords();
  // Whole seconds: tenths that jump every second say nothing.
  return duration(Math.max(0, Math.round((useNow() - props.from) / 1000)) * 1000 || 1000);
}
