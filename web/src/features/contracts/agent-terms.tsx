import { useWords } from "../../app/words.ts";
import { ListTable } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import { Pips } from "../../ui/pips.tsx";
import { markWords } from "./mark-words.ts";
import { marksOf, type Terms, termsOf } from "./terms.ts";

/** The tools of an agent's contract as a table: how far a call of each gets, and on what terms. */
export function AgentTerms(props: { body: unknown }) {
  const { t } = useWords();
  const terms = termsOf(props.body);
  const heads = [
    { label: t("contracts.tool") },
    { label: t("contracts.gates") },
    { label: t("contracts.terms"), isMinor: true },
  ];
  return (
    <section>
      <div className="sec">
        <h2>{t("contracts.may")}</h2>
        <span className="text-xs text-ink-3">{t("contracts.tools", { count: terms.length })}</span>
      </div>
      {terms.length === 0 ? (
        <p className="text-ink-2">{t("contracts.may_nothing")}</p>
      ) : (
        <ListTable caption={t("contracts.may")} heads={heads}>
          {terms.map((each) => (
            <tr key={`${each.server}/${each.tool}`}>
              <td className="main">
                <b className="what mono">{each.tool}</b>{" "}
                <span className="text-ink-2">{each.server}</span>
                <span className="below">
                  <TermWords terms={each} />
                </span>
              </td>
              <td>
                <span className="line">
                  <Pips marks={marksOf(each)} label={markWords(marksOf(each), t)} />
                  <Tag {...(each.effect === "write" ? { tone: "write" } : {})}>
                    {t(`effect.${each.effect}`)}
                  </Tag>
                </span>
              </td>
              <td className="minor text-ink-2">
                <TermWords terms={each} />
              </td>
            </tr>
          ))}
        </ListTable>
      )}
    </section>
  );
}

function TermWords(props: { terms: Terms }) {
  const { t, money } = useWords();
  const { isAsked, quorum, group, hasRule, costPerCall } = props.terms;
  const said = [
    isAsked &&
      (group
        ? t("contracts.asked_of", { count: quorum, group })
        : t("contracts.asked", { count: quorum })),
    hasRule && t("contracts.has_rule"),
    costPerCall > 0 && t("contracts.costs", { cost: money(costPerCall) }),
  ].filter((words) => words !== false);
  return said.join(t("contracts.and"));
}
