import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Bulk } from "../../app/api.ts";
import { shortId } from "../../app/format.ts";
import { bulkQuery, bulkRefusalsQuery } from "../../app/queries.ts";
import { useWords, type Words } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { LowerBar } from "../../ui/lower-bar.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";

/** How far an action on many runs has come; it goes on by itself, whether one looks or not. */
export function BulkProgress(props: { bulkId: string }) {
  const words = useWords();
  const { t } = words;
  const navigate = useNavigate({ from: "/runs" });
  const bulk = useQuery(bulkQuery(props.bulkId));
  const [refusals, setRefusals] = useState(false);
  const close = () => navigate({ search: ({ bulk: _, ...old }) => old, replace: true });
  useSaidWhenDone(bulk.data, words);
  return (
    <LowerBar kind="many-runs" label={t("many_runs.progress")}>
      {bulk.error && <ProblemNote error={bulk.error} onRetry={() => void bulk.refetch()} />}
      {bulk.data && <Progress bulk={bulk.data} />}
      <span className="flex-1" />
      {bulk.data && bulk.data.refused_count > 0 && (
        <Button size="small" onClick={() => setRefusals(true)}>
          {t("many_runs.see_refused")}
        </Button>
      )}
      <Button size="small" tone="bare" onClick={close}>
        {t("common.close")}
      </Button>
      {refusals && <Refusals bulkId={props.bulkId} onClose={() => setRefusals(false)} />}
    </LowerBar>
  );
}

function useSaidWhenDone(bulk: Bulk | undefined, words: Words) {
  const wasOpen = useRef(false);
  const isDone = bulk?.status === "done";
  useEffect(() => {
    if (bulk && isDone && wasOpen.current) announce(inWords(bulk, words));
    wasOpen.current = bulk !== undefined && !isDone;
  }, [bulk, isDone, words]);
}

function inWords(bulk: Bulk, { t, number }: Words): string {
  const { action, changed_count: changed, refused_count: refused } = bulk;
  const name = action === "retry" ? "retried" : "cancelled";
  const done = t(`many_runs.${name}`, { count: changed, number: number(changed) });
  return refused === 0
    ? done
    : `${done}${t("many_runs.and")}${t("many_runs.refused", { count: refused, number: number(refused) })}`;
}

function Progress({ bulk }: { bulk: Bulk }) {
  const words = useWords();
  const { t, number, duration } = words;
  const dealtWith = bulk.total_count - bulk.remaining_count;
  if (bulk.status === "done") return <b className="num">{inWords(bulk, words)}</b>;
  return (
    <>
      <progress
        aria-label={t(`many_runs.titles.${bulk.action === "retry" ? "retry" : "cancel"}`)}
        max={Math.max(1, bulk.total_count)}
        value={dealtWith}
      />
      <span className="num">
        {t("many_runs.so_far", { done: number(dealtWith), total: number(bulk.total_count) })}
      </span>
      {bulk.remaining_seconds !== null && bulk.remaining_seconds > 0 && (
        <span className="text-ink-3 num">
          {t("many_runs.left", { time: duration(bulk.remaining_seconds * 1000) })}
        </span>
      )}
    </>
  );
}

/** The runs nothing was done to, each with the reason. */
function Refusals(props: { bulkId: string; onClose: () => void }) {
  const { t, number, codeText, language } = useWords();
  const bulk = useQuery(bulkQuery(props.bulkId)).data;
  const refused = useQuery(bulkRefusalsQuery(props.bulkId));
  const more = (refused.data?.total ?? 0) - (refused.data?.results.length ?? 0);
  return (
    <Dialog title={t("many_runs.refused_title")} onClose={props.onClose} wide>
      {refused.isPending && <Bones rows={4} label={t("common.loading")} />}
      {refused.error && <ProblemNote error={refused.error} onRetry={() => refused.refetch()} />}
      <ul className="refusals">
        {refused.data?.results.map(({ run_id: runId, code, detail }) => (
          <li key={runId}>
            <Link
              to="/runs/$projectId/$runId"
              params={{ projectId: bulk?.project_id ?? "", runId }}
            >
              <code>{shortId(runId)}</code>
            </Link>
            <span className="text-ink-2 wrap-anywhere">
              {(language === "en" ? undefined : codeText(code)) ?? detail ?? code}
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && (
        <p className="text-ink-3">{t("many_runs.more", { count: more, number: number(more) })}</p>
      )}
      <div className="foot">
        <Button onClick={props.onClose}>{t("common.close")}</Button>
      </div>
    </Dialog>
  );
}
