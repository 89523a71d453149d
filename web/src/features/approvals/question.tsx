import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Approval } from "../../app/api.ts";
import { useKeys } from "../../app/keys.ts";
import { runQuery } from "../../app/queries.ts";
import { useWords } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { Kbd, Tag } from "../../ui/marks.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { onlyAsked, resultInWords } from "../calls/in-words.ts";
import { stopInWords } from "../calls/stop-words.ts";
import { GatePips } from "../gates/gates.tsx";
import { Block } from "./block.tsx";
import { DecisionBar, DecisionProblem, TimeLeft } from "./decision-bar.tsx";
import { type CallView, ExactCall } from "./exact-call.tsx";
import { Before, Earlier, Risks } from "./history.tsx";
import type { InboxEntry } from "./inbox.ts";
import { Outcome } from "./outcome.tsx";
import { QuestionSide } from "./question-side.tsx";
import { type Deciding, useDecision } from "./use-decision.tsx";

/** One question in full: what would be done, why it is asked, what came before. */
export function Question(props: {
  entry: InboxEntry;
  position: number;
  of: number;
  openCount: number;
  onDecided: () => void;
  onBack: () => void;
}) {
  const { t } = useWords();
  const { approval, closed } = props.entry;
  const [view, setView] = useState<CallView>("table");
  const deciding = useDecision(approval, props.onDecided);
  useQuestionKeys(props.entry, deciding, () =>
    setView((old) => (old === "table" ? "json" : "table")),
  );
  return (
    <section className="ask" aria-label={t("question.label")}>
      <div className={`body ${closed ? "is-closed" : ""}`}>
        <div className="main">
          <Crumb {...props} />
          <h1 className="headline" tabIndex={-1}>
            <Sentence text={approval.headline} />
          </h1>
          {closed && !deciding.problem && <Outcome approval={approval} answered={deciding.done} />}
          {deciding.problem && <DecisionProblem error={deciding.problem} approval={approval} />}
          {approval.is_shadow && (
            <p>
              <Tag tone="shadow-run">{t("runs.shadow")}</Tag>
            </p>
          )}
          <p className="lead">{approval.why}</p>
          <Risks approval={approval} />
          <Before approval={approval} />
          <SoFar approval={approval} />
          <ExactCall approval={approval} view={view} onView={setView} />
          {approval.agent_reason && (
            <Block
              title={t("question.own_reason")}
              aside={<span className="text-xs text-ink-3">{t("question.unchecked")}</span>}
            >
              <p className="quote">{approval.agent_reason}</p>
            </Block>
          )}
          <Earlier approval={approval} />
        </div>
        <QuestionSide approval={approval} />
      </div>
      {!closed && !deciding.settled && <DecisionBar approval={approval} deciding={deciding} />}
      {deciding.dialog}
    </section>
  );
}

function useQuestionKeys(
  { approval, closed }: InboxEntry,
  deciding: Deciding,
  onView: () => void,
): void {
  const navigate = useNavigate();
  const run = { projectId: approval.project_id, runId: approval.run_id };
  useKeys({
    ...(closed
      ? {}
      : {
          a: () => deciding.start("approve"),
          r: () => deciding.start("reject"),
          c: () => deciding.start("request_changes"),
          e: () => deciding.start("edit"),
        }),
    o: () => navigate({ to: "/runs/$projectId/$runId", params: run }),
    v: onView,
  });
}

function Crumb(props: {
  entry: InboxEntry;
  position: number;
  of: number;
  openCount: number;
  onBack: () => void;
}) {
  const { t } = useWords();
  const { approval, closed } = props.entry;
  return (
    <div className="crumb">
      <button
        type="button"
        className="line flex-none gap-1 min-h-8 md:hidden"
        onClick={props.onBack}
      >
        <Glyph name="back" className="sm" />
        {t("nav.open", { count: props.openCount })}
      </button>
      <span className="line max-md:hidden flex-none">
        {t("question.asks", { agent: approval.agent.contract })}
        <Glyph name="right" className="sm" />
      </span>
      <Link
        className="cut"
        title={approval.run_title}
        to="/runs/$projectId/$runId"
        params={{ projectId: approval.project_id, runId: approval.run_id }}
      >
        {approval.run_title}
      </Link>
      <span className="flex-1" />
      {!closed && (
        <b className="text-you-text whitespace-nowrap lg:hidden">
          <TimeLeft approval={approval} />
        </b>
      )}
      <span className="line max-md:hidden flex-none num">
        {props.position} / {props.of}
        <Kbd>J</Kbd>
        <Kbd>K</Kbd>
      </span>
    </div>
  );
}

const MOST_CALLS = 8;

/** The calls of the run up to the question, so that one need not leave to see what the agent saw. */
function SoFar({ approval }: { approval: Approval }) {
  const words = useWords();
  const { t, duration } = words;
  const detail = useQuery(runQuery(approval.project_id, approval.run_id)).data;
  if (!detail) return null;
  const summaries = new Map(detail.steps.map((step) => [step.call_id, step.summary]));
  return (
    <Block
      title={t("question.so_far")}
      aside={
        <>
          <Link
            className="text-xs"
            to="/runs/$projectId/$runId"
            params={{ projectId: approval.project_id, runId: approval.run_id }}
          >
            {t("question.open_run")}
          </Link>
          <Kbd>O</Kbd>
        </>
      }
    >
      <ul>
        {detail.mcp_calls.slice(-MOST_CALLS).map((call) => {
          const ms = call.upstream_ms ?? call.latency_ms;
          const asked = call.approval_id === approval.approval_id && onlyAsked(call);
          const came = asked
            ? t("question.this")
            : (stopInWords(call, words) ??
              summaries.get(call.call_id) ??
              resultInWords(call) ??
              "");
          return (
            <li key={call.call_id} className="mini">
              <span className="k">
                <Glyph name={call.effect} />
              </span>
              <span className="cut" title={`${call.tool_name} ${came}`}>
                <b>{call.tool_name}</b> <span className="text-ink-2">{came}</span>
              </span>
              <GatePips verdicts={call.verdicts} isOver={call.result_status !== "pending"} />
              <span className="dur">{asked || ms === null ? "" : duration(ms)}</span>
            </li>
          );
        })}
      </ul>
    </Block>
  );
}
