import { useNavigate, useSearch } from "@tanstack/react-router";
import { Fragment, memo, type ReactNode, type RefObject, useEffect, useRef } from "react";
import type { RunRow } from "../../app/api.ts";
import { useKeys } from "../../app/keys.ts";
import { useWords } from "../../app/words.ts";
import type { Column } from "./columns.ts";
import { nextOrder, type Sort } from "./filters.ts";
import { RunLine } from "./run-line.tsx";
import { useRunLinks } from "./run-links.ts";
import { useRows } from "./use-rows.ts";
import type { Runs } from "./use-runs.ts";
import type { Selection } from "./use-selection.ts";

interface TableProps {
  runs: Runs;
  hidden: readonly Column[];
  showProject: boolean;
  selection: Selection;
}

// Some browsers forget what the parts of a table are once they are laid out as boxes.
const TABLE = { role: "table" } as const;
const GROUP = { role: "rowgroup" } as const;
const ROW = { role: "row" } as const;
const HEAD = { role: "columnheader" } as const;

/** A table of any length, of which only the rows around those in view are in the document. */
export function RunsTable(props: TableProps) {
  const words = useWords();
  const { runs, hidden, selection } = props;
  const table = useRef<HTMLTableElement>(null);
  const { virtual, margin, flight, focused, setFocusedId, walk } = useRows(runs, table);
  const { stretch } = runs;
  const { hrefOf, handlers } = useRunLinks();
  useFocusAfterRenewal(table, runs.renewal);
  const focusedRun = focused === undefined ? undefined : stretch.rows[focused - stretch.start];
  useTableKeys(focusedRun, walk, selection);
  let drawnTo = margin;
  return (
    <table
      {...TABLE}
      {...handlers}
      className="runs"
      ref={table}
      aria-rowcount={runs.isCounted ? stretch.count + 1 : -1}
      onFocus={(event) =>
        setFocusedId(event.target.closest<HTMLElement>("tr[data-run]")?.dataset.run)
      }
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setFocusedId(undefined);
      }}
    >
      <caption className="sr-only">{words.t("runs.caption")}</caption>
      <Head
        hidden={hidden}
        mayMark={selection.mayMark}
        mayMarkAll={selection.mayMarkAll}
        all={selection.all}
        setAll={selection.setAll}
      />
      <tbody {...GROUP} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, end }) => {
          const gap = start - drawnTo;
          drawnTo = end;
          const row = runs.rows[index - stretch.start];
          return (
            <Fragment key={row?.run.run_id ?? index}>
              {gap > 0 && <Spacer height={gap} />}
              <RunLine
                index={index}
                run={row?.run}
                gone={row?.gone ?? false}
                passing={flight !== undefined && (index < flight.first || index > flight.last)}
                hidden={hidden}
                showProject={props.showProject}
                marked={row !== undefined && selection.has(row.run.run_id)}
                selection={selection.handle}
                hrefOf={hrefOf}
                words={words}
              />
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}

function useTableKeys(run: RunRow | undefined, walk: (by: 1 | -1) => void, selection: Selection) {
  useKeys({
    j: () => walk(1),
    k: () => walk(-1),
    x: () => run && selection.toggle(run),
    X: () => run && selection.extend(run),
  });
}

/** What is not drawn above a row keeps its room. */
function Spacer(props: { height: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus
    <tr className="spacer" aria-hidden="true">
      <td style={{ height: props.height }} />
    </tr>
  );
}

function useFocusAfterRenewal(table: RefObject<HTMLTableElement | null>, renewal: number) {
  useEffect(() => {
    if (renewal === 0) return;
    window.scrollTo(0, 0);
    if (document.activeElement === document.body)
      table.current?.querySelector<HTMLElement>("a.what")?.focus({ preventScroll: true });
  }, [renewal, table]);
}

type HeadProps = Pick<Selection, "mayMark" | "mayMarkAll" | "all" | "setAll"> & {
  hidden: readonly Column[];
};

const Head = memo(function Head(props: HeadProps) {
  const { t } = useWords();
  const has = (column: Column) => !props.hidden.includes(column);
  return (
    <thead {...GROUP}>
      <tr {...ROW} aria-rowindex={1}>
        {props.mayMark && (
          <th {...HEAD} className="c-mark" scope="col">
            <input
              type="checkbox"
              aria-label={t("runs.mark_all")}
              title={props.mayMarkAll ? t("runs.mark_all") : t("runs.mark_all_one_project")}
              disabled={!props.mayMarkAll}
              checked={props.all}
              onChange={() => props.setAll(!props.all)}
            />
          </th>
        )}
        <th {...HEAD} className="c-state" scope="col">
          {t("runs.state")}
        </th>
        <th {...HEAD} className="c-what" scope="col">
          {t("runs.what")}
        </th>
        {has("last_call") && (
          <th {...HEAD} className="c-call" scope="col">
            {t("runs.last_call")}
          </th>
        )}
        {has("took") && (
          <th {...HEAD} className="c-took n" scope="col">
            {t("runs.took")}
          </th>
        )}
        {has("cost") && (
          <SortedHead className="c-cost n" sort="cost_usd">
            {t("runs.cost")}
          </SortedHead>
        )}
        {has("started") && (
          <SortedHead className="c-started n" sort="created_at">
            {t("runs.started")}
          </SortedHead>
        )}
        {has("id") && (
          <th {...HEAD} className="c-id n" scope="col">
            {t("runs.id")}
          </th>
        )}
      </tr>
    </thead>
  );
});

/** A column that the list can be sorted by; how it is stands in the address. */
function SortedHead(props: { sort: Sort; className: string; children: ReactNode }) {
  const navigate = useNavigate({ from: "/runs" });
  const { sort = "created_at", order = "desc" } = useSearch({ from: "/console/runs" });
  const isIt = sort === props.sort;
  const press = () =>
    navigate({
      search: ({ sort: by, order: way, ...old }) => ({
        ...old,
        ...nextOrder({ ...(by ? { sort: by } : {}), ...(way ? { order: way } : {}) }, props.sort),
      }),
      replace: true,
    });
  return (
    <th
      {...HEAD}
      className={props.className}
      scope="col"
      aria-sort={isIt ? (order === "asc" ? "ascending" : "descending") : "none"}
    >
      <button type="button" className="sort" onClick={press}>
        {props.children}
        {isIt && <span aria-hidden="true"> {order === "asc" ? "↑" : "↓"}</span>}
      </button>
    </th>
  );
}
