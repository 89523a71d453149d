import type { PermissionChange } from "../../../../src/contracts/change-contract.ts";
import type { DiffResponse } from "../../../../src/contracts/lifecycle-contract.ts";
import { useWords } from "../../app/words.ts";
import { Tag } from "../../ui/marks.tsx";
import { type Mark, Pips } from "../../ui/pips.tsx";
import { markWords } from "./mark-words.ts";
import { marksOfTool } from "./terms.ts";

interface Sides {
  before: unknown;
  after: unknown;
}

/** What becomes permitted and what no longer is, in words, with the gates before and after. */
export function PermissionList(props: { diff: DiffResponse } & Sides) {
  const { t } = useWords();
  const { gained, lost, changed } = props.diff.permissions;
  const groups = [
    { sign: "+", word: t("contracts.sign.gained"), changes: gained },
    { sign: "−", word: t("contracts.sign.lost"), changes: lost },
    { sign: "±", word: t("contracts.sign.changed"), changes: changed },
  ];
  const count = gained.length + lost.length + changed.length;
  return (
    <section>
      <div className="sec">
        <h2>{t("contracts.changes_title")}</h2>
        <span className="text-xs text-ink-3">
          {t("contracts.changes_count", {
            gained: gained.length,
            lost: lost.length,
            changed: changed.length,
          })}
        </span>
      </div>
      {count === 0 && <p className="text-ink-2">{t("contracts.no_change")}</p>}
      <ul className="changes">
        {groups.flatMap(({ sign, word, changes }) =>
          changes.map((change) => (
            <li key={`${sign} ${change.text}`}>
              <span className="sign" aria-hidden="true">
                {sign}
              </span>
              <span className="sr-only">{word}</span>
              <span>
                {change.text}
                {change.widens && (
                  <>
                    {" "}
                    <Tag tone="write">{t("contracts.wider")}</Tag>
                  </>
                )}
              </span>
              <Gates change={change} before={props.before} after={props.after} />
            </li>
          )),
        )}
      </ul>
    </section>
  );
}

function Gates(props: { change: PermissionChange } & Sides) {
  const { t } = useWords();
  const { tool } = props.change.params;
  if (typeof tool !== "string" || props.before === undefined || props.after === undefined)
    return null;
  const marks = [marksOfTool(props.before, tool), marksOfTool(props.after, tool)];
  const [was, is] = marks;
  if (!was || !is) return null;
  const shown = (of: readonly Mark[]) => <Pips marks={of} label={markWords(of, t)} />;
  if (was.join() === is.join()) return shown(is);
  return (
    <span className="line">
      {shown(was)}
      <span aria-hidden="true">→</span>
      {shown(is)}
    </span>
  );
}
