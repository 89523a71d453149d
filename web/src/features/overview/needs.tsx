import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Approval } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { approvalsQuery } from "../../app/queries.ts";
import { useMayAct, useProject } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { Fuse } from "../../ui/marks.tsx";
import { TimeLeft } from "../approvals/decision-bar.tsx";

const SHOWN = 5;

/** The oldest questions; the first one's button is the filled one of the page. */
export function Needs() {
  const { t } = useWords();
  const approvals = useQuery(approvalsQuery(useProject())).data;
  const questions = approvals?.items ?? [];
  return (
    <section aria-labelledby="o-needs">
      <div className="sec ruled">
        <h2 id="o-needs">{t("overview.needs")}</h2>
        <span className="flex-1" />
        {questions.length > SHOWN && (
          <Link to="/approvals" className="text-xs">
            {t("overview.all_questions", { count: approvals?.total ?? 0 })}
          </Link>
        )}
      </div>
      {approvals && questions.length === 0 && (
        <p className="py-3 text-ink-2">{t("overview.needs_none")}</p>
      )}
      <ul>
        {questions.slice(0, SHOWN).map((question, place) => (
          <Need key={question.approval_id} question={question} isFirst={place === 0} />
        ))}
      </ul>
    </section>
  );
}

function Need(props: { question: Approval; isFirst: boolean }) {
  const { t } = useWords();
  const now = useNow();
  const mayAct = useMayAct();
  const { question } = props;
  return (
    <li>
      <div className="need">
        <Glyph name="waiting" className="big text-you-text" />
        <div className="min-w-0">
          <span className="strong wrap-anywhere">{question.headline}</span>
          <div className="text-xs text-ink-2 wrap-anywhere">
            {t("overview.asked_by", { tool: question.tool, agent: question.agent_id })}
          </div>
        </div>
        <TimeLeft approval={question} className="strong time" />
        <Link
          className={`btn is-small ${props.isFirst && mayAct ? "is-you" : ""}`}
          to="/approvals"
          search={(old) => ({ ...old, question: question.approval_id })}
          aria-label={t(mayAct ? "overview.decide_it" : "overview.read_it", {
            question: question.headline,
          })}
        >
          {mayAct ? t("overview.decide") : t("overview.read")}
        </Link>
      </div>
      <Fuse
        from={Date.parse(question.asked_at)}
        until={Date.parse(question.expires_at)}
        now={now}
      />
    </li>
  );
}
