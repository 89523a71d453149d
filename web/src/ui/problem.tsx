import type { ReactNode } from "react";
import { fieldOf, Problem } from "../app/send.ts";
import { useWords, type Words } from "../app/words.ts";
import { Button } from "./button.tsx";
import { At, FindingText } from "./finding.tsx";
import { Glyph } from "./glyphs.tsx";

/** What one can do about an answer that says itself only what was wrong. */
function whatNow({ status, code }: Problem, { t }: Words): string | undefined {
  if (code === "E-NOT-FOUND") return t("problem.now.look_again");
  if (code === "E-FORBIDDEN") return t("problem.now.ask");
  return status >= 500 ? t("problem.now.report") : undefined;
}

/** What happened, why, what now; the code last. Stands in place of what failed. */
export function ProblemNote(props: { error: Error; onRetry?: () => void; children?: ReactNode }) {
  const words = useWords();
  const { t, language, codeText } = words;
  const problem = props.error instanceof Problem ? props.error : undefined;
  // The server explains itself in English; where one reads another language its codes are read instead.
  const known = language === "en" ? undefined : codeText(problem?.code ?? null);
  const lost = problem?.isConnection ?? false;
  const now = problem && !lost && whatNow(problem, words);
  // What is not there won't be when it is asked for again.
  const onRetry = problem?.code === "E-NOT-FOUND" ? undefined : props.onRetry;
  return (
    <div className="err" role="alert">
      <Glyph name="failed" className="text-stop-text" />
      <div>
        <b>
          {lost ? t("problem.no_answer") : (known ?? problem?.message ?? t("problem.unexpected"))}
        </b>
        <div className="text-ink-2">
          {lost
            ? t("problem.no_answer_why")
            : known === undefined && (problem?.detail ?? props.error.message)}
        </div>
        {problem && <Faults of={problem} isAll={known !== undefined} />}
        {now && <div className="text-ink-2">{now}</div>}
        <div className="line mt-2 empty:hidden">
          {onRetry && (
            <Button size="small" onClick={onRetry}>
              <Glyph name="retry" className="sm" />
              {t("common.try_again")}
            </Button>
          )}
          {props.children}
          {problem?.code && <code className="text-ink-3">{problem.code}</code>}
        </div>
      </div>
    </div>
  );
}

const MOST_FAULTS = 20;

/** Everything that is wrong with the fields; a single thing stands in the words above where they are shown. */
function Faults({ of, isAll }: { of: Problem; isAll: boolean }) {
  if (of.errors.length < (isAll ? 1 : 2)) return null;
  return (
    <ul className="list-disc pl-4 text-ink-2">
      {of.errors.slice(0, MOST_FAULTS).map((fault) => (
        <li key={`${fault.path} ${fault.message}`}>
          <At field={fieldOf(fault.path)} />
          <FindingText found={fault} />
        </li>
      ))}
    </ul>
  );
}

const WIDTHS = ["72%", "54%", "64%", "80%", "47%", "69%"];

/** The final layout in grey, shown only when an answer takes longer than 200 ms; `head` where a table comes. */
export function Bones(props: { rows: number; label: string; head?: boolean }) {
  return (
    <div className="bones" role="status" aria-label={props.label}>
      {props.head && <div className="bones-head" aria-hidden="true" />}
      {Array.from({ length: props.rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows have no identity, they only fill space
        <div key={row} aria-hidden="true">
          <i className="bone" />
          <i className="bone" />
          <i className="bone" style={{ width: WIDTHS[row % WIDTHS.length] }} />
          <i className="bone" />
        </div>
      ))}
    </div>
  );
}
