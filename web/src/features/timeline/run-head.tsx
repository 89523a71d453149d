import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { isFinal, type Run, type RunDetail } from "../../app/api.ts";
import { api } from "../../app/client.ts";
import { useNow } from "../../app/clock.ts";
import { shortId } from "../../app/format.ts";
import { useMayAct } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { cx } from "../../ui/cx.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { StateMark } from "../runs/state.tsx";
import { Download } from "./download.tsx";
import { Neighbours } from "./neighbours.tsx";

export function RunHead(props: { detail: RunDetail }) {
  const { t } = useWords();
  const { run } = props.detail;
  return (
    <>
      <div className="crumb">
        <Link to="/runs">{t("nav.pages.runs")}</Link>
        <Glyph name="right" className="sm" />
        <code>{shortId(run.run_id)}</code>
        <Copy text={run.run_id} label={t("run.copy_id")} />
        <Neighbours run={run} />
      </div>
      <div className="head mt-0.5 mb-3">
        <h1 className="min-w-0 wrap-anywhere">
          <Sentence text={run.title} />
        </h1>
        <span className="pt-0.5">
          <StateMark state={run.state} />
        </span>
        <span className="flex-1" />
        <RunActions detail={props.detail} />
      </div>
    </>
  );
}

function RunActions(props: { detail: RunDetail }) {
  const { t } = useWords();
  const { run } = props.detail;
  const mayAct = useMayAct();
  const [cancelling, setCancelling] = useState(false);
  const navigate = useNavigate();
  const retry = useMutation({
    mutationFn: () => api.retryRun(run.project_id, run.run_id),
    onSuccess: ({ run_id: runId }) => {
      announce(t("run.retried"));
      return navigate({
        to: "/runs/$projectId/$runId",
        params: { projectId: run.project_id, runId },
      });
    },
  });
  // A client's run can't be started by us, and one that did its work has nothing to retry.
  const mayRetry = run.driver === "worker" && isFinal(run.state) && run.state !== "completed";
  return (
    <div className="line flex-none">
      <Download run={run} />
      {mayAct && mayRetry && (
        <Button size="small" onClick={() => retry.mutate()} aria-disabled={retry.isPending}>
          <Glyph name="retry" className="sm" />
          {t("run.retry")}
        </Button>
      )}
      {mayAct && !isFinal(run.state) && (
        <Button size="small" onClick={() => setCancelling(true)}>
          {t("run.cancel")}
        </Button>
      )}
      {cancelling && <CancelDialog run={run} onClose={() => setCancelling(false)} />}
      {retry.error && (
        <Dialog title={t("run.retry")} onClose={() => retry.reset()}>
          <ProblemNote error={retry.error} />
          <div className="foot">
            <Button onClick={() => retry.reset()}>{t("common.close")}</Button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

function CancelDialog(props: { run: Run; onClose: () => void }) {
  const { t } = useWords();
  const [reason, setReason] = useState("");
  const { run } = props;
  const cancel = useMutation({
    mutationFn: () => api.cancelRun(run.project_id, run.run_id, reason.trim()),
    onSuccess: () => {
      announce(t("run.cancelled"));
      props.onClose();
    },
  });
  const ready = reason.trim() !== "" && !cancel.isPending;
  return (
    <Dialog title={t("run.cancel_title")} onClose={props.onClose}>
      <p className="text-ink-2">{t("run.cancel_what")}</p>
      <label htmlFor="cancel-reason">{t("decide.reason_needed")}</label>
      <textarea
        id="cancel-reason"
        className="field"
        rows={3}
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      {cancel.error && <ProblemNote error={cancel.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>{t("common.back")}</Button>
        <Button tone="ink" aria-disabled={!ready} onClick={() => cancel.mutate()}>
          {cancel.isPending ? t("decide.sending") : t("run.cancel_confirm")}
        </Button>
      </div>
    </Dialog>
  );
}

function Fact(props: { name: string; minor?: boolean; children: ReactNode }) {
  return (
    <div className={cx(props.minor && "minor")}>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

export function RunFacts(props: { detail: RunDetail }) {
  const { t, when, money, moneyLimit } = useWords();
  const { run } = props.detail;
  const limit = run.budget.cost_limit_usd;
  return (
    <dl className="facts">
      <Fact name={t("run.agent")}>
        <Link to="/contracts/$revisionId" params={{ revisionId: run.revision_id }}>
          {run.agent_id} {run.contract_version}
        </Link>
      </Fact>
      <Fact name={t("run.trigger")}>
        <Trigger detail={props.detail} />
      </Fact>
      <Fact name={t("run.started")} minor>
        <time dateTime={run.started_at ?? run.created_at}>
          {when(run.started_at ?? run.created_at, Date.now())}
        </time>
      </Fact>
      <Fact name={t("run.took")}>
        <Took run={run} />
      </Fact>
      <Fact name={t("run.cost")}>
        {money(run.cost_usd)}{" "}
        {limit !== null && (
          <span className="text-ink-3">{t("run.of_limit", { limit: moneyLimit(limit) })}</span>
        )}
      </Fact>
      <Fact name={t("run.attempt")} minor>
        {t("run.attempt_of", { n: Math.max(1, run.attempt_count), max: run.max_attempts })}
      </Fact>
      <Fact name={t("run.mode")} minor>
        {run.is_shadow ? <span className="tag shadow-run">{t("runs.shadow")}</span> : t("run.live")}
      </Fact>
      {run.retry_of && (
        <Fact name={t("run.retry_of")} minor>
          <Link
            to="/runs/$projectId/$runId"
            params={{ projectId: run.project_id, runId: run.retry_of }}
          >
            <code>{shortId(run.retry_of)}</code>
          </Link>
        </Fact>
      )}
      {run.trace_id && (
        <Fact name={t("run.trace")} minor>
          <span className="line gap-1">
            <Link to="/runs" search={{ q: run.trace_id }} title={t("run.same_trace")}>
              <code>{run.trace_id.slice(0, 8)}</code>
            </Link>
            <Copy text={run.trace_id} label={t("run.copy_trace")} />
          </span>
        </Fact>
      )}
    </dl>
  );
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-/i;

/** An event's id says nothing to a person; what the event was about does. */
function Trigger({ detail }: { detail: RunDetail }) {
  const { trigger_type: type, trigger_ref: ref } = detail.run;
  const event = detail.inbound_events[0];
  const about = ref !== null && UUID.test(ref) ? event?.content_preview?.split(":", 1)[0] : ref;
  const said = (
    <>
      {type ?? "–"} <span className="text-ink-3">{about}</span>
    </>
  );
  if (!event) return <span title={ref ?? undefined}>{said}</span>;
  return (
    <Link
      to="/channel-events"
      search={{ type: event.channel_type, prefix: event.provider_event_id }}
      title={ref ?? undefined}
    >
      {said}
    </Link>
  );
}

function Took(props: { run: Run }) {
  const { t, duration } = useWords();
  const now = useNow();
  const from = Date.parse(props.run.started_at ?? props.run.created_at);
  if (props.run.completed_at) return duration(Date.parse(props.run.completed_at) - from);
  const seconds = Math.max(0, Math.round((now - from) / 1000));
  return (
    <>
      {duration(seconds * 1000)} <span className="text-ink-3">{t("run.so_far")}</span>
    </>
  );
}
