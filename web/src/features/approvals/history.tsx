import { Link } from "@tanstack/react-router";
import type { Approval } from "../../app/api.ts";
import { wallTime } from "../../app/format.ts";
import { useWords, type Words } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { answerName, lookOf } from "./answers.ts";
import { Block } from "./block.tsx";
import { ChangesTable } from "./changes-table.tsx";

/** What of the call is worth a second look, as the server says it. */
export function Risks({ approval }: { approval: Approval }) {
  const { t } = useWords();
  if (approval.risks.length === 0) return null;
  return (
    <ul className="risks" aria-label={t("question.risks")}>
      {approval.risks.map(({ key, text, tone }) => (
        <li key={key}>
          <Glyph name="alert" className={tone === "stop" ? "text-stop-text" : ""} />
          <span>{text}</span>
        </li>
      ))}
    </ul>
  );
}

/** What came before this question: the proposal it takes the place of, or the arguments that a person has changed. */
export function Before({ approval }: { approval: Approval }) {
  const { t } = useWords();
  const { revision_of: before, revision, edit } = approval;
  return (
    <>
      {before && (
        <Block
          title={t("question.revision", { n: revision })}
          aside={
            <span className="text-xs text-ink-3">
              {t("question.since_proposal", { n: revision - 1 })}
            </span>
          }
        >
          {before.decisions
            .filter(({ decision }) => decision === "request_changes")
            .map(({ actor, reason, at }) => (
              <p key={at} className="quote">
                <b>{t("answers.request_changes", { who: actor })}</b> {wallTime(at)}{" "}
                {reason && t("common.quoted", { text: reason })}
              </p>
            ))}
          <ChangesTable changes={before.changes} />
        </Block>
      )}
      {edit && (
        <Block title={t("question.edited", { who: edit.by ?? "?" })}>
          <ChangesTable changes={edit.changes} />
        </Block>
      )}
    </>
  );
}

type EarlierQuestion = Approval["earlier"][number];

/** What came of a call that a person was asked about. */
export function endingOf(ended: EarlierQuestion["ended"], { t }: Words): string {
  switch (ended) {
    case "success":
      return t("earlier.success");
    case "error":
      return t("earlier.error");
    case "unknown":
      return t("earlier.unknown");
    case "executing":
      return t("earlier.executing");
    case "not_yet":
      return t("earlier.not_yet");
    default:
      return t("earlier.never");
  }
}

/** How questions like this one were decided, and what came of it. */
export function Earlier({ approval }: { approval: Approval }) {
  const words = useWords();
  const { t, moment } = words;
  if (approval.earlier.length === 0) return null;
  return (
    <Block
      title={t("earlier.title")}
      aside={<span className="text-xs text-ink-3">{t("earlier.same_form")}</span>}
    >
      <ul>
        {approval.earlier.map((one) => {
          const last = one.decisions.at(-1);
          const name = answerName(last?.decision ?? null);
          const { glyph, tone } = lookOf(last?.decision ?? null);
          return (
            <li key={one.approval_id} className="past">
              <Link
                className="num"
                to="/runs/$projectId/$runId"
                params={{ projectId: approval.project_id, runId: one.run_id }}
              >
                {moment(one.decided_at, Date.now())}
              </Link>
              <span className="line gap-1 min-w-0">
                <Glyph name={glyph} className={`sm ${tone}`} />
                <span>
                  {name && last ? t(`answers.${name}`, { who: last.actor }) : one.status}
                  {last?.reason && ` ${t("common.quoted", { text: last.reason })}`}
                </span>
              </span>
              <span className="text-ink-2">
                {one.same_arguments ? t("earlier.same_arguments") : t("earlier.other_values")}
              </span>
              <span className={one.ended === "success" ? "text-ok-text" : "text-ink-2"}>
                {endingOf(one.ended, words)}
              </span>
            </li>
          );
        })}
      </ul>
    </Block>
  );
}
