import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { RunList } from "../../app/api.ts";
import type { BulkRequest, RunFilters } from "../../app/client.ts";
import { useKeys } from "../../app/keys.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { LowerBar } from "../../ui/lower-bar.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { BulkDialog } from "./bulk-dialog.tsx";
import { changeable, MOST_MARKED, projectOf } from "./selection.ts";
import type { Selection } from "./use-selection.ts";

interface BarProps {
  selection: Selection;
  filters: RunFilters;
  /** The project that all that match are of. */
  project: string | undefined;
  /** How many match. */
  total: RunList;
}

/** What can be done with the marked runs, or with all that match. */
export function BulkBar(props: BarProps) {
  const { t, number } = useWords();
  const navigate = useNavigate({ from: "/runs" });
  const { selection, total } = props;
  const { marks, all } = selection;
  const [asking, setAsking] = useState<BulkRequest["action"]>();
  useKeys({ Escape: selection.clear });
  if (marks.size === 0 && !all) return null;
  const project = all ? props.project : projectOf(marks);
  const may = (action: BulkRequest["action"]) =>
    project !== undefined && (all || changeable(marks, action) > 0);
  const started = (bulkId: string) => {
    setAsking(undefined);
    selection.clear();
    void navigate({ search: (old) => ({ ...old, bulk: bulkId }), replace: true });
  };
  return (
    <LowerBar kind="many-runs" label={t("many_runs.label")}>
      <b className="num">
        {all
          ? t("many_runs.all", { count: total.total, number: number(total.total) })
          : t("many_runs.marked", { count: marks.size, number: number(marks.size) })}
      </b>
      <span className="text-ink-2">
        <Note {...props} isOfOne={project !== undefined} />
      </span>
      <span className="flex-1" />
      <Button size="small" aria-disabled={!may("retry")} onClick={() => setAsking("retry")}>
        {t("many_runs.retry")}
      </Button>
      <Button size="small" aria-disabled={!may("cancel")} onClick={() => setAsking("cancel")}>
        {t("many_runs.cancel")}
      </Button>
      <Button size="small" tone="bare" onClick={selection.clear}>
        {t("many_runs.clear")} <Kbd>Esc</Kbd>
      </Button>
      {asking && project !== undefined && (
        <BulkDialog
          action={asking}
          projectId={project}
          runs={all ? props.filters : [...marks.keys()]}
          onClose={() => setAsking(undefined)}
          onStarted={started}
        />
      )}
    </LowerBar>
  );
}

/** What the marked runs are good for, or why they are good for nothing. */
function Note(props: BarProps & { isOfOne: boolean }) {
  const { t, number } = useWords();
  const { selection, total } = props;
  if (!props.isOfOne) return t("many_runs.one_project");
  if (selection.all) return null;
  const { marks } = selection;
  if (marks.size >= MOST_MARKED) return t("many_runs.most", { number: number(MOST_MARKED) });
  const parts = [
    [changeable(marks, "cancel"), "can_cancel"],
    [changeable(marks, "retry"), "can_retry"],
  ] as const;
  const said = parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => t(`many_runs.${what}`, { count, number: number(count) }));
  const offer = selection.mayMarkAll && total.total > marks.size;
  return (
    <>
      {said.length === 0 ? t("many_runs.nothing") : said.join(t("many_runs.and"))}{" "}
      {offer && (
        <button type="button" className="as-link" onClick={() => selection.setAll(true)}>
          {t("many_runs.take_all", { count: total.total, number: number(total.total) })}
        </button>
      )}
    </>
  );
}
