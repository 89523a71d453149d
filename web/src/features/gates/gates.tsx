import { verdictText } from "../../../../src/gates/contract.ts";
import type { Verdict } from "../../app/api.ts";
import { useWords, type Words } from "../../app/words.ts";
import { Pip, Pips } from "../../ui/pips.tsx";
import { GATES, markOf, marksOf, sayingOf, tellingVerdict } from "./verdicts.ts";

function sayingIn({ t }: Words, verdicts: readonly Verdict[], isOver: boolean): string {
  const saying = sayingOf(verdicts, isOver);
  return "gate" in saying
    ? t(`pips.${saying.kind}`, { gate: saying.gate, name: t(`gates.names.${saying.gate}`) })
    : t(`pips.${saying.kind}`);
}

interface PipsProps {
  verdicts: readonly Verdict[];
  /** Once the call has ended: then it asked a person, and no longer waits for one. */
  isOver: boolean;
}

/** The five gates as signs, with the words of the caller. */
export function GateSigns({ verdicts, isOver, words }: PipsProps & { words: Words }) {
  const label = sayingIn(words, verdicts, isOver);
  const telling = tellingVerdict(verdicts);
  const why = telling ? `${label}\n${verdictText(telling, words.language)}` : label;
  return (
    <span className="inline-flex" title={why}>
      <Pips marks={marksOf(verdicts)} label={label} />
    </span>
  );
}

export function GatePips(props: PipsProps) {
  return <GateSigns {...props} words={useWords()} />;
}

/** The five gates in words: what each said, and its code where it stopped the call. */
export function GateList(props: { verdicts: readonly Verdict[] }) {
  const { t, language } = useWords();
  return (
    <ul className="gates">
      {GATES.map((gate) => {
        const verdict = props.verdicts.find((v) => v.gate === gate);
        const mark = markOf(verdict);
        const tone = mark === "off" ? "is-off" : mark === "pass" ? "" : "is-here";
        return (
          <li key={gate} className={`gate ${tone}`}>
            <span className="m">
              <Pip mark={mark} />
            </span>
            <span className="n">
              {gate} {t(`gates.names.${gate}`)}
            </span>
            <span className="w">
              {verdict ? verdictText(verdict, language) : t("gates.not_reached")}
              {verdict?.code && (mark === "block" || mark === "rejected") && (
                <code className="text-stop-text block">{verdict.code}</code>
              )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
