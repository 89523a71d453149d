import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { type DryRun, RUN_STATES } from "../../app/api.ts";
import { api, type BulkRequest } from "../../app/client.ts";
import { Problem } from "../../app/send.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { changes } from "./selection.ts";
import { StateMark } from "./state.tsx";

interface DialogProps {
  action: BulkRequest["action"];
  projectId: string;
  runs: BulkRequest["runs"];
  onClose: () => void;
  onStarted: (bulkId: string) => void;
}

/** Counts first what would be touched; starts it only with a reason, and for no more runs than were counted. */
function useBulk({ action, projectId, runs, onStarted }: DialogProps) {
  // The list goes on changing behind the dialog; what it asks about stays what it was opened with.
  const [asked] = useState({ action, projectId, runs });
  const [key] = useState(() => crypto.randomUUID());
  const [reason, setReason] = useState("");
  const counted = useQuery({
    queryKey: ["bulk-count", key],
    queryFn: () => api.countBulk({ ...asked, reason: action }),
    gcTime: 0,
  });
  const start = useMutation({
    mutationFn: (total: number) =>
      api.startBulk({ ...asked, reason: reason.trim() }, Math.max(1, total), key),
    // The same key again: a lost answer never starts it twice.
    retry: (count, error) => error instanceof Problem && error.isConnection && count < 6,
    retryDelay: (count) => Math.min(4000, 500 * 2 ** count),
    onSuccess: ({ bulk_id }) => onStarted(bulk_id),
  });
  const total = counted.data?.total_count ?? 0;
  const isReady = reason.trim() !== "" && total > 0 && !start.isPending;
  const confirm = () => isReady && start.mutate(total);
  return { counted, start, reason, setReason, isReady, confirm };
}

export function BulkDialog(props: DialogProps) {
  const { t, number } = useWords();
  const { counted, start, reason, setReason, isReady, confirm } = useBulk(props);
  const field = useId();
  const { action } = props;
  const total = counted.data?.total_count ?? 0;
  return (
    <Dialog title={t(`many_runs.titles.${action}`)} onClose={props.onClose}>
      <p className="text-ink-2">{t(`many_runs.what.${action}`)}</p>
      {counted.isPending && <p className="text-ink-3 mt-3">{t("many_runs.counting")}</p>}
      {counted.error && (
        <ProblemNote error={counted.error} onRetry={() => void counted.refetch()} />
      )}
      {counted.data && <Counted action={action} counted={counted.data} />}
      <label htmlFor={field}>{t("decide.reason_needed")}</label>
      <textarea
        id={field}
        className="field"
        rows={3}
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) confirm();
        }}
      />
      {start.error && <ProblemNote error={start.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>{t("common.back")}</Button>
        <Button tone="ink" aria-disabled={!isReady} onClick={confirm}>
          {start.isPending
            ? t("decide.sending")
            : t(`many_runs.confirm.${action}`, { count: total, number: number(total) })}
        </Button>
      </div>
    </Dialog>
  );
}

/** How many runs are meant, state by state, and which of them nothing will happen to. */
function Counted(props: { action: BulkRequest["action"]; counted: DryRun }) {
  const { t, number } = useWords();
  const { counted, action } = props;
  const states = RUN_STATES.filter((state) => counted.states[state] > 0);
  const refused = states
    .filter((state) => !changes(action, state))
    .reduce((sum, state) => sum + counted.states[state], 0);
  return (
    <>
      <p className="strong mt-3">
        {t(counted.total_is_exact ? "many_runs.matches" : "many_runs.matches_more", {
          count: counted.total_count,
          number: number(counted.total_count),
        })}
      </p>
      <ul className="counted">
        {states.map((state) => (
          <li key={state}>
            <StateMark state={state} />
            <b className="num">{number(counted.states[state])}</b>
          </li>
        ))}
      </ul>
      {refused > 0 && (
        <p className="text-ink-2 mt-2">
          {t(`many_runs.left_alone.${action}`, { count: refused, number: number(refused) })}
        </p>
      )}
    </>
  );
}
