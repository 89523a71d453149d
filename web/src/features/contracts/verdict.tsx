import type { UseQueryResult } from "@tanstack/react-query";
import type { ValidateResponse } from "../../../../src/contracts/lifecycle-contract.ts";
import type { Found } from "../../app/findings.ts";
import { useWords } from "../../app/words.ts";
import { At, FindingText } from "../../ui/finding.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import type { Fault } from "./contract-text.ts";

/** What the server says of the text as it stands: what is wrong and where, or what it would change. */
export function Verdict(props: {
  faults: readonly Fault[];
  /** Undefined while the text can't be sent. */
  checked: UseQueryResult<ValidateResponse> | undefined;
  isTyping: boolean;
  onLine: (line: number) => void;
}) {
  const { t } = useWords();
  const { faults, checked, isTyping } = props;
  const said = checked?.data;
  const isGood = faults.length === 0 && said?.valid === true;
  return (
    <section className="part" aria-busy={isTyping}>
      <h2>{t("contracts.checked")}</h2>
      <p role="status" className="line">
        {isGood && <Glyph name="check" className="text-ok-text" />}
        {faults.length > 0 && <Glyph name="close" className="text-stop-text" />}
        {faults.length > 0
          ? t("contracts.wrong", { count: faults.length })
          : isGood
            ? t("contracts.valid_now")
            : isTyping
              ? t("contracts.checking")
              : t("contracts.unchecked")}
      </p>
      <ul className="past-steps">
        {faults.map((fault) => (
          <li key={`${fault.line} ${fault.field} ${fault.found.message}`} className="is-fault">
            <button type="button" onClick={() => props.onLine(fault.line)}>
              {t("contracts.line", { line: fault.line })}
            </button>
            <span>
              <At field={fault.field} />
              <FindingText found={fault.found} />
            </span>
          </li>
        ))}
      </ul>
      {checked?.error && <ProblemNote error={checked.error} onRetry={() => checked.refetch()} />}
      {isGood && said && <Outcome said={said} />}
    </section>
  );
}

/** What is worth knowing of a text that is valid, as items of a list. */
export function Notes({ notes }: { notes: readonly Found[] }) {
  return notes.map((note) => (
    <li key={note.message}>
      <Glyph name="alert" className="sm" />
      <span>
        <FindingText found={note} />
      </span>
    </li>
  ));
}

function Outcome(props: { said: ValidateResponse }) {
  const { t } = useWords();
  const { version, change_level: level, change_reasons: reasons, notes } = props.said;
  return (
    <>
      {version && level && (
        <p className="text-ink-2 mt-1">
          {t("contracts.would_be", { version, level: t(`contracts.levels.${level}`) })}
        </p>
      )}
      <ul className="past-steps">
        {reasons.map(({ text }) => (
          <li key={text}>
            <span className="sign" aria-hidden="true">
              +
            </span>
            <span>{text}</span>
          </li>
        ))}
        <Notes notes={notes} />
      </ul>
    </>
  );
}
