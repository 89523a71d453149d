import { useTranslation } from "react-i18next";
import type { Verdict } from "../../app/api.ts";
import { Pip, Pips } from "../../ui/pips.tsx";
import { GATES, markOf, marksOf, sayingOf } from "./verdicts.ts";

function useSaying(verdicts: readonly Verdict[]): string {
  const { t } = useTranslation();
  const saying = sayingOf(verdicts);
  return "gate" in saying
    ? t(`pips.${saying.kind}`, { gate: saying.gate, name: t(`gates.names.${saying.gate}`) })
    : t(`pips.${saying.kind}`);
}

export function GatePips(props: { verdicts: readonly Verdict[] }) {
  const label = useSaying(props.verdicts);
  return <Pips marks={marksOf(props.verdicts)} label={label} />;
}

/** The five gates in words: what each said, and its code where it stopped the call. */
export function GateList(props: { verdicts: readonly Verdict[] }) {
  const { t } = useTranslation();
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
              {verdict && mark !== "off" ? verdict.reason : t("gates.not_reached")}
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
