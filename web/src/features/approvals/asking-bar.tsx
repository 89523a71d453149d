import { Link } from "@tanstack/react-router";
import type { Approval } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { ended, joined } from "../../app/format.ts";
import { useKeys } from "../../app/keys.ts";
import { useWords, type Words } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { Fuse } from "../../ui/marks.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { DecisionBar, DecisionButtons, DecisionProblem, TimeLeft } from "./decision-bar.tsx";
import { useDecision } from "./use-decision.tsx";

/** What the question costs and why it is asked, in a line. */
function whyOf(approval: Approval, { t, language }: Words): string {
  const parts = [
    approval.blast_radius,
    approval.undoable === false ? t("question.not_undoable") : null,
    approval.demanded_by.text,
  ];
  return joined(parts.flatMap((part) => (part === null ? [] : [ended(part, language)])));
}

/** The open question of a run, over its page: answered here, or read in full in the inbox. */
export function AskingBar(props: { approval: Approval; others: number }) {
  const words = useWords();
  const { t } = words;
  const { approval } = props;
  const now = useNow();
  const deciding = useDecision(approval);
  useKeys({ a: () => deciding.start("approve"), r: () => deciding.start("reject") });
  return (
    <>
      <div className="asking-wrap">
        <section className="asking" aria-label={t("question.label")}>
          <Glyph name="waiting" className="big text-you-text" />
          <div className="min-w-0">
            <div className="q">
              <Sentence text={approval.headline} />
            </div>
            <div className="text-ink-2 text-xs mt-0.5 wrap-anywhere">
              <b className="sm:hidden text-you-text">
                <TimeLeft approval={approval} />{" "}
              </b>
              {whyOf(approval, words)}{" "}
              <Link
                className="whitespace-nowrap"
                to="/approvals"
                search={(old) => ({ ...old, question: approval.approval_id })}
              >
                {props.others > 0
                  ? t("question.all_of_run", { count: props.others + 1 })
                  : t("question.full")}
              </Link>
            </div>
            {deciding.problem && <DecisionProblem error={deciding.problem} approval={approval} />}
          </div>
          <div className="acts">
            <TimeLeft approval={approval} className="left text-you-text" />
            <DecisionButtons deciding={deciding} />
          </div>
        </section>
        <Fuse
          from={Date.parse(approval.asked_at)}
          until={Date.parse(approval.expires_at)}
          now={now}
        />
      </div>
      <div className="phone-bar">
        <DecisionBar approval={approval} deciding={deciding} />
      </div>
      {deciding.dialog}
    </>
  );
}
