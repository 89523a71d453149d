import { useQuery } from "@tanstack/react-query";
import type { Approval, RunDetail } from "../../app/api.ts";
import { runQuery } from "../../app/queries.ts";
import { useWords } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { StandingNote } from "./decision-bar.tsx";
import { parseDecision } from "./parse-decision.ts";
import type { Answer } from "./use-decision.tsx";

/** Who decided a question that is no longer open, as the run's timeline tells it. */
function decisionIn(detail: RunDetail, approval: Approval) {
  const item = detail.timeline.findLast(
    (each) =>
      each.kind === "approval" &&
      (each.metadata.approval_id ?? approval.approval_id) === approval.approval_id,
  );
  return item ? { at: item.ts, ...parseDecision(item.summary) } : undefined;
}

/** Why a question left the inbox while one was looking at it. */
export function Outcome(props: { approval: Approval; answered: Answer | null }) {
  const { t } = useWords();
  const { approval } = props;
  const detail = useQuery(runQuery(approval.project_id, approval.run_id)).data;
  const decided = detail && decisionIn(detail, approval);
  if (decided?.decision)
    return (
      <StandingNote
        actor={decided.approver ?? "?"}
        decision={decided.decision}
        reason={decided.reason}
        at={decided.at}
      />
    );
  return (
    <div className="note" role="status">
      <Glyph name="clock" />
      <span>
        {Date.parse(approval.expires_at) <= Date.now()
          ? t("inbox.expired_here")
          : t("inbox.closed_here")}
      </span>
    </div>
  );
}
