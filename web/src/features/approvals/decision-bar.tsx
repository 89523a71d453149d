import type { Approval } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { shortHash, wallTime } from "../../app/format.ts";
import { Problem } from "../../app/send.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { LowerBar } from "../../ui/lower-bar.tsx";
import { Fuse, Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { answerName, lookOf } from "./answers.ts";
import { standingOf } from "./inbox.ts";
import type { Deciding } from "./use-decision.tsx";

/**
 * Approve and Reject…, or why one can't; with `all` the other answers too. The diamond stays hollow until the server has
 * answered.
 */
export function DecisionButtons(props: { deciding: Deciding; all?: boolean }) {
  const { t } = useWords();
  const { deciding } = props;
  if (!deciding.mayDecide)
    return (
      <Button aria-disabled="true" title={t("decide.not_yours_why")}>
        {t("decide.not_yours")}
      </Button>
    );
  const busy = deciding.sending !== null || deciding.done !== null || deciding.settled;
  // Who may not say yes may still say no.
  const yes = deciding.noYes === null ? {} : { title: deciding.noYes };
  const noYes = busy || deciding.noYes !== null;
  return (
    <>
      <Button
        tone={noYes ? "plain" : "you"}
        aria-disabled={noYes}
        {...yes}
        onClick={() => deciding.start("approve")}
      >
        <Glyph name={deciding.sending === "approve" ? "waiting" : "granted"} />
        {deciding.sending === "approve" ? t("decide.sending") : t("decide.approve")}
        <Kbd>A</Kbd>
      </Button>
      <Button aria-disabled={busy} onClick={() => deciding.start("reject")}>
        <Glyph name={deciding.sending === "reject" ? "waiting" : "refused"} />
        {deciding.sending === "reject" ? t("decide.sending") : t("decide.reject")}
        <Kbd>R</Kbd>
      </Button>
      {props.all && (
        <>
          <Button
            tone="bare"
            aria-disabled={busy}
            onClick={() => deciding.start("request_changes")}
          >
            {deciding.sending === "request_changes" ? t("decide.sending") : t("decide.changes")}
            <Kbd>C</Kbd>
          </Button>
          <Button tone="bare" aria-disabled={noYes} {...yes} onClick={() => deciding.start("edit")}>
            <Glyph name="write" />
            {deciding.sending === "edit" ? t("decide.sending") : t("decide.edit")}
            <Kbd>E</Kbd>
          </Button>
        </>
      )}
    </>
  );
}

export function DecisionBar(props: { approval: Approval; deciding: Deciding }) {
  const { t } = useWords();
  const now = useNow();
  const { approval, deciding } = props;
  return (
    <LowerBar kind="bar" label={t("decide.label")}>
      <Fuse
        from={Date.parse(approval.asked_at)}
        until={Date.parse(approval.expires_at)}
        now={now}
      />
      <div className="in">
        <DecisionButtons deciding={deciding} all />
        {deciding.resending && <span className="text-ink-2">{t("decide.resending")}</span>}
        <span className="flex-1" />
        <span className="text-xs text-ink-3 text-right max-lg:hidden">
          {t("decide.runs_once")}
          <br />
          <code title={approval.args_hash}>SHA-256 {shortHash(approval.args_hash)}</code>
        </span>
      </div>
    </LowerBar>
  );
}

/** What the server said instead of yes: the decision that stands, the expiry, or a problem. */
export function DecisionProblem(props: { error: Error; approval: Approval }) {
  const { t } = useWords();
  const { error, approval } = props;
  if (error instanceof Problem && error.status === 409) {
    const standing = standingOf(error.body);
    if (standing) return <StandingNote {...standing} />;
  }
  if (error instanceof Problem && error.status === 410)
    return (
      <div className="note is-stop" role="alert">
        <Glyph name="clock" className="text-stop-text" />
        <span>
          <b>{t("decide.expired", { time: wallTime(approval.expires_at) })}</b>{" "}
          {t("decide.expired_why")} <code className="text-ink-3">{error.code}</code>
        </span>
      </div>
    );
  return <ProblemNote error={error} />;
}

/** Who decided, when, and in which words. What one has typed oneself is kept. */
export function StandingNote(props: {
  actor: string;
  decision: string;
  reason: string | null;
  at: string | null;
}) {
  const { t } = useWords();
  const { glyph, tone } = lookOf(props.decision);
  const name = answerName(props.decision);
  const time = props.at ? wallTime(props.at) : "";
  return (
    <div className="note is-you" role="status">
      <Glyph name={glyph} className={tone} />
      <span>
        <b>
          {name
            ? t(`answers.${name}`, { who: props.actor })
            : `${props.actor}${t("common.colon")}${props.decision}`}
        </b>{" "}
        {time} {props.reason && t("common.quoted", { text: props.reason })}
      </span>
    </div>
  );
}

export function TimeLeft(props: { approval: Approval; className?: string }) {
  const { t, countdown } = useWords();
  const now = useNow();
  const from = Date.parse(props.approval.asked_at);
  const until = Date.parse(props.approval.expires_at);
  if (until <= now || props.approval.expired)
    return (
      <span className={`text-stop-text ${props.className ?? ""}`}>{t("decide.time_over")}</span>
    );
  const short = (until - now) / Math.max(1, until - from) < 0.2;
  return (
    <span className={`num ${short ? "text-stop-text" : ""} ${props.className ?? ""}`}>
      {t("decide.left", { time: countdown(until - now) })}
    </span>
  );
}
